import { Command } from 'commander'
import { addToCorpusCommand } from './corpus/add.js'
import { createCorpusCommand } from './corpus/create.js'
import { deleteCorpusCommand } from './corpus/delete.js'
import { ingestCorpusCommand } from './corpus/ingest.js'
import { listCorporaCommand } from './corpus/list.js'
import { showCorpusCommand } from './corpus/show.js'

const EXAMPLES = `
Examples:
  mixwright corpus create texts --domain web --domain code
  mixwright corpus add 0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60 web web.jsonl.gz
  mixwright corpus ingest 0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60
  mixwright corpus list --json`

export function corpusCommand(): Command {
  const command = new Command('corpus')
    .summary('create, fill, ingest, look at and delete corpora')
    .description('Corpora of a running service: the text that proxy models are trained on.')
    .addHelpText('after', EXAMPLES)
  const commands = [
    createCorpusCommand(),
    addToCorpusCommand(),
    ingestCorpusCommand(),
    listCorporaCommand(),
    showCorpusCommand(),
    deleteCorpusCommand(),
  ]
  for (const subcommand of commands) command.addCommand(subcommand)
  return command
}
