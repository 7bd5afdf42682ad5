import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'

const EXAMPLES = `
Examples:
  mixwright corpus delete 0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60
  mixwright corpus delete 0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60 --json`

export function deleteCorpusCommand(): Command {
  const command = new Command('delete')
    .description('Deletes a corpus with its uploads and tokens. Files named with --on-server stay.')
    .argument('<corpus>', 'id of the corpus')
    .option('--json', 'print the id as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(remove)
}

async function remove(id: string, options: ServiceOptions & { json?: boolean }): Promise<void> {
  await new ApiClient(serviceUrl(options)).deleteCorpus(id)
  process.stdout.write(
    options.json ? `${JSON.stringify({ deleted: id })}\n` : `Deleted the corpus ${id}.\n`,
  )
}
