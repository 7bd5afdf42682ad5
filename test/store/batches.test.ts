import { describe, expect, test } from 'vitest'
import { inBatches } from '../../src/store/repositories/batches.js'

type Outputs = ReadonlyMap<string, string | Error>

interface Run {
  inputs: readonly string[]
  end(outputs?: Outputs): void
  fail(error: Error): void
}

const upperCased = (inputs: readonly string[]): Outputs =>
  new Map(inputs.map((input) => [input, input.toUpperCase()]))

/** Everything that is due without an event from outside is done. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Calls in batches whose runs end when the test says so; by itself a run answers in upper case. */
function heldRuns() {
  const runs: Run[] = []
  let running = 0
  let mostRunning = 0
  const call = inBatches(async (inputs: readonly string[]) => {
    running += 1
    mostRunning = Math.max(mostRunning, running)
    const held = new Promise<Outputs>((resolve, fail) => {
      runs.push({ inputs, end: (outputs = upperCased(inputs)) => resolve(outputs), fail })
    })
    return held.finally(() => {
      running -= 1
    })
  })
  const inputsOf = () => runs.map(({ inputs }) => inputs)
  return { call, runs, inputsOf, mostRunning: () => mostRunning }
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `input ${i}`)

describe('calls in batches', () => {
  test('that come in one go run together, at once', async () => {
    const { call, runs, inputsOf } = heldRuns()
    const answers = Promise.all(['b', 'a', 'c'].map(call))
    await settled()
    expect(inputsOf()).toEqual([['b', 'a', 'c']])
    runs[0].end()
    expect(await answers).toEqual(['B', 'A', 'C'])
  })

  test('that come while others run are run together next, in the order in which they came', async () => {
    const { call, runs, inputsOf, mostRunning } = heldRuns()
    const answers = [call('first')]
    await settled()
    for (const input of ['d', 'b', 'c']) {
      answers.push(call(input))
      await settled()
    }
    expect(inputsOf()).toEqual([['first']])
    runs[0].end()
    expect(await answers[0]).toBe('FIRST')
    await settled()
    answers.push(call('last'))
    await settled()
    expect(inputsOf()).toEqual([['first'], ['d', 'b', 'c']])
    runs[1].end()
    await settled()
    expect(inputsOf()).toEqual([['first'], ['d', 'b', 'c'], ['last']])
    runs[2].end()
    expect(await Promise.all(answers)).toEqual(['FIRST', 'D', 'B', 'C', 'LAST'])
    expect(mostRunning()).toBe(1)
  })

  test('run again for an input that comes once more', async () => {
    const { call, runs, inputsOf } = heldRuns()
    for (const round of [0, 1]) {
      const answer = call('a')
      await settled()
      runs[round].end(new Map([['a', `answer ${round}`]]))
      expect(await answer).toBe(`answer ${round}`)
    }
    expect(inputsOf()).toEqual([['a'], ['a']])
  })

  test('bring each input once, whose answer all its callers hear', async () => {
    const { call, runs, inputsOf } = heldRuns()
    const answers = Promise.all(['a', 'b', 'a', 'a'].map(call))
    await settled()
    expect(inputsOf()).toEqual([['a', 'b']])
    runs[0].end()
    expect(await answers).toEqual(['A', 'B', 'A', 'A'])
  })

  test('answer undefined where nothing becomes of an input', async () => {
    const { call, runs } = heldRuns()
    const answers = Promise.all(['a', 'b'].map(call))
    await settled()
    runs[0].end(upperCased(['b']))
    expect(await answers).toEqual([undefined, 'B'])
  })

  test('reject for the caller alone to whose input an error belongs', async () => {
    const { call, runs } = heldRuns()
    const answers = Promise.allSettled(['a', 'b', 'c'].map(call))
    await settled()
    const reason = new Error('not b')
    runs[0].end(new Map<string, string | Error>([...upperCased(['a', 'c']), ['b', reason]]))
    expect(await answers).toEqual([
      { status: 'fulfilled', value: 'A' },
      { status: 'rejected', reason },
      { status: 'fulfilled', value: 'C' },
    ])
  })

  test('reject for all when their run does, and then run again', async () => {
    const { call, runs, inputsOf } = heldRuns()
    const lost = Promise.allSettled(['a', 'b'].map(call))
    await settled()
    const later = call('c')
    const reason = new Error('no connection')
    runs[0].fail(reason)
    expect(await lost).toEqual([1, 2].map(() => ({ status: 'rejected', reason })))
    await settled()
    runs[1].end()
    expect(await later).toBe('C')
    const again = call('a')
    await settled()
    runs[2].end()
    expect(await again).toBe('A')
    expect(inputsOf()).toEqual([['a', 'b'], ['c'], ['a']])
  })

  test('are no more than a hundred at a time; the others run after them, not beside them', async () => {
    const { call, runs, inputsOf, mostRunning } = heldRuns()
    const inputs = numbered(250)
    const answers = Promise.all(inputs.map(call))
    for (let i = 0; i < 3; i++) {
      await settled()
      expect(runs).toHaveLength(i + 1)
      runs[i].end()
    }
    expect(await answers).toEqual(inputs.map((input) => input.toUpperCase()))
    expect(inputsOf()).toEqual([inputs.slice(0, 100), inputs.slice(100, 200), inputs.slice(200)])
    expect(mostRunning()).toBe(1)
  })

  test('that come by the hundreds while others run wait for each other, too', async () => {
    const { call, runs, inputsOf, mostRunning } = heldRuns()
    const first = call('first')
    await settled()
    const inputs = numbered(150)
    const answers = Promise.all(inputs.map(call))
    runs[0].end()
    await first
    await settled()
    const late = call('late')
    await settled()
    expect(inputsOf()).toEqual([['first'], inputs.slice(0, 100)])
    runs[1].end()
    await settled()
    // Who comes while there is room goes with those who wait.
    expect(inputsOf().slice(2)).toEqual([[...inputs.slice(100), 'late']])
    runs[2].end()
    expect(await late).toBe('LATE')
    expect(await answers).toHaveLength(150)
    expect(mostRunning()).toBe(1)
  })
})
