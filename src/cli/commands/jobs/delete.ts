import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'

const EXAMPLES = `
Examples:
  mixwright jobs delete 0193f0a3-77c2-7e0a-9c55-1b4d8e2f7a90
  mixwright jobs delete 0193f0a3-77c2-7e0a-9c55-1b4d8e2f7a90 --json`

export function deleteJobCommand(): Command {
  const command = new Command('delete')
    .description('Deletes a job that has ended. The fit, ingestion or trial it was about stays.')
    .argument('<job>', 'id of the job')
    .option('--json', 'print the id as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(remove)
}

async function remove(id: string, options: ServiceOptions & { json?: boolean }): Promise<void> {
  await new ApiClient(serviceUrl(options)).deleteJob(id)
  process.stdout.write(
    options.json ? `${JSON.stringify({ deleted: id })}\n` : `Deleted the job ${id}.\n`,
  )
}
