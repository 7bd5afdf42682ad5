/** The part of a pino logger that background work needs. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const REPEAT_AFTER_MS = 30_000

/**
 * A warning that is not written again while the same message keeps coming: a lost connection reports itself many
 * times a second.
 */
export function createSteadyWarning(logger: Logger, message: string): (error: unknown) => void {
  let last = ''
  let writtenAt = 0
  return (error) => {
    const text = error instanceof Error ? error.message : String(error)
    const now = Date.now()
    if (text === last && now - writtenAt < REPEAT_AFTER_MS) return
    last = text
    writtenAt = now
    logger.warn({ err: error }, message)
  }
}
