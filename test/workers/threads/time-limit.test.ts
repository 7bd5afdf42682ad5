import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { TimeLimit } from '../../../src/workers/threads/time-limit.js'

const HOUR = 3_600_000

describe('the clock of a backtest', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const limitOf = (mostSeconds?: number) => new TimeLimit({ mostSeconds, total: 2, round: 1 })

  test('gives few replays on many threads the whole time, together', () => {
    const limit = limitOf(4 * 3600)
    limit.began()
    limit.began()
    vi.advanceTimersByTime(2 * HOUR - 1000)
    expect(limit.signal.aborted).toBe(false)
    vi.advanceTimersByTime(2000)
    expect(limit.signal.aborted).toBe(true)
    expect(limit.refusal.message).toBe(
      'After 4 h of computing 0 of 2 replays were done; the rest was given up.',
    )
  })

  test('counts each replay for as long as it is at work', () => {
    const limit = limitOf(100)
    const end = limit.began()
    vi.advanceTimersByTime(20_000)
    limit.began()
    // 20 s of one, and 30 s of two.
    vi.advanceTimersByTime(30_000)
    end()
    vi.advanceTimersByTime(19_000)
    expect(limit.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1100)
    expect(limit.signal.aborted).toBe(true)
  })

  test('stands still while none is at work', () => {
    const limit = limitOf(10)
    vi.advanceTimersByTime(HOUR)
    const end = limit.began()
    vi.advanceTimersByTime(9000)
    end()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(HOUR)
    expect(limit.signal.aborted).toBe(false)
    limit.began()
    vi.advanceTimersByTime(1100)
    expect(limit.signal.aborted).toBe(true)
  })

  test('has no end where none was given', () => {
    const limit = limitOf()
    limit.began()
    expect(vi.getTimerCount()).toBe(0)
  })
})
