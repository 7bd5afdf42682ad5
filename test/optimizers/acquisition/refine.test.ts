import fc from 'fast-check'
import { solveQP } from 'quadprog'
import { describe, expect, test } from 'vitest'
import {
  type MixtureObjective,
  proposeCandidates,
  refine,
} from '../../../src/optimizers/acquisition/index.js'
import {
  compileSpace,
  largestViolation,
  projectEuclidean,
  type Space,
} from '../../../src/optimizers/mixture/index.js'
import { createRng } from '../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'
import { anchoredSpaces, pointIn } from '../mixture/random-spaces.js'

const named = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `d${i}` }))

/** −½ Σ curvature (w − centre)². */
const bowl =
  (centre: ArrayLike<number>, curvature: ArrayLike<number>): MixtureObjective =>
  (weights, gradient) => {
    let value = 0
    for (let j = 0; j < weights.length; j++) {
      const step = weights[j] - centre[j]
      value -= 0.5 * curvature[j] * step * step
      gradient[j] = -curvature[j] * step
    }
    return value
  }

describe('refine', () => {
  test.each([0, 3])('finds the nearest mixture to a point (%s groups)', (groups) => {
    fc.assert(
      fc.property(
        anchoredSpaces(groups, 8).chain(({ space, anchor }) =>
          fc.record({
            space: fc.constant(space),
            anchor: fc.constant(anchor),
            centre: pointIn(anchor.length, -1, 1),
          }),
        ),
        ({ space, anchor, centre }) => {
          const ones = new Float64Array(centre.length).fill(1)
          const { weights } = refine(space, rowMatrixFrom([anchor]), bowl(centre, ones))
          expect(largestViolation(space, weights)).toBeLessThan(1e-9)
          projectEuclidean(space, centre).forEach((weight, j) => {
            expect(Math.abs(weights[j] - weight)).toBeLessThan(1e-5)
          })
        },
      ),
      { numRuns: 200 },
    )
  })

  test('finds the solution of quadratic programs with bounds and groups', () => {
    const space = compileSpace({
      domains: named(8).map((domain, i) => ({ ...domain, maxWeight: 0.4, minWeight: 0.01 * i })),
      groups: [
        { name: 'g', domains: ['d0', 'd1', 'd2'], minWeight: 0.2, maxWeight: 0.3 },
        { name: 'h', domains: ['d2', 'd3', 'd4'], maxWeight: 0.35 },
      ],
    })
    fc.assert(
      fc.property(
        pointIn(8, -0.5, 0.8),
        fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 8, maxLength: 8 }),
        (centre, exponents) => {
          const curvature = exponents.map((exponent) => 10 ** exponent)
          const start = rowMatrixFrom([space.prior])
          const { weights } = refine(space, start, bowl(centre, curvature), {
            maxIterations: 300,
            tolerance: 1e-9,
          })
          expect(largestViolation(space, weights)).toBeLessThan(1e-9)
          solved(space, centre, curvature).forEach((weight, j) => {
            expect(Math.abs(weights[j] - weight)).toBeLessThan(1e-5)
          })
        },
      ),
      { numRuns: 100 },
    )
  })

  test('brings no less the longer it may climb, also where single steps lead down', () => {
    const space = compileSpace({ domains: named(8) })
    const rng = createRng(5, 'curvature')
    const curvature = Array.from({ length: 8 }, () => 10 ** (4 * rng.uniform()))
    const centre = Array.from({ length: 8 }, () => 0.125 + 0.2 * rng.normal())
    const values: number[] = []
    for (let maxIterations = 0; maxIterations < 60; maxIterations++) {
      const start = rowMatrixFrom([space.prior])
      values.push(refine(space, start, bowl(centre, curvature), { maxIterations }).value)
    }
    values.slice(1).forEach((value, k) => {
      expect(value).toBeGreaterThanOrEqual(values[k])
    })
    expect(values[59]).toBeGreaterThan(values[0])
  })

  test('is as good as the best of a grid, where there are several hills', () => {
    const spaces = [
      compileSpace({ domains: named(3) }),
      compileSpace({
        domains: [
          { name: 'a', maxWeight: 0.55 },
          { name: 'b', minWeight: 0.07 },
          { name: 'c', maxWeight: 0.71 },
        ],
        groups: [{ name: 'g', domains: ['a', 'c'], minWeight: 0.3, maxWeight: 0.83 }],
      }),
    ]
    for (let seed = 0; seed < 10; seed++)
      for (const space of spaces) {
        const objective = hills(seed)
        const starts = proposeCandidates(space, { count: 40, best: [], rng: createRng(seed) })
        const found = refine(space, starts, objective)
        expect(largestViolation(space, found.weights)).toBeLessThan(1e-9)
        expect(objective(found.weights, new Float64Array(3))).toBe(found.value)
        expect(found.value).toBeGreaterThan(bestOfGrid(space, objective) - 1e-9)
      }
  })

  test('is never worse than a start, whatever the gradient says', () => {
    fc.assert(
      fc.property(anchoredSpaces(2, 6), fc.integer(), ({ space, anchor }, seed) => {
        const rng = createRng(seed, 'gradient')
        const values: number[] = []
        const objective: MixtureObjective = (weights, gradient) => {
          gradient.forEach((_, j) => {
            const kind = rng.integer(8)
            gradient[j] = [Number.NaN, Number.POSITIVE_INFINITY, -1e300][kind] ?? rng.normal()
          })
          const value = Math.sin(40 * weights[0]) + (rng.integer(10) === 0 ? Number.NaN : 0)
          values.push(value)
          return value
        }
        const { weights, value } = refine(space, rowMatrixFrom([anchor]), objective)
        const known = values.filter((own) => !Number.isNaN(own))
        if (!Number.isNaN(values[0])) expect(value).toBeGreaterThanOrEqual(values[0])
        if (known.length > 0) expect(value).toBeLessThanOrEqual(Math.max(...known))
        expect(largestViolation(space, weights)).toBeLessThan(1e-9)
      }),
      { numRuns: 150 },
    )
  })

  test('leaves a corner where derivatives are infinite', () => {
    const space = compileSpace({ domains: named(5) })
    const roots: MixtureObjective = (weights, gradient) => {
      weights.forEach((weight, j) => {
        gradient[j] = 0.5 / Math.sqrt(weight)
      })
      return weights.reduce((sum, weight) => sum + Math.sqrt(weight), 0)
    }
    const { weights, value } = refine(space, rowMatrixFrom([[1, 0, 0, 0, 0]]), roots)
    expect(value).toBeCloseTo(Math.sqrt(5), 8)
    for (const weight of weights) expect(weight).toBeCloseTo(0.2, 4)
  })

  test('is not held up by a huge derivative that pulls a weight below 0', () => {
    const space = compileSpace({ domains: named(3) })
    const repelled: MixtureObjective = (weights, gradient) => {
      const value = bowl([0.7, 0.3, 0], [1, 1, 1])(weights, gradient)
      gradient[2] -= 0.5 / Math.sqrt(Math.max(1e-18, weights[2]))
      return value - Math.sqrt(weights[2])
    }
    const { weights } = refine(space, rowMatrixFrom([[0.2, 0.8, 0]]), repelled)
    ;[0.7, 0.3, 0].forEach((weight, j) => {
      expect(weights[j]).toBeCloseTo(weight, 5)
    })
  })

  test('moves none of the weights of which the gradient knows nothing', () => {
    const space = compileSpace({ domains: named(3) })
    const { weights } = refine(space, rowMatrixFrom([[0.5, 0.3, 0.2]]), (at, gradient) => {
      gradient.fill(Number.NaN)
      return -at[0]
    })
    expect([...weights]).toEqual([0.5, 0.3, 0.2])
  })

  test('stays at the start that is best where no value is known, and where there is no room', () => {
    const point = compileSpace({ domains: named(4).map((own) => ({ ...own, maxWeight: 0.25 })) })
    const flat = refine(point, rowMatrixFrom([[1, 0, 0, 0]]), bowl([1, 0, 0, 0], [1, 1, 1, 1]))
    for (const weight of flat.weights) expect(weight).toBeCloseTo(0.25, 12)
    const space = compileSpace({ domains: named(2) })
    const unknown = refine(space, rowMatrixFrom([[0.4, 0.6]]), () => Number.NaN)
    expect(unknown).toEqual({
      weights: Float64Array.of(0.4, 0.6),
      value: Number.NEGATIVE_INFINITY,
    })
  })

  test('keeps starts as they are and moves those outside the space into it', () => {
    const space = compileSpace({ domains: [{ name: 'a', maxWeight: 0.5 }, { name: 'b' }] })
    const value = (start: number[]) =>
      refine(space, rowMatrixFrom([start]), bowl([1, 0], [1, 1]), { maxIterations: 0 })
    expect([...value([0.3, 0.7]).weights]).toEqual([0.3, 0.7])
    expect([...value([0.9, 0.1]).weights]).toEqual([0.5, 0.5])
    expect(() => refine(space, rowMatrixFrom([], 2), bowl([1, 0], [1, 1]))).toThrow('start')
  })
})

