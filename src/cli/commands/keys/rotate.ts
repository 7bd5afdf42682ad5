import { Command } from 'commander'
import { atKeys, type KeyPlaceOptions, withKeyPlace } from './key-place.js'
import { showMadeKey } from './made-key.js'
import { duration, expiryTime } from './values.js'

interface RotateOptions extends KeyPlaceOptions {
  overlap?: number
  expires?: string | null
}

const EXAMPLES = `
Examples:
  mixwright keys rotate 0193f0b1-2c8d-7a10-8e5f-4b7d9c1a6e32 --overlap 24h
  mixwright keys rotate 0193f0b1-2c8d-7a10-8e5f-4b7d9c1a6e32 --expires 90d --json`

export function rotateKeyCommand(): Command {
  const command = new Command('rotate')
    .description('Makes the successor of a key, with its name and scopes, and ends the old one.')
    .argument('<key>', 'id of the key')
    .option('--overlap <time>', 'how long the old key goes on, such as 24h (default: 0s)', duration)
    .option(
      '--expires <time>',
      'when the successor ends: 90d, 12h, 2027-01-31, never (default: as long a life as the old one was given)',
      expiryTime,
    )
    .option('--json', 'print what POST /v1/keys/{id}/rotation returns')
  return withKeyPlace(command).addHelpText('after', EXAMPLES).action(rotate)
}

async function rotate(id: string, options: RotateOptions): Promise<void> {
  const { overlap: overlapSeconds, expires: expiresAt } = options
  const made = await atKeys(options, (keys) => keys.rotateKey(id, { overlapSeconds, expiresAt }))
  showMadeKey(made, 'Made the successor of the key', options.json)
}
