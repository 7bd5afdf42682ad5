import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'

const EXAMPLES = `
Examples:
  mixwright jobs cancel 0193f0a3-77c2-7e0a-9c55-1b4d8e2f7a90
  mixwright jobs cancel 0193f0a3-77c2-7e0a-9c55-1b4d8e2f7a90 --json`

export function cancelJobCommand(): Command {
  const command = new Command('cancel')
    .description('Cancels a job: a queued one at once, a running one a moment later.')
    .argument('<job>', 'id of the job')
    .option('--json', 'print the job as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(cancel)
}

async function cancel(id: string, options: ServiceOptions & { json?: boolean }): Promise<void> {
  const job = await new ApiClient(serviceUrl(options)).cancelJob(id)
  const end = job.state === 'cancelled' ? 'is cancelled' : 'is about to be cancelled'
  process.stdout.write(
    options.json ? `${JSON.stringify(job, null, 2)}\n` : `The job ${id} ${end}.\n`,
  )
}
