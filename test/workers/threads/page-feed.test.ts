import { MessageChannel } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { feedPages, receivePages } from '../../../src/workers/threads/page-feed.js'

describe('pages on their way to a thread', () => {
  test('arrive by table and in their order, and other messages go back', async () => {
    const { port1, port2 } = new MessageChannel()
    const tables = [['[1]', '[2]', '[3]'], [], ['[4]']]
    const answer = new Promise<object>((resolve) => feedPages(port1, tables, resolve))
    expect(await receivePages(port2, 3)).toEqual(tables)
    port2.postMessage({ done: 1 })
    expect(await answer).toEqual({ done: 1 })
    port1.close()
  })

  test('leave other work its turns', async () => {
    const { port1, port2 } = new MessageChannel()
    let turns = 0
    const count = () => {
      turns++
      if (turns < 1000) setImmediate(count)
    }
    const pages = Array.from({ length: 50 }, (_, i) => `[${i}]`)
    feedPages(port1, [pages], () => {})
    setImmediate(count)
    await receivePages(port2, 1)
    expect(turns).toBeGreaterThanOrEqual(49)
    turns = 1000
    port1.close()
  })

  test('a sender that goes away is noticed', async () => {
    const { port1, port2 } = new MessageChannel()
    const received = receivePages(port2, 1)
    port1.close()
    await expect(received).rejects.toThrow('gone')
  })
})
