import type { Command } from 'commander'
import { deleteCommand } from '../delete-command.js'

const EXAMPLES = `
Examples:
  mixwright jobs delete 0193f0a3-77c2-7e0a-9c55-1b4d8e2f7a90
  mixwright jobs delete 0193f0a3-77c2-7e0a-9c55-1b4d8e2f7a90 --json`

export function deleteJobCommand(): Command {
  return deleteCommand({
    noun: 'job',
    description: 'Deletes a job that has ended. The fit, ingestion or trial it was about stays.',
    examples: EXAMPLES,
    remove: (api, id) => api.deleteJob(id),
  })
}
