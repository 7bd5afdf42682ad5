import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import type { ParsedTable } from '../../../src/formats/importers/table.js'
import { RowReceiver, sendRows } from '../../../src/workers/threads/row-channel.js'
import { deferred } from '../queue-conformance.js'

const TABLE: ParsedTable = {
  options: { role: 'train', holdout: '', dryRun: false },
  fidelity: '1M',
  rowCount: 3,
  problems: [],
  problemCount: 0,
  warnings: [],
  preview: [],
  contentHash: 'hash',
}

const ports: MessagePort[] = []

function channel(): { port1: MessagePort; port2: MessagePort } {
  const made = new MessageChannel()
  ports.push(made.port1)
  return made
}

afterEach(() => {
  for (const port of ports.splice(0)) port.close()
})

describe('rows on their way from a thread', () => {
  test('arrive after the table, in their order, one at a time', async () => {
    const { port1, port2 } = channel()
    const seen: string[] = []
    let atOnce = 0
    const receiver = new RowReceiver(
      port1,
      async ({ fidelity }) => {
        seen.push(fidelity)
      },
      async (rowsJson) => {
        expect(++atOnce).toBe(1)
        await new Promise(setImmediate)
        seen.push(rowsJson)
        atOnce--
      },
    )
    await sendRows(port2, TABLE, ['[1]', '[2]', '[3]'])
    await receiver.settle()
    expect(seen).toEqual(['1M', '[1]', '[2]', '[3]'])
  })

  test('wait for a slow receiver: no more than one chunk is made ahead', async () => {
    const { port1, port2 } = channel()
    const gates = [deferred<void>(), deferred<void>(), deferred<void>()]
    const arrived = [deferred<void>(), deferred<void>(), deferred<void>()]
    let made = 0
    let received = 0
    new RowReceiver(
      port1,
      async () => {},
      () => {
        arrived[received].resolve()
        return gates[received++].promise
      },
    )
    function* chunks() {
      while (made < 3) yield `[${made++}]`
    }
    const sent = sendRows(port2, TABLE, chunks())
    for (let i = 0; i < 3; i++) {
      await arrived[i].promise
      await new Promise(setImmediate)
      expect(made).toBeLessThanOrEqual(i + 2)
      gates[i].resolve()
    }
    await sent
    expect(received).toBe(3)
  })

  test('stop when the receiver fails, and its error is kept as it is', async () => {
    const { port1, port2 } = channel()
    class DuplicateError extends Error {}
    const failure = new DuplicateError('run ids already imported')
    let received = 0
    const receiver = new RowReceiver(
      port1,
      async () => {},
      async () => {
        if (++received === 2) throw failure
      },
    )
    await expect(sendRows(port2, TABLE, ['[1]', '[2]', '[3]'])).rejects.toThrow('receiver')
    await expect(receiver.settle()).rejects.toBe(failure)
    expect(received).toBe(2)
  })
})
