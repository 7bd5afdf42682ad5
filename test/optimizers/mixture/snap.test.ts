import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  apportion,
  compileSpace,
  largestViolation,
  projectEuclidean,
  type Space,
  snap,
} from '../../../src/optimizers/mixture/index.js'
import { anchoredSpaces, pointIn } from './random-spaces.js'

const isMultiple = (weight: number, steps: number) =>
  Math.abs(weight * steps - Math.round(weight * steps)) < 1e-7

const named = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `d${i}` }))

/** A random mixture of a random space: often at its bounds, as the nearest to a point anywhere. */
const mixtures = (mostGroups: number) =>
  anchoredSpaces(mostGroups, 8).chain(({ space }) =>
    pointIn(space.names.length, -0.5, 1).map((point) => ({
      space,
      weights: projectEuclidean(space, point),
    })),
  )

describe('snap', () => {
  test('is the largest remainder where nothing is in its way', () => {
    fc.assert(
      fc.property(pointIn(9, 0, 1), fc.integer({ min: 1, max: 2000 }), (point, steps) => {
        const space = compileSpace({ domains: named(9) })
        const weights = projectEuclidean(space, point)
        const expected = apportion(weights, steps).map((count) => count / steps)
        snap(space, weights, steps).forEach((weight, i) => {
          expect(weight).toBeCloseTo(expected[i], 12)
        })
      }),
    )
    const space = compileSpace({ domains: named(3) })
    expect([...snap(space, [0.12345, 0.2, 0.67655])]).toEqual([0.123, 0.2, 0.677])
    expect([...snap(space, [0.5, 0.3, 0.2], 4)]).toEqual([0.5, 0.25, 0.25])
  })

  test.each([0, 3])(
    'keeps to every constraint, and to multiples where it changes anything (%s groups)',
    (groups) => {
      let changed = 0
      fc.assert(
        fc.property(
          mixtures(groups),
          fc.constantFrom(10, 128, 1000),
          ({ space, weights }, steps) => {
            const snapped = snap(space, weights, steps)
            expect(largestViolation(space, snapped)).toBeLessThan(1e-9)
            if (snapped.every((weight, i) => weight === weights[i])) return
            changed += 1
            const between = [...snapped.keys()].filter((i) => !isMultiple(snapped[i], steps))
            const stays = (i: number) =>
              staysBetween(space, weights, i) && Math.abs(snapped[i] - weights[i]) < 1e-12
            // One takes what the multiples leave when others have to stay where they are.
            expect(between.filter((i) => !stays(i)).length).toBeLessThanOrEqual(1)
          },
        ),
        { numRuns: 400 },
      )
      expect(changed).toBeGreaterThan(40)
    },
  )

  test('keeps weights at bounds that are no multiples exactly there', () => {
    const space = compileSpace({
      domains: [
        { name: 'a' },
        { name: 'b', maxWeight: 0.08237 },
        { name: 'c', minWeight: 0.0125 },
        { name: 'd', fixedWeight: 0.10004 },
        { name: 'e' },
      ],
    })
    const [a, b, c, d, e] = snap(space, [0, 0.08237, 0.0125, 0.10004, 0.80509])
    expect([a, b, c, d]).toEqual([0, 0.08237, 0.0125, 0.10004])
    expect(e).toBeCloseTo(0.80509, 12)
  })

  test('rounds the other way where a bound is in between', () => {
    const space = compileSpace({
      domains: [{ name: 'a', maxWeight: 0.08265 }, { name: 'b' }, { name: 'c' }],
    })
    expectWeights(snap(space, [0.0826, 0.8172, 0.1002]), [0.082, 0.818, 0.1])
  })

  test('moves steps into and out of groups until their limits hold', () => {
    const space = compileSpace({
      domains: named(5),
      groups: [
        { name: 'g', domains: ['d0', 'd1', 'd2'], maxWeight: 0.5 },
        { name: 'h', domains: ['d2', 'd3'], minWeight: 0.4 },
      ],
    })
    const snapped = snap(space, [0.1667, 0.1666, 0.1667, 0.2333, 0.2667])
    expect(largestViolation(space, snapped)).toBeLessThan(1e-12)
    expect([...snapped].every((weight) => isMultiple(weight, 1000))).toBe(true)
  })

  test('takes the step from the domain that was rounded up most', () => {
    const space = compileSpace({
      domains: named(4),
      groups: [{ name: 'g', domains: ['d0', 'd1'], maxWeight: 0.55 }],
    })
    expectWeights(snap(space, [0.276, 0.266, 0.225, 0.233], 10), [0.3, 0.2, 0.2, 0.3])
  })

  test('finds multiples wherever there are some next to the weights', () => {
    const steps = 8
    const units = fc.integer({ min: 0, max: steps })
    const limits = fc.tuple(units, units).map((pair) => ({
      minWeight: Math.min(...pair) / steps,
      maxWeight: Math.max(...pair) / steps,
    }))
    let found = 0
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: steps }), { minLength: 4, maxLength: 4 }),
        limits,
        limits,
        pointIn(4, -0.5, 1),
        (caps, one, other, point) => {
          const space = compileSpace({
            domains: caps.map((cap, i) => ({ name: `d${i}`, maxWeight: cap / steps })),
            groups: [
              { name: 'g', domains: ['d0', 'd1'], ...one },
              { name: 'h', domains: ['d1', 'd2'], ...other },
            ],
          })
          let weights: Float64Array
          try {
            weights = projectEuclidean(space, point)
          } catch {
            return
          }
          if (!hasMultiplesNearby(space, weights, steps)) return
          found += 1
          const snapped = snap(space, weights, steps)
          expect([...snapped].every((weight) => isMultiple(weight, steps))).toBe(true)
        },
      ),
      { numRuns: 1000 },
    )
    expect(found).toBeGreaterThan(300)
  })

  test('gives the weights back, as a copy, where no multiples meet the constraints', () => {
    const space = compileSpace({
      domains: named(4),
      groups: [{ name: 'g', domains: ['d0', 'd1'], minWeight: 0.33337, maxWeight: 0.33337 }],
    })
    const weights = projectEuclidean(space, [0.2, 0.1, 0.4, 0.3])
    const snapped = snap(space, weights)
    expect(snapped).toEqual(weights)
    expect(snapped).not.toBe(weights)
    const point = compileSpace({
      domains: [
        { name: 'a', fixedWeight: 0.12345 },
        { name: 'b', fixedWeight: 0.87655 },
      ],
    })
    expect([...snap(point, [0.12345, 0.87655])]).toEqual([0.12345, 0.87655])
  })

  test('refuses steps that are no number of steps, and weights that are none', () => {
    const space = compileSpace({ domains: named(2) })
    for (const steps of [0, -1, 2.5, Number.NaN]) {
      expect(() => snap(space, [0.5, 0.5], steps)).toThrow('integer of at least 1')
    }
    expect(() => snap(space, [Number.NaN, 1])).toThrow(RangeError)
  })
})

function expectWeights(actual: Float64Array, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length)
  expected.forEach((weight, i) => {
    expect(actual[i]).toBeCloseTo(weight, 12)
  })
}

/** Whether a weight is at a bound, or its bounds are so near each other that there may be no multiple between them. */
function staysBetween({ lower, upper }: Space, weights: Float64Array, i: number): boolean {
  const toBound = Math.min(weights[i] - lower[i], upper[i] - weights[i])
  return toBound < 1e-9 || upper[i] - lower[i] < 0.1
}

/** By trying all: every weight a step up, a step down or neither from its multiple below. */
function hasMultiplesNearby(space: Space, weights: Float64Array, steps: number): boolean {
  const below = weights.map((weight) => Math.floor(weight * steps + 1e-9))
  for (let code = 0; code < 2 ** weights.length; code++) {
    const multiples = below.map((count, i) => (count + ((code >> i) & 1)) / steps)
    if (largestViolation(space, multiples) < 1e-12) return true
  }
  return false
}
