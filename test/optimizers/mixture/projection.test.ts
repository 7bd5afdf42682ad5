import fc from 'fast-check'
import { solveQP } from 'quadprog'
import { describe, expect, test } from 'vitest'
import { InvalidInputError } from '../../../src/optimizers/issue.js'
import {
  compileSpace,
  largestViolation,
  projectEuclidean,
  projectKl,
} from '../../../src/optimizers/mixture/index.js'
import type { Space } from '../../../src/optimizers/mixture/types.js'
import { createRng } from '../../../src/optimizers/random.js'
import { type AnchoredSpace, anchoredSpaces, pointIn } from './random-spaces.js'

const withPoint = (spaces: fc.Arbitrary<AnchoredSpace>, minimum: number, maximum: number) =>
  spaces.chain(({ space, anchor }) =>
    fc.record({
      space: fc.constant(space),
      anchor: fc.constant(anchor),
      point: pointIn(space.names.length, minimum, maximum),
    }),
  )

/** Other feasible mixtures: projections of random points, and segments from them to the anchor. */
function feasibleMixtures(space: Space, anchor: Float64Array): Float64Array[] {
  const rng = createRng(1, 'feasible')
  const far = Array.from({ length: 8 }, () =>
    projectEuclidean(
      space,
      anchor.map(() => rng.normal()),
    ),
  )
  return [anchor, ...far, ...far.map((w) => w.map((value, i) => (value + anchor[i]) / 2))]
}

const squaredDistance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0)

/** min ½‖w − point‖² by quadprog's dual active-set method, with 1-based arrays; undefined where that gives up. */
function byQuadprog(space: Space, point: readonly number[]): number[] | undefined {
  const m = point.length
  const rows: number[][] = [new Array(m).fill(1)]
  const limits = [1]
  for (let i = 0; i < m; i++) {
    const unit = point.map((_, j) => (i === j ? 1 : 0))
    rows.push(
      unit,
      unit.map((value) => -value),
    )
    limits.push(space.lower[i], -space.upper[i])
  }
  const identity = [[], ...point.map((_, i) => [0, ...point.map((__, j) => (i === j ? 1 : 0))])]
  const matrix = [
    new Array(rows.length + 1).fill(0),
    ...point.map((_, i) => [0, ...rows.map((row) => row[i])]),
  ]
  const { solution, message } = solveQP(identity, [0, ...point], matrix, [0, ...limits], 1)
  return message === '' ? solution.slice(1) : undefined
}

describe('projectEuclidean', () => {
  test.each([
    ['without groups', 0],
    ['with overlapping groups', 4],
  ])('is feasible, idempotent and nearest (variational inequality), %s', (_, groups) => {
    fc.assert(
      fc.property(withPoint(anchoredSpaces(groups), -3, 3), ({ space, anchor, point }) => {
        const w = projectEuclidean(space, point)
        expect(largestViolation(space, w)).toBeLessThan(1e-9)
        const again = projectEuclidean(space, w)
        expect(squaredDistance(again, w)).toBeLessThan(1e-18)
        for (const other of feasibleMixtures(space, anchor)) {
          const slope = w.reduce(
            (sum, value, i) => sum + (value - point[i]) * (other[i] - value),
            0,
          )
          expect(slope).toBeGreaterThan(-1e-8)
        }
      }),
      { numRuns: 400 },
    )
  })

  test('equals a dual active-set method on capped simplices', () => {
    let compared = 0
    fc.assert(
      fc.property(withPoint(anchoredSpaces(0), -2, 2), ({ space, point }) => {
        const expected = byQuadprog(space, point)
        if (!expected) return
        compared += 1
        expect(squaredDistance(projectEuclidean(space, point), expected)).toBeLessThan(1e-16)
      }),
      { numRuns: 300 },
    )
    expect(compared).toBeGreaterThan(200)
  })

  test('a case by hand: the simplex, a cap, a group', () => {
    const domains = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]
    expect([...projectEuclidean(compileSpace({ domains }), [0.9, 0.5, -1])]).toEqual([
      expect.closeTo(0.7, 14),
      expect.closeTo(0.3, 14),
      0,
    ])
    const capped = compileSpace({ domains: [{ name: 'a', maxWeight: 0.5 }, ...domains.slice(1)] })
    expect([...projectEuclidean(capped, [0.9, 0.5, -1])]).toEqual([0.5, expect.closeTo(0.5, 14), 0])
    const grouped = compileSpace({
      domains,
      groups: [{ name: 'ab', domains: ['a', 'b'], maxWeight: 0.6 }],
    })
    const w = projectEuclidean(grouped, [0.5, 0.3, 0.2])
    expect([...w]).toEqual([0.4, 0.2, 0.4].map((value) => expect.closeTo(value, 12)))
  })

  test('points far away lose no feasibility', () => {
    fc.assert(
      fc.property(withPoint(anchoredSpaces(3), -1e12, 1e12), ({ space, point }) => {
        expect(largestViolation(space, projectEuclidean(space, point))).toBeLessThan(1e-9)
      }),
      { numRuns: 300 },
    )
  })
})

