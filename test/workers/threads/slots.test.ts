import { describe, expect, test } from 'vitest'
import { Slots } from '../../../src/workers/threads/slots.js'
import { deferred } from '../queue-conformance.js'

/** Tasks that end when they are told to, and say in which order they began. */
function tasks(slots: Slots) {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const add = (name: string, signal?: AbortSignal) =>
    slots.run(() => {
      begun.push(name)
      const { promise, resolve } = deferred<void>()
      ends.set(name, () => resolve())
      return promise
    }, signal)
  const turn = () => new Promise(setImmediate)
  return { begun, add, end: (name: string) => ends.get(name)?.(), turn }
}

describe('Slots', () => {
  test('lets so many run, and the others in the order they came', async () => {
    const { begun, add, end, turn } = tasks(new Slots(2, 10))
    const all = ['a', 'b', 'c', 'd'].map((name) => add(name))
    await turn()
    expect(begun).toEqual(['a', 'b'])
    end('b')
    await turn()
    expect(begun).toEqual(['a', 'b', 'c'])
    end('a')
    end('c')
    await turn()
    end('d')
    await Promise.all(all)
    expect(begun).toEqual(['a', 'b', 'c', 'd'])
  })

  test('passes the slot on when a task fails', async () => {
    const slots = new Slots(1, 10)
    const failing = slots.run(async () => {
      throw new Error('failed')
    })
    const next = slots.run(async () => 'next')
    await expect(failing).rejects.toThrow('failed')
    expect(await next).toBe('next')
  })

  test('an aborted task leaves the line, and the line goes on', async () => {
    const { begun, add, end, turn } = tasks(new Slots(1, 10))
    const abort = new AbortController()
    const first = add('a')
    const second = add('b', abort.signal)
    const third = add('c')
    await turn()
    abort.abort()
    await expect(second).rejects.toThrow('aborted')
    end('a')
    await turn()
    end('c')
    await Promise.all([first, third])
    expect(begun).toEqual(['a', 'c'])
  })

  test('a task that was aborted before it came never begins', async () => {
    const { begun, add, turn } = tasks(new Slots(1, 10))
    await expect(add('a', AbortSignal.abort('cancelled'))).rejects.toMatchObject({
      cause: 'cancelled',
    })
    await turn()
    expect(begun).toEqual([])
  })

  test('refuses as overloaded when too many wait', async () => {
    const { add, end, turn } = tasks(new Slots(1, 1))
    const running = [add('a'), add('b')]
    await expect(add('c')).rejects.toMatchObject({ code: 'overloaded' })
    end('a')
    await turn()
    const again = add('d')
    end('b')
    await turn()
    end('d')
    await Promise.all([...running, again])
  })
})
