import type { Logger } from '../../src/workers/logger.js'

export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error'
  fields: object
  message: string
}

export type RecordingLogger = Logger & { readonly lines: LogLine[] }

/** A logger that keeps what it is given. */
export function createRecordingLogger(): RecordingLogger {
  const lines: LogLine[] = []
  const at = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields, message })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
