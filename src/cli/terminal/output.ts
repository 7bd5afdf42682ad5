import { EnvironmentError } from '../failures.js'

export interface Output {
  /** Resolves when all that was printed has been taken: with what went wrong with that, or with nothing. */
  settled(): Promise<EnvironmentError | undefined>
}

/**
 * Looks after the standard streams. Without a listener, a reader that goes away (`mixwright … | head`) would end the
 * process in the middle of its work; what nobody reads any more is dropped instead. Everything else that keeps the
 * output from being written, a full disk for instance, is a failure of the command.
 */
export function watchOutput(): Output {
  let failure: EnvironmentError | undefined
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    failure ??= new EnvironmentError(
      `the output cannot be written: ${error.message}`,
      'See to it that standard output can be written to.',
    )
  })
  process.stderr.on('error', () => {})
  return {
    async settled() {
      await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
      return failure
    },
  }
}
