import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Curve, shouldStop } from '../../../src/optimizers/early-stopping/index.js'
import type {
  EarlyStopping,
  MedianRule,
  SuccessiveHalvingRule,
} from '../../../src/optimizers/trial-policy.js'
import { halvingStops, medianStops, UNIT } from './definitions.js'

/** A curve measured every 100 tokens. */
const every100 = (...objectives: number[]): Curve => ({
  points: objectives.map((objective, i) => ({ tokens: 100 * (i + 1), objective })),
  ended: false,
})

const median: MedianRule = { rule: 'median', minTokens: 0, minTrials: 2 }
const halving: SuccessiveHalvingRule = {
  rule: 'successive-halving',
  minTokens: 100,
  reduction: 2,
  minTrials: 2,
}

const arbitraryPoints = fc
  .uniqueArray(
    fc.record({
      tokens: fc.integer({ min: 0, max: 24 }).map((n) => 50 * n),
      objective: fc.oneof(
        { weight: 12, arbitrary: fc.integer({ min: -40, max: 40 }).map((n) => n * UNIT) },
        { weight: 1, arbitrary: fc.constant(Number.NaN) },
      ),
    }),
    { selector: ({ tokens }) => tokens, maxLength: 7 },
  )
  .map((points) => points.sort((a, b) => a.tokens - b.tokens))

const arbitraryCurve: fc.Arbitrary<Curve> = fc.record({
  points: arbitraryPoints,
  ended: fc.boolean(),
})
const arbitraryOwn: fc.Arbitrary<Curve> = fc.record({
  points: arbitraryPoints,
  ended: fc.constant(false),
})
const arbitraryOthers = fc.array(arbitraryCurve, { maxLength: 14 })

const arbitraryMedian: fc.Arbitrary<MedianRule> = fc.record({
  rule: fc.constant('median'),
  minTokens: fc.constantFrom(0, 0, 200, 600),
  minTrials: fc.integer({ min: 2, max: 5 }),
})
const arbitraryHalving: fc.Arbitrary<SuccessiveHalvingRule> = fc.record({
  rule: fc.constant('successive-halving'),
  minTokens: fc.constantFrom(50, 100, 150),
  reduction: fc.constantFrom(2, 2.5, 3, 4),
  minTrials: fc.integer({ min: 2, max: 5 }),
})
const arbitraryRule: fc.Arbitrary<EarlyStopping> = fc.oneof(arbitraryMedian, arbitraryHalving)

/** How often a rule stops over random cases must be neither never nor always, or agreement would say little. */
function agreement<R extends EarlyStopping>(
  rules: fc.Arbitrary<R>,
  definition: (rule: R, own: Curve, others: Curve[]) => boolean,
) {
  const seen = { true: 0, false: 0 }
  fc.assert(
    fc.property(rules, arbitraryOwn, arbitraryOthers, (rule, own, others) => {
      const { stop } = shouldStop(rule, own, others)
      seen[`${stop}`]++
      expect(stop).toBe(definition(rule, own, others))
    }),
    { numRuns: 2000, seed: 1 },
  )
  expect(seen.true).toBeGreaterThan(50)
  expect(seen.false).toBeGreaterThan(50)
}

describe('the median rule', () => {
  test('agrees with its definition in exact fractions', () => {
    agreement(arbitraryMedian, medianStops)
  })

  test('compares the best so far with the median of the running means', () => {
    // Means up to 200 tokens: 3, 2, 5; their median is 3. What comes after 200 tokens does not count.
    const others = [every100(4, 2, 0), every100(3, 1), every100(5, 5, 0)]
    expect(shouldStop(median, every100(4, 3.5), others)).toEqual({
      stop: true,
      reason:
        'At 200 tokens the best objective so far, 3.5, is worse than 3, the median over 3 other trials of their mean up to there.',
    })
    expect(shouldStop(median, every100(2.9, 9), others)).toMatchObject({
      stop: false,
      reason: expect.stringContaining('2.9, is no worse than 3,'),
    })
  })

  test('does not stop a tie, also where means do not come out even', () => {
    const odd = [0.1, 0.7, 0.2, 0.3, 0.6, 0.9, 1.1]
    const mean = odd.reduce((sum, value) => sum + value) / odd.length
    for (const value of [mean, ...odd.map((_, i) => mean * (1 + (i - 3) * Number.EPSILON))]) {
      const own = every100(...odd.map(() => value))
      expect(shouldStop(median, own, [every100(...odd), every100(...odd.toReversed())]).stop).toBe(
        false,
      )
    }
    expect(shouldStop(median, every100(1), [every100(1), every100(1)]).stop).toBe(false)
  })

  test('leaves out others that are not measured as far, and asks for enough of the rest', () => {
    const own = every100(9, 9)
    expect(shouldStop(median, own, [every100(1), every100(1), every100(1, 1)])).toEqual({
      stop: false,
      reason: 'Only 1 other trial has been measured up to 200 tokens; the rule asks for 2.',
    })
    expect(shouldStop(median, own, [every100(1, 1), every100(1, 1)]).stop).toBe(true)
  })

  test('leaves out others whose first measurement lies beyond', () => {
    const late: Curve = { points: [{ tokens: 500, objective: 0 }], ended: true }
    expect(shouldStop(median, every100(9), [late, late, late]).stop).toBe(false)
  })

  test('stops nobody before its least tokens', () => {
    const rule = { ...median, minTokens: 201 }
    const others = [every100(1, 1, 1), every100(1, 1, 1)]
    expect(shouldStop(rule, every100(9, 9), others)).toMatchObject({
      stop: false,
      reason: expect.stringContaining('201 tokens'),
    })
    expect(shouldStop(rule, every100(9, 9, 9), others).stop).toBe(true)
  })
})

