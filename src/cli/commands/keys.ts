import { Command } from 'commander'
import { createKeyCommand } from './keys/create.js'
import { listKeysCommand } from './keys/list.js'
import { revokeKeyCommand } from './keys/revoke.js'
import { rotateKeyCommand } from './keys/rotate.js'
import { showKeyCommand } from './keys/show.js'

const EXAMPLES = `
Examples:
  mixwright keys create --name me --scopes read,write,run,admin
  mixwright keys list --json
  mixwright keys rotate 0193f0b1-2c8d-7a10-8e5f-4b7d9c1a6e32 --overlap 24h

They work directly on the database that DATABASE_URL or --data names. An embedded database is locked while a service runs on it:
then ask the service, with --url (or MIXWRIGHT_URL), and with a key that has the scope admin in MIXWRIGHT_API_KEY if it asks for
keys.`

export function keysCommand(): Command {
  const command = new Command('keys')
    .summary('make, look at, rotate and revoke API keys')
    .description('API keys: make, look at, rotate and revoke them.')
    .addHelpText('after', EXAMPLES)
  const commands = [
    createKeyCommand(),
    listKeysCommand(),
    showKeyCommand(),
    rotateKeyCommand(),
    revokeKeyCommand(),
  ]
  for (const subcommand of commands) command.addCommand(subcommand)
  return command
}
