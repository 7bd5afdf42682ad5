import { Command, CommanderError } from 'commander'
import { VERSION } from '../version.js'
import { backupCommand } from './commands/backup.js'
import { demoCommand } from './commands/demo.js'
import { fitCommand } from './commands/fit.js'
import { methodsCommand } from './commands/methods.js'
import { restoreCommand } from './commands/restore.js'
import { serveCommand } from './commands/serve.js'
import { EXIT, reportFailure, UsageError } from './failures.js'
import { watchOutput } from './terminal/output.js'

function createProgram(): Command {
  const program = new Command('mixwright')
    .description(
      'Says what share of the training tokens of a language model should come from each domain.',
    )
    .version(VERSION)
  const commands = [
    serveCommand(),
    fitCommand(),
    methodsCommand(),
    demoCommand(),
    backupCommand(),
    restoreCommand(),
  ]
  for (const command of commands) program.addCommand(command)
  for (const command of [program, ...commands]) {
    // Errors are reported in one place; commander would print them and end the process.
    command
      .exitOverride()
      .configureOutput({ outputError: () => {} })
      .showHelpAfterError(false)
  }
  return program
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
    await createProgram().parseAsync([...argv], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(error, { json })
    if (error.exitCode === 0) return EXIT.ok
    const message = error.message.replace(/^error: /, '')
    if (error.code === 'commander.help') return EXIT.usage
    return reportFailure(new UsageError(message), { json })
  }
}
