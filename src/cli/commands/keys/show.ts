import { Command } from 'commander'
import type { Key } from '../../client/index.js'
import { coloursFor } from '../../terminal/colours.js'
import { minuteText } from '../../terminal/lists.js'
import { atKeys, type KeyPlaceOptions, withKeyPlace } from './key-place.js'

const EXAMPLES = `
Examples:
  mixwright keys show 0193f0b1-2c8d-7a10-8e5f-4b7d9c1a6e32
  mixwright keys show 0193f0b1-2c8d-7a10-8e5f-4b7d9c1a6e32 --json`

export function showKeyCommand(): Command {
  const command = new Command('show')
    .description('Shows what a key is for and what became of it; never the key itself.')
    .argument('<key>', 'id of the key')
    .option('--json', 'print what GET /v1/keys/{id} returns')
  return withKeyPlace(command).addHelpText('after', EXAMPLES).action(show)
}

async function show(id: string, options: KeyPlaceOptions): Promise<void> {
  const key = await atKeys(options, (keys) => keys.key(id))
  process.stdout.write(options.json ? `${JSON.stringify(key, null, 2)}\n` : describe(key))
}

function describe(key: Key): string {
  const { id, name, prefix, scopes, state, createdBy, rotatedFrom } = key
  const { bold } = coloursFor(process.stdout)
  const times: [string, string | null][] = [
    ['created', key.createdAt],
    ['last used', key.lastUsedAt],
    [state === 'expired' ? 'expired' : 'expires', key.expiresAt],
    ['revoked', key.revokedAt],
  ]
  const said = times.flatMap(([what, time]) => (time === null ? [] : `${what} ${minuteText(time)}`))
  return [
    `${bold(name)}  ${state}  ${id}`,
    `  begins with ${prefix}; allows ${scopes.join(', ')}`,
    `  ${said.join(', ')}`,
    ...(createdBy === null ? [] : [`  made with the key ${createdBy}`]),
    ...(rotatedFrom === null ? [] : [`  takes the place of ${rotatedFrom}`]),
    '',
  ].join('\n')
}
