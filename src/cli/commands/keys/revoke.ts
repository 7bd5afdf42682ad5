import { Command } from 'commander'
import { atKeys, type KeyPlaceOptions, withKeyPlace } from './key-place.js'

const EXAMPLES = `
Examples:
  mixwright keys revoke 0193f0b1-2c8d-7a10-8e5f-4b7d9c1a6e32
  mixwright keys revoke 0193f0b1-2c8d-7a10-8e5f-4b7d9c1a6e32 --json`

export function revokeKeyCommand(): Command {
  const command = new Command('revoke')
    .description('Ends a key, within five seconds everywhere. The list goes on to show it.')
    .argument('<key>', 'id of the key')
    .option('--json', 'print the id as JSON')
  return withKeyPlace(command).addHelpText('after', EXAMPLES).action(revoke)
}

async function revoke(id: string, options: KeyPlaceOptions): Promise<void> {
  await atKeys(options, (keys) => keys.revokeKey(id))
  process.stdout.write(
    options.json ? `${JSON.stringify({ revoked: id })}\n` : `Revoked the key ${id}.\n`,
  )
}
