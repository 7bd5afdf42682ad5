import { Command } from 'commander'
import type { Scope } from '../../../store/key-contract.js'
import { nonEmpty } from '../../options.js'
import { atKeys, type KeyPlaceOptions, withKeyPlace } from './key-place.js'
import { showMadeKey } from './made-key.js'
import { expiryTime, scopeList } from './values.js'

interface CreateOptions extends KeyPlaceOptions {
  name: string
  scopes: Scope[]
  expires?: string | null
}

const EXAMPLES = `
Examples:
  mixwright keys create --name me --scopes read,write,run,admin
  mixwright keys create --name trainer --scopes read,run --expires 90d --json
  DATABASE_URL=postgresql://mixwright@db/mixwright mixwright keys create --name dashboard --scopes read
  MIXWRIGHT_API_KEY=… mixwright keys create --name ci --url https://mix.example

Scopes: read, write (create, change, delete), run (spend computation), admin (keys). None contains another.`

export function createKeyCommand(): Command {
  const command = new Command('create')
    .description('Makes a key and prints it, this once: only its hash is stored.')
    .requiredOption('--name <name>', 'what the key is for', nonEmpty)
    .option('--scopes <list>', 'what it allows', scopeList, ['read', 'write', 'run'])
    .option('--expires <time>', 'when it ends: 90d, 12h, 2027-01-31 (default: never)', expiryTime)
    .option('--json', 'print what POST /v1/keys returns')
  return withKeyPlace(command).addHelpText('after', EXAMPLES).action(create)
}

async function create(options: CreateOptions): Promise<void> {
  const { name, scopes, expires: expiresAt } = options
  const made = await atKeys(options, (keys) => keys.createKey({ name, scopes, expiresAt }), {
    makes: true,
  })
  showMadeKey(made, 'Made the key', options.json)
}
