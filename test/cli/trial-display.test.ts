import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { TrialBoard } from '../../src/cli/terminal/trial-board.js'
import { createTrialDisplay } from '../../src/cli/terminal/trial-display.js'
import type { StudyEvent } from '../../src/studies/events.js'

/** Between two pictures. */
const FRAME_MS = 100

const searchId = 's'
const started = (trialId: string, position: number, label = '', fidelity = 'tiny'): StudyEvent => ({
  type: 'trial-started',
  data: { trialId, searchId, position, fidelity, label, attempt: 1 },
})
const progress = (trialId: string, tokens: number, loss = 4.8123): StudyEvent => ({
  type: 'trial-progress',
  data: { trialId, searchId, tokens, totalTokens: 1000, loss, tokensPerSecond: 52_345.6 },
})
const completed = (trialId: string, position: number, objective: number): StudyEvent => ({
  type: 'trial-completed',
  data: { trialId, searchId, position, objective },
})
const failed = (trialId: string): StudyEvent => ({
  type: 'trial-failed',
  data: { trialId, searchId, code: 'training-diverged', detail: 'the loss is NaN at step 3' },
})
const retried = (trialId: string): StudyEvent => ({
  type: 'trial-retried',
  data: { trialId, searchId, attempt: 1, detail: 'the thread has ended' },
})

describe('the board', () => {
  function boardOf(...events: StudyEvent[]): TrialBoard {
    const board = new TrialBoard()
    for (const event of events) board.apply(event)
    return board
  }

  test('counts what has ended, and knows the best', () => {
    const board = boardOf(
      started('a', 0, 'uniform'),
      started('b', 1),
      started('c', 2),
      completed('b', 1, 3.5),
      completed('a', 0, 3.7),
      failed('c'),
      { type: 'trial-cancelled', data: { trialId: 'd', searchId } },
    )
    expect(board).toMatchObject({ completed: 2, failed: 1, cancelled: 1, ended: 4 })
    const best = { number: 2, fidelity: 'tiny', label: '', objective: 3.5 }
    expect([...board.best.values()]).toEqual([best])
    expect(board.running.size).toBe(0)
  })

  test('takes a trial that is retried from those at work, and back when it begins again', () => {
    const board = boardOf(started('a', 0), progress('a', 500), retried('a'))
    expect(board.running.size).toBe(0)
    expect(board.ended).toBe(0)
    board.apply(started('a', 0))
    expect(board.running.get('a')).toMatchObject({ number: 1, tokens: 0, loss: undefined })
  })

  test('shows a trial whose beginning was not seen', () => {
    const board = boardOf(progress('x', 250))
    expect(board.running.get('x')).toMatchObject({ number: undefined, tokens: 250 })
  })
})

describe('without a terminal', () => {
  let now = 0
  function linesOf(
    events: readonly (StudyEvent | number)[],
    total = 3,
    fidelities?: string[],
  ): string[] {
    const output = new PassThrough().setEncoding('utf8')
    const display = createTrialDisplay(output, { total, fidelities, now: () => now })
    for (const event of events) {
      if (typeof event === 'number') now += event
      else display.handle(event)
    }
    display.close()
    return (output.read() ?? '').split('\n').slice(0, -1)
  }

  test('there is a line for each trial that ends, and no escape code in any', () => {
    const lines = linesOf([
      started('a', 0, 'uniform'),
      completed('a', 0, 3.71234),
      started('b', 1),
      completed('b', 1, 3.9),
      started('c', 2),
      retried('c'),
      started('c', 2),
      failed('c'),
      { type: 'fit-started', data: { fitId: 'f', jobId: 'j', searchId } },
    ])
    expect(lines).toEqual([
      '1 of 3: trial 1 (uniform) completed, objective 3.7123, the best so far',
      '2 of 3: trial 2 completed, objective 3.9000',
      'trial 3 goes again: the thread has ended',
      'trial 3 is set aside: the loss is NaN at step 3 (training-diverged)',
      'all trials have ended; fitting',
    ])
  })

  test('where the method chooses among fidelities, trials are the best of theirs', () => {
    const lines = linesOf(
      [
        started('a', 0, '', 'tiny'),
        completed('a', 0, 3.7),
        started('b', 1, '', 'small'),
        completed('b', 1, 3.4),
        started('c', 2, '', 'tiny'),
        completed('c', 2, 3.5),
        started('d', 3, '', 'small'),
        completed('d', 3, 3.45),
      ],
      4,
      ['tiny', 'small'],
    )
    expect(lines).toEqual([
      '1 of 4: trial 1 at tiny completed, objective 3.7000, the best so far there',
      '2 of 4: trial 2 at small completed, objective 3.4000, the best so far there',
      '3 of 4: trial 3 at tiny completed, objective 3.5000, the best so far there',
      '4 of 4: trial 4 at small completed, objective 3.4500',
    ])
  })

  test('progress is a line now and then, for all trials together', () => {
    const lines = linesOf([
      started('a', 0, 'uniform'),
      started('b', 1),
      progress('a', 100),
      9_000,
      progress('a', 200),
      2_000,
      progress('a', 300),
      progress('b', 999, 5),
    ])
    expect(lines).toEqual([
      '0 of 3 trials; trial 1 (uniform) 30 %  loss 4.812, 52,346 tokens/s; trial 2 0 %  begins',
    ])
  })
})

