import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ParsedTable } from '../../src/formats/importers/table.js'
import type { Store } from '../../src/store/store.js'
import { DEFAULT_LIMITS } from '../../src/studies/limits.js'
import type { Compute, RecommendOutcome } from '../../src/studies/ports.js'
import { createRecommendationService } from '../../src/studies/recommendations.js'
import { deferred } from '../workers/queue-conformance.js'
import { OUTCOME } from '../workers/study-fixtures.js'
import { COMPUTE } from './support.js'

const SECOND = 1000

/** Ends with the signal; begins, and answers, when the test says so. */
function slowThread() {
  const asked = deferred<() => void>()
  const answer = deferred<RecommendOutcome>()
  const recommend: Compute['recommend'] = (_, { signal, onStart } = {}) => {
    asked.resolve(() => onStart?.())
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
      void answer.promise.then(resolve)
    })
  }
  return { recommend, asked, answer }
}

describe('the clock of a recommendation within the request', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const recommendation = (recommend: Compute['recommend']) => {
    const parseTable = async () => ({ problemCount: 0, fidelity: 'default' }) as ParsedTable
    const compute = { ...COMPUTE, parseTable, recommend }
    const limits = { ...DEFAULT_LIMITS, inlineSeconds: 60 }
    return createRecommendationService({} as Store, compute, limits).compute({
      problem: { domains: [{ name: 'web' }, { name: 'code' }], metrics: [{ name: 'loss' }] },
      runs: [{ id: 'a', weights: { web: 1 }, metrics: { loss: 3 } }],
    })
  }

  test('begins when a thread begins', async () => {
    const { recommend, asked, answer } = slowThread()
    const given = recommendation(recommend)
    const begin = await asked.promise
    vi.advanceTimersByTime(59 * SECOND)
    begin()
    vi.advanceTimersByTime(59 * SECOND)
    answer.resolve(OUTCOME)
    expect(await given).toEqual(OUTCOME.recommendation)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('ends what computes for too long as too costly', async () => {
    const { recommend, asked } = slowThread()
    const refused = expect(recommendation(recommend)).rejects.toMatchObject({ code: 'too-costly' })
    const begin = await asked.promise
    begin()
    vi.advanceTimersByTime(61 * SECOND)
    await refused
  })

  test('calls it no fault of the request when no thread was free', async () => {
    const { recommend, asked } = slowThread()
    const refused = expect(recommendation(recommend)).rejects.toMatchObject({ code: 'overloaded' })
    await asked.promise
    vi.advanceTimersByTime(61 * SECOND)
    await refused
  })
})
