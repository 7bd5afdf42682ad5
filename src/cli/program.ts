import { Command, CommanderError } from 'commander'
import { VERSION } from '../version.js'
import { EXIT, reportFailure, UsageError } from './failures.js'
import { watchOutput } from './terminal/output.js'

/** Loaded one by one: most need little of what the others need, and start the faster for it. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  serve: async () => (await import('./commands/serve.js')).serveCommand(),
  api: async () => (await import('./commands/api.js')).apiCommand(),
  worker: async () => (await import('./commands/worker.js')).workerCommand(),
  corpus: async () => (await import('./commands/corpus.js')).corpusCommand(),
  study: async () => (await import('./commands/study.js')).studyCommand(),
  search: async () => (await import('./commands/search.js')).searchCommand(),
  compare: async () => (await import('./commands/compare.js')).compareCommand(),
  ask: async () => (await import('./commands/ask.js')).askCommand(),
  tell: async () => (await import('./commands/tell.js')).tellCommand(),
  trials: async () => (await import('./commands/trials.js')).trialsCommand(),
  jobs: async () => (await import('./commands/jobs.js')).jobsCommand(),
  keys: async () => (await import('./commands/keys.js')).keysCommand(),
  fit: async () => (await import('./commands/fit.js')).fitCommand(),
  backtest: async () => (await import('./commands/backtest.js')).backtestCommand(),
  export: async () => (await import('./commands/export.js')).exportCommand(),
  methods: async () => (await import('./commands/methods.js')).methodsCommand(),
  demo: async () => (await import('./commands/demo.js')).demoCommand(),
  backup: async () => (await import('./commands/backup.js')).backupCommand(),
  restore: async () => (await import('./commands/restore.js')).restoreCommand(),
}

/** @param asked the first word of the command line; for help, and for what is no command, all are loaded */
async function createProgram(asked: string | undefined): Promise<Command> {
  const names = Object.keys(COMMANDS)
  const program = new Command('mixwright')
    .description(
      'Says what share of the training tokens of a language model should come from each domain.',
    )
    .version(VERSION)
    // Where a command has options and subcommands, those after a subcommand's name are the subcommand's.
    .enablePositionalOptions()
  for (const name of names.filter((one) => one === asked || !names.includes(asked ?? ''))) {
    program.addCommand(await COMMANDS[name]())
  }
  for (const command of withSubcommands(program)) {
    // Errors are reported in one place; commander would print them and end the process.
    command
      .exitOverride()
      .configureOutput({ outputError: () => {} })
      .showHelpAfterError(false)
  }
  return program
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap((subcommand) => withSubcommands(subcommand))]
}

/** Runs a command line and resolves to the exit code, when all output has been taken. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json')
  const output = watchOutput()
  const exitCode = await follow(argv, json)
  const failure = await output.settled()
  return failure && exitCode === EXIT.ok ? reportFailure(failure, { json }) : exitCode
}

async function follow(argv: readonly string[], json: boolean): Promise<number> {
  try {
    await (await createProgram(argv[0])).parseAsync([...argv], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(error, { json })
    if (error.exitCode === 0) return EXIT.ok
    const message = error.message.replace(/^error: /, '')
    if (error.code === 'commander.help') return EXIT.usage
    return reportFailure(new UsageError(message), { json })
  }
}