describe('projectKl', () => {
  test.each([
    ['without groups', 0],
    ['with overlapping groups', 4],
  ])(
    'is feasible, idempotent and of least divergence (variational inequality), %s',
    (_, groups) => {
      fc.assert(
        fc.property(withPoint(anchoredSpaces(groups), 1e-4, 1), ({ space, anchor, point }) => {
          const w = projectKl(space, point)
          expect(largestViolation(space, w)).toBeLessThan(1e-9)
          expect(squaredDistance(projectKl(space, w), w)).toBeLessThan(1e-16)
          for (const other of feasibleMixtures(space, anchor)) {
            // ∂KL/∂w_i = ln(w_i / p_i) + 1; where w_i = 0 it is −∞ and only 0 can be allowed there.
            let slope = 0
            other.forEach((value, i) => {
              const safe = Math.max(w[i], 1e-300)
              slope += (Math.log(safe / point[i]) + 1) * (value - w[i])
            })
            expect(slope).toBeGreaterThan(-1e-7)
          }
        }),
        { numRuns: 400, seed: 1 },
      )
    },
  )

  test('does not depend on the scale of the point, over 600 orders of magnitude', () => {
    fc.assert(
      fc.property(withPoint(anchoredSpaces(3), 1e-3, 1), ({ space, point }) => {
        const w = projectKl(space, point)
        for (const scale of [1e-300, 1e300]) {
          const scaled = projectKl(
            space,
            point.map((value) => value * scale),
          )
          expect(squaredDistance(scaled, w)).toBeLessThan(1e-18)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('free entries keep their proportions', () => {
    const space = compileSpace({
      domains: [
        { name: 'a', maxWeight: 0.2 },
        { name: 'b', minWeight: 0.3 },
        { name: 'c' },
        { name: 'd' },
      ],
    })
    const w = projectKl(space, [0.6, 0.1, 0.2, 0.1])
    expect([...w]).toEqual([0.2, 0.3, expect.closeTo(1 / 3, 14), expect.closeTo(1 / 6, 14)])
  })

  test('groups scale their members by one factor each', () => {
    const space = compileSpace({
      domains: ['a', 'b', 'c', 'd'].map((name) => ({ name })),
      groups: [{ name: 'ab', domains: ['a', 'b'], maxWeight: 0.3 }],
    })
    const w = projectKl(space, [0.4, 0.2, 0.3, 0.1])
    expect([...w]).toEqual([0.2, 0.1, 0.525, 0.175].map((value) => expect.closeTo(value, 12)))
  })

  test('zeros stay 0 unless the constraints force weight on them', () => {
    const domains = [
      { name: 'a', maxWeight: 0.5 },
      { name: 'b', maxWeight: 0.3 },
      { name: 'c' },
      { name: 'd' },
    ]
    const space = compileSpace({ domains })
    expect([...projectKl(space, [1, 0, 3, 0])]).toEqual([0.25, 0, 0.75, 0])
    expect([...projectKl(space, [1, 0, 0, 0])]).toEqual([
      0.5,
      expect.closeTo(1 / 6, 14),
      expect.closeTo(1 / 6, 14),
      expect.closeTo(1 / 6, 14),
    ])
    expect([...projectKl(space, [0, 0, 0, 0])]).toEqual([0.25, 0.25, 0.25, 0.25])
    const grouped = compileSpace({
      domains,
      groups: [{ name: 'cd', domains: ['c', 'd'], minWeight: 0.6 }],
    })
    expect(
      [...projectKl(grouped, [1, 1, 1, 0])].map((value) => Math.round(value * 1e9) / 1e9),
    ).toEqual([0.2, 0.2, 0.6, 0])
    expect(projectKl(grouped, [1, 1, 1, 0])[3]).toBe(0)
    expect([...projectKl(grouped, [1, 1, 0, 0])]).toEqual(
      [0.2, 0.2, 0.3, 0.3].map((value) => expect.closeTo(value, 9)),
    )
  })

  test('any sparse point on any feasible space is projected to a feasible mixture', () => {
    const sparse = anchoredSpaces(4).chain(({ space }) =>
      fc.record({
        space: fc.constant(space),
        point: fc.array(
          fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(1e-320)),
          { minLength: space.names.length, maxLength: space.names.length },
        ),
      }),
    )
    fc.assert(
      fc.property(sparse, ({ space, point }) => {
        expect(largestViolation(space, projectKl(space, point))).toBeLessThan(1e-9)
      }),
      { numRuns: 500 },
    )
  })
})

describe('both projections', () => {
  const space = compileSpace({
    domains: [{ name: 'a', maxWeight: 0.5 }, { name: 'b' }, { name: 'c' }],
    groups: [{ name: 'ab', domains: ['a', 'b'], maxWeight: 0.7 }],
  })

  test('write where they are told, also over the point itself', () => {
    for (const project of [projectEuclidean, projectKl]) {
      const point = Float64Array.of(0.8, 0.3, 0.1)
      const expected = project(space, [...point])
      const out = new Float64Array(3)
      expect(project(space, point, out)).toBe(out)
      expect(out).toEqual(expected)
      expect(project(space, point, point)).toBe(point)
      expect(point).toEqual(expected)
    }
  })

  test('refuse points of the wrong length or that are not numbers', () => {
    expect(() => projectEuclidean(space, [0.5, 0.5])).toThrow(RangeError)
    expect(() => projectEuclidean(space, [Number.NaN, 0, 0])).toThrow(RangeError)
    expect(() => projectKl(space, [0.5, -1e-9, 0.5])).toThrow(RangeError)
    expect(() => projectKl(space, [0.5, Number.POSITIVE_INFINITY, 0.5])).toThrow(RangeError)
  })

  test('refuse spaces that hold no mixture, and say why', () => {
    const empty = compileSpace({
      domains: [
        { name: 'a', maxWeight: 0.5 },
        { name: 'b', maxWeight: 0.1 },
      ],
    })
    const pairs = (maxWeight: number) =>
      compileSpace({
        domains: ['a', 'b', 'c'].map((name) => ({ name })),
        groups: [
          { name: 'ab', domains: ['a', 'b'], maxWeight },
          { name: 'bc', domains: ['b', 'c'], maxWeight },
          { name: 'ac', domains: ['a', 'c'], maxWeight },
        ],
      })
    expect(() => projectKl(empty, [1, 1])).toThrow(InvalidInputError)
    expect(() => projectKl(pairs(0.6), [1, 1, 1])).toThrow(InvalidInputError)
    expect(() => projectEuclidean(pairs(0.66), [1, 0, 0])).toThrow(InvalidInputError)
    const thirds = [1, 1, 1].map(() => expect.closeTo(1 / 3, 8))
    expect([...projectKl(pairs(2 / 3), [1, 2, 3])]).toEqual(thirds)
    expect([...projectEuclidean(pairs(2 / 3 - 1e-11), [1, 0, 0])]).toEqual(thirds)
  })

  test('hold 1e-9 on a large space with groups', () => {
    const rng = createRng(3, 'large')
    const names = Array.from({ length: 300 }, (_, i) => `d${i}`)
    const large = compileSpace({
      domains: names.map((name) => ({ name, maxWeight: 0.01 + 0.2 * rng.uniform() })),
      groups: Array.from({ length: 20 }, (_, k) => ({
        name: `g${k}`,
        domains: names.filter((__, i) => i % 20 === k || i % 7 === k % 7),
        maxWeight: 0.2,
      })),
    })
    for (let i = 0; i < 5; i++) {
      const point = names.map(() => rng.normal())
      expect(largestViolation(large, projectEuclidean(large, point))).toBeLessThan(1e-9)
      const positive = point.map((value) => Math.exp(3 * value))
      expect(largestViolation(large, projectKl(large, positive))).toBeLessThan(1e-9)
    }
  })
})
