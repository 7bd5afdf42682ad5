import { validate, version } from 'uuid'
import { beforeEach, describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import { hashOf, newId } from '../support/records.js'

const HOUR = 3_600_000

export function idempotencyConformance(store: () => OpenStore): void {
  const keys = () => store().idempotency
  const asked = hashOf('what was asked')
  const answer = {
    status: 201,
    headers: { location: '/v1/studies/1', etag: '"1"' },
    body: '{"text":"ü\\u0000"}',
  }
  let scope: string
  beforeEach(() => {
    scope = `open POST /v1/studies/${newId()}`
  })

  async function begin(key = 'k', fingerprint = asked, staleMs = HOUR) {
    return keys().begin(scope, key, fingerprint, staleMs)
  }
  async function begun(...request: Parameters<typeof begin>): Promise<string> {
    const outcome = await begin(...request)
    if (outcome.outcome !== 'begun') throw new Error(`it was ${outcome.outcome}`)
    return outcome.resourceId
  }

  describe('idempotency keys', () => {
    test('begin a request once, with a resource id that sorts by time', async () => {
      const first = await begun('a')
      const second = await begun('b')
      expect(validate(first) && version(first)).toBe(7)
      expect(first < second).toBe(true)
      expect(await begin('a')).toEqual({ outcome: 'running' })
    })

    test('begin once when many ask at the same moment', async () => {
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => begin()))
      expect(outcomes.filter(({ outcome }) => outcome === 'begun')).toHaveLength(1)
      expect(outcomes.filter(({ outcome }) => outcome === 'running')).toHaveLength(19)
    })

    test('have nothing to do with those of another scope', async () => {
      await begun()
      expect(await keys().begin(`${scope}/other`, 'k', asked, HOUR)).toMatchObject({
        outcome: 'begun',
      })
    })

    test('keep the answer as it was, and the first one', async () => {
      await begun()
      await keys().answer(scope, 'k', answer)
      await keys().answer(scope, 'k', { ...answer, status: 409 })
      expect(await begin()).toEqual({ outcome: 'answered', answer })
    })

    test('keep an empty answer', async () => {
      await begun()
      const empty = { status: 204, headers: {}, body: '' }
      await keys().answer(scope, 'k', empty)
      expect(await begin()).toEqual({ outcome: 'answered', answer: empty })
    })

    test('refuse another request, in work and answered', async () => {
      await begun()
      expect(await begin('k', hashOf('other'))).toEqual({ outcome: 'other-request' })
      expect(await begin('k', hashOf('other'), -HOUR)).toEqual({ outcome: 'other-request' })
      await keys().answer(scope, 'k', answer)
      expect(await begin('k', hashOf('other'))).toEqual({ outcome: 'other-request' })
    })

    // A negative age is one that every request has: what is left behind need not be waited for.
    test('of a process that died begin again, once, with the same resource id', async () => {
      const resourceId = await begun()
      expect(await begun('k', asked, -HOUR)).toBe(resourceId)
      expect(await begin()).toEqual({ outcome: 'running' })
    })

    test('of a process that gives signs of life do not', async () => {
      await begun()
      await keys().release(scope, 'k')
      await keys().renew(scope, 'k')
      expect(await begin()).toEqual({ outcome: 'running' })
    })

    test('that were given up begin again at once, with the same resource id', async () => {
      const resourceId = await begun()
      await keys().release(scope, 'k')
      expect(await begin('k', hashOf('other'))).toEqual({ outcome: 'other-request' })
      expect(await begun()).toBe(resourceId)
      await keys().releaseAll()
      expect(await begun()).toBe(resourceId)
    })

    test('that were answered are not given up', async () => {
      await begun()
      await keys().answer(scope, 'k', answer)
      await keys().release(scope, 'k')
      await keys().releaseAll()
      await keys().renew(scope, 'k')
      expect(await begin('k', asked, -HOUR)).toEqual({ outcome: 'answered', answer })
    })

    test('are removed by age', async () => {
      const resourceId = await begun()
      await keys().answer(scope, 'k', answer)
      await keys().deleteBefore(new Date(Date.now() - HOUR))
      expect(await begin()).toMatchObject({ outcome: 'answered' })
      expect(await keys().deleteBefore(new Date(Date.now() + HOUR))).toBeGreaterThan(0)
      expect(await begun()).not.toBe(resourceId)
    })
  })
}