describe('successive halving', () => {
  test('agrees with its definition', () => {
    agreement(arbitraryHalving, halvingStops)
  })

  test('judges a trial at the highest rung that it has reached', () => {
    // Rungs at 100, 200, 400, …; at 300 tokens the rung is 200, where the values are 4 and, of the others, 1, 3, 5.
    const others = [every100(9, 1), every100(9, 3, 9), every100(1, 5)]
    expect(shouldStop(halving, every100(1, 4, 0), others)).toEqual({
      stop: true,
      reason: 'At the rung of 200 tokens the objective 4 has rank 3 of 4; the best 2 go on.',
    })
    expect(shouldStop(halving, every100(9, 2, 9), others).stop).toBe(false)
  })

  test('takes the first measurement at or beyond a rung', () => {
    const sparse: Curve = {
      points: [
        { tokens: 90, objective: 0 },
        { tokens: 150, objective: 7 },
        { tokens: 190, objective: 1 },
      ],
      ended: false,
    }
    const others = [every100(5), every100(6)]
    expect(shouldStop(halving, sparse, others)).toMatchObject({
      stop: true,
      reason: expect.stringContaining('the objective 7 has rank 3 of 3; the best one goes on'),
    })
  })

  test('lets a trial go on where none or too few have come', () => {
    expect(shouldStop(halving, every100(9, 9, 9, 9), []).stop).toBe(false)
    const { stop, reason } = shouldStop(halving, every100(9, 9), [every100(1, 1), every100(1)])
    expect(stop).toBe(false)
    expect(reason).toBe(
      'Only 1 other trial has been measured up to 200 tokens; the rule asks for 2.',
    )
  })

  test('does not stop before the first rung', () => {
    const own: Curve = { points: [{ tokens: 99, objective: 9 }], ended: false }
    expect(shouldStop(halving, own, [every100(1), every100(1)])).toMatchObject({
      stop: false,
      reason: expect.stringContaining('first rung, 100 tokens'),
    })
  })

  test('of n trials that reach a rung together, ⌊n / reduction⌋ go on', () => {
    for (let n = 3; n <= 30; n++) {
      for (const reduction of [2, 3, 4, 20]) {
        const curves = Array.from({ length: n }, (_, i) => every100(i))
        const left = curves.filter(
          (own, i) => !shouldStop({ ...halving, reduction }, own, curves.toSpliced(i, 1)).stop,
        )
        expect(left).toEqual(curves.slice(0, Math.max(1, Math.floor(n / reduction))))
      }
    }
  })
})

describe('every rule', () => {
  test('does not depend on the order of the others', () => {
    fc.assert(
      fc.property(arbitraryRule, arbitraryOwn, arbitraryOthers, (rule, own, others) => {
        expect(shouldStop(rule, own, others.toReversed())).toEqual(shouldStop(rule, own, others))
      }),
    )
  })

  test('depends neither on the unit nor on the origin of the objective', () => {
    const changes = fc.record({
      scale: fc.constantFrom(0.25, 0.5, 2, 1024),
      shift: fc.integer({ min: -100, max: 100 }),
    })
    fc.assert(
      fc.property(
        arbitraryRule,
        arbitraryOwn,
        arbitraryOthers,
        changes,
        (rule, own, others, { scale, shift }) => {
          const changed = ({ points, ended }: Curve): Curve => ({
            points: points.map((p) => ({ ...p, objective: scale * p.objective + shift })),
            ended,
          })
          expect(shouldStop(rule, changed(own), others.map(changed)).stop).toBe(
            shouldStop(rule, own, others).stop,
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  test('is no harder on a trial that was better throughout', () => {
    fc.assert(
      fc.property(arbitraryRule, arbitraryOwn, arbitraryOthers, (rule, own, others) => {
        const better: Curve = {
          points: own.points.map((p) => ({ ...p, objective: p.objective - UNIT })),
          ended: false,
        }
        if (!shouldStop(rule, own, others).stop) {
          expect(shouldStop(rule, better, others).stop).toBe(false)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('does not stop a trial among its equals', () => {
    fc.assert(
      fc.property(arbitraryRule, arbitraryOwn, fc.integer({ min: 2, max: 9 }), (rule, own, n) => {
        expect(shouldStop(rule, own, new Array<Curve>(n).fill(own)).stop).toBe(false)
      }),
    )
  })

  test('takes a point without a finite objective for none', () => {
    const nan: Curve = { points: [{ tokens: 100, objective: Number.NaN }], ended: false }
    for (const rule of [median, halving]) {
      expect(shouldStop(rule, nan, [every100(1), every100(1)])).toEqual({
        stop: false,
        reason: 'Nothing has been measured yet.',
      })
      expect(shouldStop(rule, every100(9), [nan, nan, every100(1)]).stop).toBe(false)
      expect(shouldStop(rule, every100(9), [nan, every100(1), every100(1)]).stop).toBe(true)
      expect(
        shouldStop(rule, every100(9, Number.NaN), [every100(1), every100(1), every100(5)]).stop,
      ).toBe(true)
    }
  })

  test('leaves a trial alone that has ended', () => {
    const own = { ...every100(9), ended: true }
    const others = [every100(1), every100(1)]
    for (const rule of [median, halving]) {
      expect(shouldStop(rule, own, others)).toEqual({ stop: false, reason: 'The trial has ended.' })
    }
  })
})
