import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'

const EXAMPLES = `
Examples:
  mixwright study delete 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511
  mixwright study delete 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --json`

export function deleteStudyCommand(): Command {
  const command = new Command('delete')
    .description(
      'Deletes a study with its runs, searches, trials, fits and jobs. Its corpus stays.',
    )
    .argument('<study>', 'id of the study')
    .option('--json', 'print the id as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(remove)
}

async function remove(id: string, options: ServiceOptions & { json?: boolean }): Promise<void> {
  await new ApiClient(serviceUrl(options)).deleteStudy(id)
  process.stdout.write(
    options.json ? `${JSON.stringify({ deleted: id })}\n` : `Deleted the study ${id}.\n`,
  )
}
