import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'

const EXAMPLES = `
Completed trials have none. A trial that is waiting or running keeps its own: it may go on from there.

Examples:
  mixwright trials delete-checkpoint 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 0193f0b0-2c13-7d55-b81e-6a07c94f2e37`

export function deleteCheckpointCommand(): Command {
  const command = new Command('delete-checkpoint')
    .description(
      'Deletes the checkpoint that a failed or cancelled trial has left; the trial stays.',
    )
    .argument('<study>', 'id of the study')
    .argument('<trial>', 'id of the trial')
    .option('--json', 'print the id as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(remove)
}

async function remove(
  study: string,
  trial: string,
  options: ServiceOptions & { json?: boolean },
): Promise<void> {
  await new ApiClient(serviceUrl(options)).deleteCheckpoint(study, trial)
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ deleted: trial })}\n`
      : `Deleted the checkpoint of the trial ${trial}.\n`,
  )
}
