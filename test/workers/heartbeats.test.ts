import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type HeartbeatOptions, startHeartbeats } from '../../src/workers/processors/heartbeats.js'

const progress = (done: number) => ({ done, total: 10, message: 'fitting' })

describe('heartbeats', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function start(options: Partial<HeartbeatOptions> = {}) {
    const beats: { at: number; done?: number }[] = []
    const events: string[] = []
    const begin = performance.now()
    const heartbeats = startHeartbeats({
      beat: async (latest) => {
        beats.push({ at: performance.now() - begin, done: latest?.done })
        return { held: true, cancelRequested: false }
      },
      intervalMs: 2000,
      onLost: () => events.push('lost'),
      onCancelRequested: () => events.push('cancelled'),
      onError: (error) => events.push(String(error)),
      ...options,
    })
    return { heartbeats, beats, events }
  }

  test('come at their interval while there is no progress', async () => {
    const { heartbeats, beats } = start()
    await vi.advanceTimersByTimeAsync(6500)
    await heartbeats.stop()
    expect(beats.map(({ at }) => at)).toEqual([2000, 4000, 6000])
  })

  test('carry the latest progress, at most twice a second', async () => {
    const { heartbeats, beats } = start()
    for (let done = 0; done < 100; done++) {
      heartbeats.report(progress(done))
      await vi.advanceTimersByTimeAsync(20)
    }
    await heartbeats.stop()
    expect(beats.length).toBeGreaterThanOrEqual(3)
    expect(beats.length).toBeLessThanOrEqual(4)
    expect(beats.map(({ done }) => done)).toEqual(beats.map(({ at }) => Math.ceil(at / 20) - 1))
  })

  test('tell when the job is lost, and when its cancellation was asked for', async () => {
    const answers = [
      { held: true, cancelRequested: false },
      { held: true, cancelRequested: true },
      { held: false, cancelRequested: false },
    ]
    const { heartbeats, events } = start({ beat: async () => answers.shift()! })
    await vi.advanceTimersByTimeAsync(2000)
    expect(events).toEqual([])
    await vi.advanceTimersByTimeAsync(4000)
    await heartbeats.stop()
    expect(events).toEqual(['cancelled', 'lost'])
  })

  test('go on after one could not be stored, with the progress it carried', async () => {
    const seen: (number | undefined)[] = []
    let failures = 1
    const { heartbeats, events } = start({
      beat: async (latest) => {
        if (failures-- > 0) throw new Error('connection lost')
        seen.push(latest?.done)
        return { held: true, cancelRequested: false }
      },
    })
    heartbeats.report(progress(3))
    await vi.advanceTimersByTimeAsync(1000)
    await heartbeats.stop()
    expect(events).toEqual(['Error: connection lost'])
    expect(seen).toEqual([3])
  })

  test('do not overlap, however slow the store, and stop waits for the one under way', async () => {
    let atOnce = 0
    let most = 0
    let count = 0
    const { heartbeats } = start({
      beat: async () => {
        most = Math.max(most, ++atOnce)
        count++
        await new Promise((resolve) => setTimeout(resolve, 5000))
        atOnce--
        return { held: true, cancelRequested: false }
      },
    })
    for (let done = 0; done < 10; done++) {
      heartbeats.report(progress(done))
      await vi.advanceTimersByTimeAsync(1000)
    }
    const stopped = heartbeats.stop()
    expect(atOnce).toBe(1)
    await vi.advanceTimersByTimeAsync(5000)
    await stopped
    expect(atOnce).toBe(0)
    expect(most).toBe(1)
    expect(count).toBe(2)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(count).toBe(2)
  })
})
