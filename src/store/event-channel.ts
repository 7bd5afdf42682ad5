import type { PoolLike } from './pool.js'

/** Channel of the notifications whose payload is the id of a study with new events. */
export const EVENT_CHANNEL = 'mixwright_events'

/** Told the id of the study, or undefined when any study may have new events. */
export type OnEvents = (studyId: string | undefined) => void

const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 10_000

/**
 * Hears of new events by LISTEN, on one client of the pool for all listeners of this process, which is kept only while
 * there are any. A connection that is lost is opened again, at growing intervals.
 */
export class EventChannel {
  readonly #pool: PoolLike
  readonly #listeners = new Set<{ onEvents: OnEvents }>()
  #session: Promise<Session> | undefined
  /** A connection was lost, and with it perhaps notifications. */
  #mayHaveMissed = false
  #retryMs = FIRST_RETRY_MS
  #retryTimer: NodeJS.Timeout | undefined

  constructor(pool: PoolLike) {
    this.#pool = pool
  }

  /**
   * Once this has resolved, every event appended leads to a call. Resolves to a function that ends it.
   * @throws what the database's connection throws
   */
  async listen(onEvents: OnEvents): Promise<() => Promise<void>> {
    const listener = { onEvents }
    this.#listeners.add(listener)
    const end = async () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#disconnect()
    }
    try {
      await this.#connect()
    } catch (error) {
      await end()
      throw error
    }
    return end
  }

  /** Nobody is called any more. */
  close(): void {
    this.#listeners.clear()
    this.#disconnect()
  }

  #connect(): Promise<Session> {
    if (this.#session) return this.#session
    clearTimeout(this.#retryTimer)
    const session = openSession(this.#pool, {
      onPayload: (studyId) => this.#tell(studyId),
      onLost: () => this.#reconnect(session),
    })
    this.#session = session
    session.then(
      () => this.#catchUp(),
      () => {
        if (this.#session !== session) return
        this.#session = undefined
        if (this.#mayHaveMissed) this.#retryLater()
      },
    )
    return session
  }

  #catchUp(): void {
    this.#retryMs = FIRST_RETRY_MS
    if (!this.#mayHaveMissed) return
    this.#mayHaveMissed = false
    this.#tell(undefined)
  }

  #tell(studyId: string | undefined): void {
    for (const { onEvents } of this.#listeners) onEvents(studyId)
  }

  #reconnect(lost: Promise<Session>): void {
    if (this.#session !== lost) return
    this.#session = undefined
    this.#mayHaveMissed = true
    this.#retryLater()
  }

  #retryLater(): void {
    if (this.#listeners.size === 0) return
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => {
      this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS)
      this.#connect().catch(() => {})
    }, this.#retryMs)
    this.#retryTimer.unref()
  }

  #disconnect(): void {
    clearTimeout(this.#retryTimer)
    const session = this.#session
    this.#session = undefined
    this.#mayHaveMissed = false
    this.#retryMs = FIRST_RETRY_MS
    session?.then(
      (open) => open.close(),
      () => {},
    )
  }
}

/** A client of the pool that listens. */
interface Session {
  close(): void
}

interface SessionEvents {
  onPayload: (payload: string | undefined) => void
  /** At most once, after the session was open and before it was closed. */
  onLost: () => void
}

async function openSession(pool: PoolLike, { onPayload, onLost }: SessionEvents): Promise<Session> {
  const client = await pool.connect()
  let state: 'opening' | 'open' | 'closed' = 'opening'
  const hear = ({ payload }: { payload?: string }) => onPayload(payload)
  const close = () => {
    if (state === 'closed') return
    state = 'closed'
    client.off('notification', hear)
    client.release(true)
  }
  const lose = () => {
    const wasOpen = state === 'open'
    close()
    if (wasOpen) onLost()
  }
  client.on('notification', hear)
  client.once('error', lose)
  client.once('end', lose)
  try {
    await client.query(`listen ${EVENT_CHANNEL}`)
    state = 'open'
  } catch (error) {
    close()
    throw error
  }
  return { close }
}
