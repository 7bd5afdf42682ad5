import { fatalMessage, inspectReply, queryMessage, type Reply, welcomeMessage } from './protocol.js'
import { listenChangesOf, refusalOf, VirtualSession } from './virtual-session.js'

/** Where the clients' bytes go, and whom the multiplexer tells about what. */
export interface MultiplexerPorts {
  /** Runs messages in the one session of the database and returns its reply. Rejects when the database is broken. */
  execute(bytes: Buffer): Promise<Buffer>
  send(client: number, bytes: Buffer): void
  /** The connection was ended by the database's side. */
  hangUp(client: number): void
  warn(message: string): void
  /** The database is broken; nothing further will be answered. */
  fail(error: unknown): void
}

export interface MultiplexerOptions {
  /** A client that leaves a transaction open for so long while others wait loses its connection. */
  idleInTransactionTimeoutMs: number
  /** Reported to clients when they connect. */
  parameters: Record<string, string>
}

/**
 * Lets many clients share the one session that an embedded PostgreSQL has, each as if it had its own connection:
 *
 * - A client whose exchange leaves a transaction open owns the database until the transaction has ended; what others
 *   send waits, first come first served. Whether a transaction is open is read from the server's own
 *   ReadyForQuery status, not guessed from SQL.
 * - A client that goes away inside a transaction is rolled back. One that stays idle inside a transaction while others
 *   wait is warned about, rolled back and disconnected (SQLSTATE 25P03, as PostgreSQL's own
 *   `idle_in_transaction_session_timeout` does).
 * - A notification goes to the clients that listen on its channel at that time, and to no other.
 * - Settings made with SET last until the end of the transaction: they are reset before the next client's turn.
 *
 * Not separated: session-level advisory locks, temporary tables and settings changed by `set_config(…, false)`.
 */
export class SessionMultiplexer {
  readonly #ports: MultiplexerPorts
  readonly #options: MultiplexerOptions
  readonly #sessions = new Map<number, VirtualSession>()
  readonly #waiting: VirtualSession[] = []
  #owner: VirtualSession | undefined
  #pumping = false
  #idleTimer: NodeJS.Timeout | undefined
  /** The owner has lost its connection; its transaction is rolled back at the next turn. */
  #ownerIsGone = false

  constructor(ports: MultiplexerPorts, options: MultiplexerOptions) {
    this.#ports = ports
    this.#options = options
  }

  open(id: number): void {
    this.#sessions.set(id, new VirtualSession(id))
  }

