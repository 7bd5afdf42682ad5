import type { Command } from 'commander'
import { deleteCommand } from '../delete-command.js'

const EXAMPLES = `
Examples:
  mixwright study delete 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511
  mixwright study delete 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --json`

export function deleteStudyCommand(): Command {
  return deleteCommand({
    noun: 'study',
    description:
      'Deletes a study with its runs, searches, trials, fits and jobs. Its corpus stays.',
    examples: EXAMPLES,
    remove: (api, id) => api.deleteStudy(id),
  })
}
