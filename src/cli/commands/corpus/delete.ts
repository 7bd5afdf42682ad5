import type { Command } from 'commander'
import { deleteCommand } from '../delete-command.js'

const EXAMPLES = `
Examples:
  mixwright corpus delete 0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60
  mixwright corpus delete 0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60 --json`

export function deleteCorpusCommand(): Command {
  return deleteCommand({
    noun: 'corpus',
    description: 'Deletes a corpus with its uploads and tokens. Files named with --on-server stay.',
    examples: EXAMPLES,
    remove: (api, id) => api.deleteCorpus(id),
  })
}
