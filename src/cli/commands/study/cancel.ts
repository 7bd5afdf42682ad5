import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'

const EXAMPLES = `
Examples:
  mixwright study cancel 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511
  mixwright study cancel 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --json`

export function cancelStudyCommand(): Command {
  const command = new Command('cancel')
    .description('Cancels the search and the jobs of a study; what was measured stays.')
    .argument('<study>', 'id of the study')
    .option('--json', 'print the study as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(cancel)
}

async function cancel(id: string, options: ServiceOptions & { json?: boolean }): Promise<void> {
  const study = await new ApiClient(serviceUrl(options)).cancelStudy(id)
  process.stdout.write(
    options.json
      ? `${JSON.stringify(study, null, 2)}\n`
      : `The work on "${study.name}" is cancelled.\n`,
  )
}
