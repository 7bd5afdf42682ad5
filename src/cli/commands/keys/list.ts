import { Command } from 'commander'
import type { Key } from '../../client/index.js'
import { coloursFor } from '../../terminal/colours.js'
import { gather, minuteText } from '../../terminal/lists.js'
import { table } from '../../terminal/tables.js'
import { atKeys, type KeyPlaceOptions, withKeyPlace } from './key-place.js'

const EXAMPLES = `
Examples:
  mixwright keys list
  mixwright keys list --url https://mix.example --json`

export function listKeysCommand(): Command {
  const command = new Command('list')
    .description('Lists the keys, newest first; also those that have ended.')
    .option('--json', 'print what GET /v1/keys returns, all pages together')
  return withKeyPlace(command).addHelpText('after', EXAMPLES).action(list)
}

async function list(options: KeyPlaceOptions): Promise<void> {
  const items = await atKeys(options, (keys) => gather(keys.keys()))
  if (options.json) process.stdout.write(`${JSON.stringify({ items }, null, 2)}\n`)
  else if (items.length === 0) process.stdout.write('There are no keys.\n')
  else {
    const colours = coloursFor(process.stdout)
    const titles = ['id', 'begins with', 'name', 'scopes', 'state', 'expires', 'last used']
    const rows = items.map(rowOf)
    process.stdout.write(
      `${table(
        titles.map((title) => ({ title })),
        rows,
        colours,
      )}\n`,
    )
  }
}

function rowOf({ id, prefix, name, scopes, state, expiresAt, lastUsedAt }: Key): string[] {
  const times = [expiresAt, lastUsedAt].map((time) => (time === null ? '–' : minuteText(time)))
  return [id, prefix, name, scopes.join(' '), state, ...times]
}
