import { Command } from 'commander'
import { cancelJobCommand } from './jobs/cancel.js'
import { deleteJobCommand } from './jobs/delete.js'
import { listJobsCommand } from './jobs/list.js'
import { showJobCommand } from './jobs/show.js'

const EXAMPLES = `
Examples:
  mixwright jobs list --study 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511
  mixwright jobs show 0193f0a3-77c2-7e0a-9c55-1b4d8e2f7a90 --json
  mixwright jobs delete 0193f0a3-77c2-7e0a-9c55-1b4d8e2f7a90`

export function jobsCommand(): Command {
  const command = new Command('jobs')
    .summary('look at, cancel and delete jobs')
    .description(
      'Jobs of a running service (fits, ingestions, trials): look at, cancel and delete them.',
    )
    .addHelpText('after', EXAMPLES)
  const commands = [listJobsCommand(), showJobCommand(), cancelJobCommand(), deleteJobCommand()]
  for (const subcommand of commands) command.addCommand(subcommand)
  return command
}