describe('on a terminal', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubEnv('NO_COLOR', '')
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllEnvs()
  })

  function open(total: number, rows = 24) {
    const stream = Object.assign(new PassThrough(), { isTTY: true as const, rows, columns: 120 })
    stream.setEncoding('utf8')
    const display = createTrialDisplay(stream, { total })
    const written = () => (stream.read() ?? '') as string
    /** What a person sees: the last picture. */
    const picture = () => {
      vi.advanceTimersByTime(500)
      written()
      vi.advanceTimersByTime(FRAME_MS)
      return stripVTControlCharacters(written())
    }
    return { display, picture, written }
  }

  test('there is a bar for the search and one for each trial at work', () => {
    const { display, picture } = open(4)
    display.handle(started('a', 0, 'uniform'))
    display.handle(started('b', 1))
    display.handle(progress('a', 500))
    const first = picture()
    expect(first).toMatch(/0 of 4 trials/)
    expect(first).toMatch(/50%\s+trial 1 \(uniform\)\s+loss 4\.812, 52,346 tokens\/s/)
    expect(first).toMatch(/0%\s+trial 2\s+begins/)
    display.handle(completed('a', 0, 3.7))
    const second = picture()
    expect(second).toMatch(/1 of 4 trials, best 3\.7000 by trial 1 \(uniform\)/)
    expect(second).not.toMatch(/tokens\/s/)
    expect(second).toMatch(/trial 2\s+begins/)
    display.close()
  })

  test('what goes wrong stays to be read above the bars', () => {
    const { display, picture, written } = open(2)
    display.handle(started('a', 0))
    display.handle(failed('a'))
    vi.advanceTimersByTime(500)
    expect(stripVTControlCharacters(written())).toContain(
      'trial 1 is set aside: the loss is NaN at step 3 (training-diverged)\n',
    )
    expect(picture()).toMatch(/1 of 2 trials, 1 set aside/)
    display.close()
  })

  test('there are no more bars than rows', () => {
    const { display, picture } = open(50, 10)
    for (let i = 0; i < 40; i++) display.handle(started(`t${i}`, i))
    expect(picture().match(/begins/g)).toHaveLength(8)
    for (let i = 0; i < 8; i++) display.handle(completed(`t${i}`, i, 3))
    const next = picture()
    expect(next).toMatch(/trial 9\s/)
    expect(next.match(/begins/g)).toHaveLength(8)
    display.close()
  })

  test('closing takes the bars away, gives the cursor back, and leaves no timer', () => {
    const { display, written } = open(2)
    display.handle(started('a', 0))
    display.say('a last word')
    display.close()
    display.close()
    const text = written()
    expect(text).toContain('a last word')
    expect(text.endsWith('\u001B[0J')).toBe(true)
    expect(text).toContain('\u001B[?25h')
    expect(vi.getTimerCount()).toBe(0)
    display.handle(completed('a', 0, 3))
    expect(written()).toBe('')
  })
})
