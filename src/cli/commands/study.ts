import { Command } from 'commander'
import { cancelStudyCommand } from './study/cancel.js'
import { createStudyCommand } from './study/create.js'
import { deleteStudyCommand } from './study/delete.js'
import { importRunsCommand } from './study/import.js'
import { listStudiesCommand } from './study/list.js'
import { showStudyCommand } from './study/show.js'
import { updateStudyCommand } from './study/update.js'

const EXAMPLES = `
Examples:
  mixwright study create study.json
  mixwright study list --json
  mixwright study import <study> --format lm-eval --mixtures mixtures.csv results/*/results_*.json
  mixwright study cancel 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511`

export function studyCommand(): Command {
  const command = new Command('study')
    .summary('create, look at, change, cancel and delete studies, and import runs')
    .description(
      'Studies of a running service: create, look at, change, cancel and delete them, and import runs.',
    )
    .addHelpText('after', EXAMPLES)
  const commands = [
    createStudyCommand(),
    listStudiesCommand(),
    showStudyCommand(),
    importRunsCommand(),
    updateStudyCommand(),
    cancelStudyCommand(),
    deleteStudyCommand(),
  ]
  for (const subcommand of commands) command.addCommand(subcommand)
  return command
}
