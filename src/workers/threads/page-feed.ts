import { on } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { MessagePort } from 'node:worker_threads'

/**
 * Pages of run tables on their way to a thread. They travel one at a time, because a message is copied in one go: all
 * pages of 100,000 runs in one message would block the event loop for 85 ms.
 */
type FeedMessage = { table: number; page: string } | typeof END

const READY = 'ready'
const END = 'end'

/** In the thread: the pages of each table, as they were sent. Rejects when the sender closes the port early. */
export async function receivePages(port: MessagePort, tables: number): Promise<string[][]> {
  const pages = Array.from({ length: tables }, (): string[] => [])
  const messages = on(port, 'message', { close: ['close'] })
  port.postMessage(READY)
  for await (const [message] of messages as AsyncIterable<[FeedMessage]>) {
    if (message === END) return pages
    pages[message.table].push(message.page)
  }
  throw new Error('the sender of the runs is gone')
}

/** On the other side: sends the tables when the thread is ready for them; other messages go to `onMessage`. */
export function feedPages<T extends object>(
  port: MessagePort,
  tables: readonly (readonly string[])[],
  onMessage: (message: T) => void,
): void {
  let closed = false
  port.on('close', () => {
    closed = true
  })
  const send = (message: FeedMessage) => port.postMessage(message)
  const sendAll = async () => {
    for (const [table, pages] of tables.entries()) {
      for (const page of pages) {
        if (closed) return
        send({ table, page })
        await nextTurn()
      }
    }
    send(END)
  }
  port.on('message', (message: T | typeof READY) => {
    if (message === READY) void sendAll()
    else onMessage(message)
  })
}