/** The same by Goldfarb and Idnani's active-set method. */
function solved(space: Space, centre: number[], curvature: number[]): number[] {
  const m = centre.length
  const indicator = (members: Iterable<number>, sign: number) => {
    const row = new Array<number>(m).fill(0)
    for (const j of members) row[j] = sign
    return row
  }
  const rows: [number[], number][] = [[indicator(space.lower.keys(), 1), 1]]
  for (const { members, minimum, maximum } of space.groups) {
    rows.push([indicator(members, 1), minimum], [indicator(members, -1), -maximum])
  }
  space.lower.forEach((low, j) => {
    rows.push([indicator([j], 1), low], [indicator([j], -1), -space.upper[j]])
  })
  const square = curvature.map((own, j) => [0, ...indicator([j], own)])
  const linear = curvature.map((own, j) => own * centre[j])
  const columns = centre.map((_, j) => [0, ...rows.map(([row]) => row[j])])
  const limits = rows.map(([, limit]) => limit)
  const { solution } = solveQP([[], ...square], [0, ...linear], [[], ...columns], [0, ...limits], 1)
  return solution.slice(1)
}

/** A sum of waves in random directions, with its gradient. */
function hills(seed: number): MixtureObjective {
  const rng = createRng(seed, 'hills')
  const waves = Array.from({ length: 4 }, () => ({
    direction: [0, 1, 2].map(() => 4 * rng.normal()),
    phase: 6 * rng.uniform(),
  }))
  return (weights, gradient) => {
    gradient.fill(0)
    let value = 0
    for (const { direction, phase } of waves) {
      const angle = direction.reduce((sum, step, j) => sum + step * weights[j], phase)
      value += Math.sin(angle)
      direction.forEach((step, j) => {
        gradient[j] += step * Math.cos(angle)
      })
    }
    return value
  }
}

function bestOfGrid(space: Space, objective: MixtureObjective): number {
  const steps = 300
  const gradient = new Float64Array(3)
  let best = Number.NEGATIVE_INFINITY
  for (let i = 0; i <= steps; i++)
    for (let k = 0; k <= steps - i; k++) {
      const weights = Float64Array.of(i / steps, k / steps, (steps - i - k) / steps)
      if (largestViolation(space, weights) > 1e-12) continue
      best = Math.max(best, objective(weights, gradient))
    }
  return best
}
