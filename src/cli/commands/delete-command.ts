import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../client/index.js'

export interface Deletion {
  /** What is deleted, in one word: it names the argument, too. */
  noun: string
  description: string
  /** Shown after the help. */
  examples: string
  remove(api: ApiClient, id: string): Promise<void>
}

/** `delete <id>`, as every group of commands has it. */
export function deleteCommand({ noun, description, examples, remove }: Deletion): Command {
  const command = new Command('delete')
    .description(description)
    .argument(`<${noun}>`, `id of the ${noun}`)
    .option('--json', 'print the id as JSON')
  return withServiceUrl(command)
    .addHelpText('after', examples)
    .action(async (id: string, options: ServiceOptions & { json?: boolean }) => {
      await remove(new ApiClient(serviceUrl(options)), id)
      process.stdout.write(
        options.json ? `${JSON.stringify({ deleted: id })}\n` : `Deleted the ${noun} ${id}.\n`,
      )
    })
}
