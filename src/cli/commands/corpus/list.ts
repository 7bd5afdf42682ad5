import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'
import { coloursFor } from '../../terminal/colours.js'
import { gather, minuteText } from '../../terminal/lists.js'
import { table } from '../../terminal/tables.js'

const EXAMPLES = `
Examples:
  mixwright corpus list
  mixwright corpus list --json`

export function listCorporaCommand(): Command {
  const command = new Command('list')
    .description('Lists the corpora, newest first.')
    .option('--json', 'print what GET /v1/corpora returns, all pages together')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(list)
}

async function list(options: ServiceOptions & { json?: boolean }): Promise<void> {
  const items = await gather(new ApiClient(serviceUrl(options)).corpora())
  if (options.json) process.stdout.write(`${JSON.stringify({ items }, null, 2)}\n`)
  else if (items.length === 0) process.stdout.write('There are no corpora.\n')
  else {
    const columns = ['id', 'name', 'domains', 'ingested', 'created'].map((title) => ({ title }))
    const rows = items.map(({ id, name, domains, ingestionId, createdAt }) => [
      id,
      name,
      domains.map((domain) => domain.name).join(', '),
      ingestionId === null ? 'no' : 'yes',
      minuteText(createdAt),
    ])
    process.stdout.write(`${table(columns, rows, coloursFor(process.stdout))}\n`)
  }
}
