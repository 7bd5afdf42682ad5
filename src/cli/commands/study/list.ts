import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'
import { nonEmpty } from '../../options.js'
import { coloursFor } from '../../terminal/colours.js'
import { gather, minuteText } from '../../terminal/lists.js'
import { table } from '../../terminal/tables.js'

interface ListOptions extends ServiceOptions {
  label?: string
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright study list
  mixwright study list --label team:data --json`

export function listStudiesCommand(): Command {
  const command = new Command('list')
    .description('Lists the studies, newest first.')
    .option('--label <name:value>', 'only studies with this label', nonEmpty)
    .option('--json', 'print what GET /v1/studies returns, all pages together')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(list)
}

async function list(options: ListOptions): Promise<void> {
  const items = await gather(new ApiClient(serviceUrl(options)).studies(options.label))
  if (options.json) process.stdout.write(`${JSON.stringify({ items }, null, 2)}\n`)
  else if (items.length === 0) process.stdout.write('There are no studies.\n')
  else {
    const columns = [
      { title: 'id' },
      { title: 'name' },
      { title: 'domains', align: 'right' as const },
      { title: 'method' },
      { title: 'created' },
    ]
    const rows = items.map(({ id, name, problem, method, createdAt }) => [
      id,
      name,
      String(problem.domains.length),
      method,
      minuteText(createdAt),
    ])
    process.stdout.write(`${table(columns, rows, coloursFor(process.stdout))}\n`)
  }
}
