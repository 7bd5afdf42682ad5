import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'
import { nonEmpty } from '../../options.js'
import { coloursFor } from '../../terminal/colours.js'
import { gather, minuteText } from '../../terminal/lists.js'
import { table } from '../../terminal/tables.js'

interface ListOptions extends ServiceOptions {
  study?: string
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright jobs list
  mixwright jobs list --study 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --json`

export function listJobsCommand(): Command {
  const command = new Command('list')
    .description('Lists the jobs, newest first.')
    .option('--study <id>', 'only jobs of this study', nonEmpty)
    .option('--json', 'print what GET /v1/jobs returns, all pages together')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(list)
}

async function list(options: ListOptions): Promise<void> {
  const items = await gather(new ApiClient(serviceUrl(options)).jobs(options.study))
  if (options.json) process.stdout.write(`${JSON.stringify({ items }, null, 2)}\n`)
  else if (items.length === 0) process.stdout.write('There are no jobs.\n')
  else {
    const colours = coloursFor(process.stdout)
    const columns = ['id', 'kind', 'state', 'study', 'created'].map((title) => ({ title }))
    const rows = items.map(({ id, kind, state, studyId, createdAt }) => [
      id,
      kind,
      state === 'failed' ? colours.red(state) : state,
      studyId ?? '–',
      minuteText(createdAt),
    ])
    process.stdout.write(`${table(columns, rows, colours)}\n`)
  }
}