  receive(id: number, bytes: Buffer): void {
    const session = this.#sessions.get(id)
    if (!session) return
    const wasIdle = session.exchanges.length === 0
    if (session.receive(bytes)) this.#ports.send(id, welcomeMessage(this.#options.parameters))
    if (session.exchanges.length === 0) return
    if (wasIdle && session !== this.#owner) this.#waiting.push(session)
    this.#pump()
  }

  /** The client is gone: what it has not been answered is dropped, its open transaction rolled back. */
  drop(id: number): void {
    const session = this.#sessions.get(id)
    if (!session) return
    this.#sessions.delete(id)
    session.exchanges.length = 0
    const position = this.#waiting.indexOf(session)
    if (position >= 0) this.#waiting.splice(position, 1)
    if (session === this.#owner) this.#ownerIsGone = true
    this.#pump()
  }

  /** Runs turns until nobody has anything to say, or the owner of the database is silent. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    this.#takeTurns().then(
      () => {
        this.#pumping = false
      },
      (error: unknown) => this.#ports.fail(error),
    )
  }

  async #takeTurns(): Promise<void> {
    for (;;) {
      if (this.#ownerIsGone) await this.#abandonTransaction()
      const session = this.#owner ?? this.#waiting.shift()
      if (!session) return
      const exchange = session.exchanges.shift()
      if (!exchange) {
        this.#watchIdleOwner()
        return
      }
      this.#stopWatching()
      if (exchange.terminate) this.drop(session.id)
      else await this.#run(session, exchange)
    }
  }

  async #run(session: VirtualSession, exchange: VirtualSession['exchanges'][number]) {
    this.#owner = session
    const refusal = refusalOf(exchange)
    const bytes = refusal === undefined ? exchange.bytes : raiseMessage(refusal)
    const reply = inspectReply(await this.#ports.execute(bytes))
    if (exchange.wantsReady && reply.status === undefined) throw brokenOff()
    session.tags.push(...reply.tags)
    if (reply.tags.some((tag) => LISTEN_TAGS.has(tag)))
      session.listenChanges.push(...listenChangesOf(exchange.statements))
    if (reply.status === 'I') await this.#endTransaction(session, reply)
    this.#ports.send(session.id, reply.forward)
    this.#deliver(reply)
  }

  async #endTransaction(session: VirtualSession, reply: Reply): Promise<void> {
    const { tags } = session
    session.tags = []
    if (reply.failed || tags.at(-1) === 'ROLLBACK') session.listenChanges = []
    session.applyListenChanges()
    if (tags.some((tag) => RESET_TAGS.has(tag)))
      await this.#ports.execute(queryMessage('RESET ALL'))
    if (tags.some((tag) => UNLISTEN_TAGS.has(tag))) await this.#listenForOthers()
    if (this.#owner !== session || this.#ownerIsGone) return
    this.#owner = undefined
    if (session.exchanges.length > 0) this.#waiting.push(session)
  }

  /** An UNLISTEN has silenced the one real session: takes up again what other clients listen on. */
  async #listenForOthers(): Promise<void> {
    const channels = new Set([...this.#sessions.values()].flatMap(({ channels }) => [...channels]))
    const statements = [...channels].map((channel) => `LISTEN "${channel.replaceAll('"', '""')}"`)
    if (statements.length > 0) await this.#ports.execute(queryMessage(statements.join(';')))
  }

  #deliver({ notifications }: Reply): void {
    for (const { channel, bytes } of notifications)
      for (const session of this.#sessions.values())
        if (session.channels.has(channel)) this.#ports.send(session.id, Buffer.from(bytes))
  }

  async #abandonTransaction(): Promise<void> {
    this.#ownerIsGone = false
    this.#stopWatching()
    await this.#ports.execute(queryMessage('ROLLBACK; RESET ALL'))
    this.#owner = undefined
  }

  /** Gives a silent owner its time from the moment that somebody waits for it. */
  #watchIdleOwner(): void {
    const owner = this.#owner
    if (!owner || this.#waiting.length === 0 || this.#idleTimer) return
    this.#idleTimer = setTimeout(
      () => this.#disconnectIdle(owner),
      this.#options.idleInTransactionTimeoutMs,
    )
  }

  #stopWatching(): void {
    clearTimeout(this.#idleTimer)
    this.#idleTimer = undefined
  }

  #disconnectIdle(session: VirtualSession): void {
    this.#idleTimer = undefined
    if (session !== this.#owner || session.exchanges.length > 0 || this.#pumping) return
    // Who waited may have gone; the next to come starts the watch anew.
    if (this.#waiting.length === 0) return
    const seconds = this.#options.idleInTransactionTimeoutMs / 1000
    const text = `a transaction was left open and idle for ${seconds} s while others waited: it was rolled back and its connection closed`
    this.#ports.warn(text)
    this.#ports.send(session.id, fatalMessage('25P03', text))
    this.#ports.hangUp(session.id)
    this.drop(session.id)
  }
}

const LISTEN_TAGS = new Set(['LISTEN', 'UNLISTEN', 'DISCARD ALL'])
const UNLISTEN_TAGS = new Set(['UNLISTEN', 'DISCARD ALL'])
const RESET_TAGS = new Set(['SET', 'RESET', 'DISCARD ALL'])

/**
 * PGlite swallows a trap of its WebAssembly (a stack that overflows, a PANIC) and answers nothing. What is in memory is
 * not to be trusted any more; what is on the disk is as after a killed process.
 */
function brokenOff(): Error {
  return new Error('it broke off in the middle of a statement')
}

/** A query that fails with SQLSTATE 0A000 (feature not supported), so that the transaction fails as it should. */
function raiseMessage(text: string): Buffer {
  return queryMessage(
    `do $$ begin raise exception using errcode = '0A000', message = '${text.replaceAll("'", "''")}'; end $$`,
  )
}
