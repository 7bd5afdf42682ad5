import { FRONTEND, frames, readString } from './protocol.js'

/** Messages of a client up to the point where the server answers and is ready for others. */
export interface Exchange {
  bytes: Buffer
  /** SQL texts in the exchange. */
  statements: string[]
  /** SQL texts were prepared under a name. */
  named: boolean
  /** The server says at its end that it is ready, and for what: not after a mere FLUSH. */
  wantsReady: boolean
  /** The client says good-bye. */
  terminate: boolean
}

export type ListenChange = { listen: string } | { unlisten: string | '*' }

/** What the multiplexer knows of one client: its unanswered exchanges and the channels it listens on. */
export class VirtualSession {
  readonly id: number
  readonly exchanges: Exchange[] = []
  readonly channels = new Set<string>()
  /** LISTEN and UNLISTEN of the transaction in progress; they count once it has committed. */
  listenChanges: ListenChange[] = []
  /** Command tags of the transaction in progress. */
  tags: string[] = []
  #input: Buffer = Buffer.alloc(0)
  #started = false
  #pending: Buffer[] = []
  #statements: string[] = []
  #named = false

  constructor(id: number) {
    this.id = id
  }

  /** Takes bytes from the client. Returns whether they held its first packet, which wants a welcome. */
  receive(bytes: Buffer): boolean {
    this.#input = this.#input.length === 0 ? bytes : Buffer.concat([this.#input, bytes])
    const isStart = !this.#started && this.#takeStartPacket()
    if (this.#started) this.#takeMessages()
    return isStart
  }

  applyListenChanges(): void {
    for (const change of this.listenChanges) {
      if ('listen' in change) this.channels.add(change.listen)
      else if (change.unlisten === '*') this.channels.clear()
      else this.channels.delete(change.unlisten)
    }
    this.listenChanges = []
  }

  #takeStartPacket(): boolean {
    if (this.#input.length < 4) return false
    const length = this.#input.readUInt32BE(0)
    if (this.#input.length < length) return false
    this.#input = this.#input.subarray(length)
    this.#started = true
    return true
  }

  #takeMessages(): void {
    let consumed = 0
    for (const { type, start, body, end } of frames(this.#input)) {
      this.#pending.push(this.#input.subarray(start, end))
      consumed = end
      if (type === FRONTEND.query) this.#statements.push(readString(this.#input, body).text)
      if (type === FRONTEND.parse) {
        const name = readString(this.#input, body)
        this.#named ||= name.text !== ''
        this.#statements.push(readString(this.#input, name.next).text)
      }
      if (ENDS_EXCHANGE.has(type)) this.#endExchange(type)
    }
    this.#input = this.#input.subarray(consumed)
  }

  #endExchange(last: number): void {
    this.exchanges.push({
      bytes: this.#pending.length === 1 ? this.#pending[0] : Buffer.concat(this.#pending),
      statements: this.#statements,
      named: this.#named,
      wantsReady: last === FRONTEND.query || last === FRONTEND.sync,
      terminate: last === FRONTEND.terminate,
    })
    this.#pending = []
    this.#statements = []
    this.#named = false
  }
}

const ENDS_EXCHANGE = new Set([FRONTEND.query, FRONTEND.sync, FRONTEND.flush, FRONTEND.terminate])

const LISTEN_STATEMENT = /\b(un)?listen\s+(?:"((?:[^"]|"")+)"|(\*)|([a-z_][\w$]*))/gi

/** The LISTEN and UNLISTEN in SQL that is known to have run such statements, in their order. */
export function listenChangesOf(statements: readonly string[]): ListenChange[] {
  return statements.flatMap((sql) =>
    [...sql.matchAll(LISTEN_STATEMENT)].map(([, un, quoted, star, plain]) => {
      const channel = star ?? quoted?.replaceAll('""', '"') ?? plain.toLowerCase()
      return un ? { unlisten: channel } : { listen: channel }
    }),
  )
}

const COPY_FROM_CLIENT = /(?:^|;)\s*copy\s[^;]*\bfrom\s+stdin\b/i

/** Why an exchange must not reach the database, if so. */
export function refusalOf(exchange: Exchange): string | undefined {
  if (exchange.named)
    return 'named prepared statements are not supported on the embedded database: its clients share one session'
  if (exchange.statements.some((sql) => COPY_FROM_CLIENT.test(sql)))
    return 'COPY FROM STDIN is not supported on the embedded database'
  return undefined
}
