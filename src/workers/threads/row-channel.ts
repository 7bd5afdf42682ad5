import { on } from 'node:events'
import type { MessagePort } from 'node:worker_threads'
import type { TableHead } from '../../formats/importers/table.js'

/**
 * A table and its rows on their way from a thread. The receiver acknowledges each message when it has dealt with it;
 * the sender makes the next chunk ready meanwhile, and sends it when the one before is acknowledged, so that two
 * chunks at most are in memory, however slow the store.
 */
type RowMessage = { table: TableHead } | { rowsJson: string }

const ACKNOWLEDGED = 'acknowledged'

/** In the thread: resolves when the last message was acknowledged; rejects when the receiver closes the port early. */
export async function sendRows(
  port: MessagePort,
  table: TableHead,
  chunks: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const answers = on(port, 'message', { close: ['close'] })
  const acknowledged = async () => {
    if ((await answers.next()).done) throw new Error('the receiver of the rows is gone')
  }
  const send = (message: RowMessage) => port.postMessage(message)
  send({ table })
  for await (const rowsJson of chunks) {
    await acknowledged()
    send({ rowsJson })
  }
  await acknowledged()
}

/** On the other side: deals with messages one at a time. When that fails, the port is closed and the sender gives up. */
export class RowReceiver {
  #failure: { error: unknown } | undefined
  #underWay: Promise<void> = Promise.resolve()

  constructor(
    port: MessagePort,
    onStart: (table: TableHead) => Promise<void>,
    onChunk: (rowsJson: string) => Promise<void>,
  ) {
    const receive = async (message: RowMessage) => {
      try {
        if ('table' in message) await onStart(message.table)
        else await onChunk(message.rowsJson)
        port.postMessage(ACKNOWLEDGED)
      } catch (error) {
        this.#failure = { error }
        port.close()
      }
    }
    port.on('message', (message: RowMessage) => {
      this.#underWay = receive(message)
    })
  }

  /** Resolves when nothing is being dealt with any more; throws what went wrong with it. */
  async settle(): Promise<void> {
    await this.#underWay
    if (this.#failure) throw this.#failure.error
  }
}
