import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'

/** One line a request, at its end: which route, what came of it, how long it took. Ids are bound to the logger. */
export class AccessLog extends LogController {
  constructor() {
    super({ requestIdLogLabel: 'requestId' })
  }

  override incomingRequest(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    { method, url, routeOptions }: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const fields = {
      method,
      route: routeOptions.url ?? null,
      path: url.split('?', 1)[0],
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 100) / 100,
    }
    if (error) reply.log.error({ ...fields, err: error }, 'request errored')
    else reply.log.info(fields, 'request completed')
  }
}

/** Where log lines go. */
export interface LogStream {
  write(line: string): unknown
}

/** As Fastify takes it: JSON lines from the level on, from which secrets are struck out. */
export function loggerOptions(level: string, stream: LogStream) {
  return { level, stream: { write: (line: string) => void stream.write(withoutSecrets(line)) } }
}

const SECRET_NAMES =
  '(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|api-?key|passw(?:or)?d|pwd|secret|token|idempotency-key'

/** What secrets look like in a line of JSON, wherever it stands, and what is written instead. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`"(${SECRET_NAMES})"\\s*:\\s*"(?:[^"\\\\]|\\\\.)*"`, 'gi'), '"$1":"[secret]"'],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s"'@:/]*):[^\s"'@]*@/gi, '$1:[secret]@'],
  [/\b(passw(?:or)?d|pwd|api-?key|access_token)=[^\s"'&;]+/gi, '$1=[secret]'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 [secret]'],
  // What keys begin with may be shown: people know them by it.
  [/\b(mix_[0-9A-Za-z]{8})_[0-9A-Za-z]+/g, '$1_[secret]'],
  [/\bmix_[0-9A-Za-z]{9,}/g, 'mix_[secret]'],
]

/** The line without passwords, keys and what stands in headers that carry them. */
export function withoutSecrets(line: string): string {
  return SECRETS.reduce((text, [pattern, instead]) => text.replace(pattern, instead), line)
}
