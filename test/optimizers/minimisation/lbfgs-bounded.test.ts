import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  minimiseBounded,
  type SmoothObjective,
} from '../../../src/optimizers/minimisation/index.js'
import { createRng } from '../../../src/optimizers/random.js'
import { HOCK_SCHITTKOWSKI, quadraticMinimum, randomQuadratic, rosenbrock } from './problems.js'

const NONE = Number.POSITIVE_INFINITY
const unbounded = (n: number) => ({
  lower: new Array<number>(n).fill(-NONE),
  upper: new Array<number>(n).fill(NONE),
})
const thorough = { gradientTolerance: 1e-9, valueTolerance: 0 }

/** Fails when a point outside the bounds is asked for; remembers the values. */
function watched(
  objective: SmoothObjective,
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
): { objective: SmoothObjective; values: number[] } {
  const values: number[] = []
  return {
    values,
    objective(x, gradient) {
      x.forEach((value, j) => {
        if (!(value >= lower[j] && value <= upper[j])) throw new Error(`x[${j}] is ${value}`)
      })
      const value = objective(x, gradient)
      values.push(value)
      return value
    },
  }
}

describe('without bounds', () => {
  test.each([2, 10])('finds the end of Rosenbrock’s valley in %i variables', (n) => {
    const start = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1.2 : 1))
    const found = minimiseBounded(rosenbrock, start, unbounded(n), thorough)
    expect(found.reason).toBe('gradient')
    found.x.forEach((value) => {
      expect(value).toBeCloseTo(1, 8)
    })
    expect(Math.max(...found.gradient.map(Math.abs))).toBeLessThanOrEqual(1e-9)
  })

  test('solves quadratics whose curvatures span three orders of magnitude', () => {
    for (const seed of [1, 2, 3]) {
      const quadratic = randomQuadratic(12, seed, 1e3)
      const { lower, upper } = unbounded(12)
      const found = minimiseBounded(
        quadratic.objective,
        new Float64Array(12),
        { lower, upper },
        {
          gradientTolerance: 1e-7,
          valueTolerance: 0,
        },
      )
      const exact = Float64Array.from(quadraticMinimum(quadratic, lower, upper))
      const least = quadratic.objective(exact, new Float64Array(12))
      expect(Math.abs(found.value - least)).toBeLessThan(1e-9 * Math.abs(least))
    }
  })

  test('a memory of one pair is enough, only slower', () => {
    const one = minimiseBounded(rosenbrock, [-1.2, 1], unbounded(2), { ...thorough, memory: 1 })
    expect(one.reason).toBe('gradient')
    expect(one.value).toBeLessThan(1e-16)
  })
})

describe('with bounds', () => {
  test.each(HOCK_SCHITTKOWSKI)('solves problem $name of Hock and Schittkowski', (problem) => {
    const { lower, upper, start, solution, value } = problem
    const { objective } = watched(problem.objective, lower, upper)
    const found = minimiseBounded(
      objective,
      start,
      { lower, upper },
      {
        gradientTolerance: 1e-8,
        valueTolerance: 0,
      },
    )
    expect(found.value).toBeCloseTo(value, 7)
    found.x.forEach((entry, j) => {
      // In problem 3 the slope in x₁ is 2e-5 times its distance.
      expect(Math.abs(entry - solution[j])).toBeLessThan(problem.name === '3' ? 1e-3 : 1e-6)
    })
  })

  test('quadratics: the point that the KKT conditions single out among all sets of active bounds', () => {
    const bound = fc.oneof(
      fc.constant(NONE),
      fc.constant(0),
      fc.double({ min: 1e-3, max: 1, noNaN: true }),
    )
    const box = fc.array(fc.tuple(bound, bound), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(box, fc.nat(10_000), (sides, seed) => {
        const lower = sides.map(([below]) => 0 - below)
        const upper = sides.map(([, above]) => above)
        const quadratic = randomQuadratic(sides.length, seed)
        const { objective } = watched(quadratic.objective, lower, upper)
        const start = sides.map(() => 0)
        const found = minimiseBounded(objective, start, { lower, upper }, thorough)
        const expected = quadraticMinimum(quadratic, lower, upper)
        found.x.forEach((value, j) => {
          const isActive = expected[j] === lower[j] || expected[j] === upper[j]
          const slack = isActive ? 1e-15 : 1e-5
          expect(Math.abs(value - expected[j])).toBeLessThan(slack * (1 + Math.abs(expected[j])))
        })
      }),
      { numRuns: 150 },
    )
  })

  /** A bowl with a pull and waves along x_j x_{j+1}: many hollows and saddles. */
  const hilly =
    (pull: readonly number[]): SmoothObjective =>
    (x, gradient) => {
      const n = x.length
      let value = 0
      gradient.fill(0)
      for (let j = 0; j < n; j++) {
        const k = (j + 1) % n
        const slope = 3 * Math.cos(3 * x[j] * x[k])
        value += 0.1 * x[j] ** 2 + pull[j] * x[j] + Math.sin(3 * x[j] * x[k])
        gradient[j] += 0.2 * x[j] + pull[j] + slope * x[k]
        gradient[k] += slope * x[j]
      }
      return value
    }

  test('ends where the projected gradient vanishes, on functions with many hollows', () => {
    const place = fc.double({ min: -2, max: 2, noNaN: true })
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 8 }), fc.nat(1000), (start, seed) => {
        const rng = createRng(seed)
        const bounds = { lower: start.map(() => -1.5), upper: start.map(() => 1) }
        const { objective, values } = watched(
          hilly(start.map(() => rng.normal())),
          bounds.lower,
          bounds.upper,
        )
        const found = minimiseBounded(objective, start, bounds, { valueTolerance: 0 })
        // Rounding of the values may hide the last descent.
        expect(['gradient', 'value', 'line-search']).toContain(found.reason)
        found.x.forEach((value, j) => {
          const moved = Math.min(1, Math.max(-1.5, value - found.gradient[j]))
          expect(Math.abs(moved - value)).toBeLessThan(1e-4)
        })
        expect(values).toContain(found.value)
        expect(found.value).toBeLessThanOrEqual(values[0])
      }),
      { numRuns: 300 },
    )
  })

  test('does not come to rest on a slope, as the iterates of SciPy 1.10 do here', () => {
    const pull = [
      0.940135006427528, -0.0155111328604546, -1.02929652027915, 0.0142144241928749,
      -0.023486002551664,
    ]
    const bounds = { lower: pull.map(() => -1.5), upper: pull.map(() => 1) }
    const found = minimiseBounded(hilly(pull), new Float64Array(5), bounds, { valueTolerance: 0 })
    expect(found.reason).toBe('gradient')
  })

  test('a start outside the box is brought inside', () => {
    const bounds = { lower: [-1.5, -0.5], upper: [0.5, 0.6] }
    const { objective } = watched(rosenbrock, bounds.lower, bounds.upper)
    const found = minimiseBounded(objective, [40, -NONE], bounds, thorough)
    // On x₁ = ½ the valley is at x₂ = ¼.
    expect(found.x[0]).toBe(0.5)
    expect(found.x[1]).toBeCloseTo(0.25, 8)
  })

  test('variables whose bounds are equal stay there', () => {
    const bounds = { lower: [-NONE, 0.25, -NONE], upper: [NONE, 0.25, NONE] }
    const found = minimiseBounded(rosenbrock, [3, 3, 3], bounds, thorough)
    expect(found.x[1]).toBe(0.25)
    expect(found.x[2]).toBeCloseTo(0.0625, 8)
    const slope = -400 * (0.25 - found.x[0] ** 2) * found.x[0] - 2 * (1 - found.x[0])
    expect(Math.abs(slope)).toBeLessThan(1e-8)
    const fixed = minimiseBounded(rosenbrock, [9, 9], { lower: [2, 3], upper: [2, 3] })
    expect(fixed).toMatchObject({ reason: 'gradient', evaluations: 1, value: 101 })
    expect([...fixed.x]).toEqual([2, 3])
  })

  test('goes to a bound that is far away in few evaluations, each lower than the last', () => {
    const slope: SmoothObjective = ([x], gradient) => {
      gradient[0] = -2
      return -2 * x
    }
    const bounds = { lower: [-NONE], upper: [1e6] }
    const all = minimiseBounded(slope, [0], bounds)
    expect([...all.x]).toEqual([1e6])
    expect(all.evaluations).toBeLessThan(30)
    for (let most = 1; most < all.evaluations; most++) {
      const { objective, values } = watched(slope, bounds.lower, bounds.upper)
      const found = minimiseBounded(objective, [0], bounds, { maxEvaluations: most })
      expect(found.value).toBe(Math.min(...values))
    }
  })
})

describe('where the objective is not finite', () => {
  /** Σ (c_j x_j − ln x_j), which only has a value where all x > 0: least at 1 / c. */
  const barrier =
    (outside: number): SmoothObjective =>
    (x, gradient) => {
      let value = 0
      for (let j = 0; j < x.length; j++) {
        if (!(x[j] > 0)) return outside
        value += (j + 1) * x[j] - Math.log(x[j])
        gradient[j] = j + 1 - 1 / x[j]
      }
      return value
    }

  test.each([Number.NaN, NONE, -NONE])('steps back from where it is %f', (outside) => {
    const start = new Float64Array(6).fill(20)
    const found = minimiseBounded(barrier(outside), start, unbounded(6), thorough)
    found.x.forEach((value, j) => {
      expect(value).toBeCloseTo(1 / (j + 1), 6)
    })
  })

  test('steps back from where only the gradient is not a number', () => {
    const objective: SmoothObjective = ([x], gradient) => {
      gradient[0] = x > 2 ? Number.NaN : 2 * (x - 1.5)
      return (x - 1.5) ** 2
    }
    const found = minimiseBounded(objective, [-40], unbounded(1), thorough)
    expect(found.x[0]).toBeCloseTo(1.5, 8)
  })

  test('goes down to an edge of the domain and stays inside', () => {
    const objective: SmoothObjective = ([x, y], gradient) => {
      gradient[0] = 1
      gradient[1] = 2 * y
      return x < 0.25 ? Number.NaN : x + y * y
    }
    const found = minimiseBounded(objective, [3, 3], unbounded(2))
    expect(found.x[0]).toBeGreaterThanOrEqual(0.25)
    expect(found.x[0]).toBeLessThan(0.2501)
    expect(found.evaluations).toBeLessThan(1000)
  })

  test('says so when it is at the start', () => {
    const found = minimiseBounded(barrier(Number.NaN), [1, -1], unbounded(2))
    expect(found).toMatchObject({ reason: 'not-finite', iterations: 0, evaluations: 1 })
    expect(found.value).toBeNaN()
  })
})

describe('when to stop', () => {
  test('at once where the gradient is 0, or points out of the box', () => {
    const here = minimiseBounded(rosenbrock, [1, 1], unbounded(2))
    expect(here).toMatchObject({ reason: 'gradient', iterations: 0, evaluations: 1, value: 0 })
    const corner = minimiseBounded(rosenbrock, [2, 2], { lower: [2, 1], upper: [3, 2] })
    expect(corner).toMatchObject({ reason: 'gradient', iterations: 0, evaluations: 1 })
  })

  const start = [-1.2, 1, -1.2, 1]
  const bounds = { lower: [-NONE, -2, -NONE, -2], upper: [NONE, 2, NONE, 2] }

  test('never after more evaluations than allowed, with the lowest point of the last step', () => {
    const all = minimiseBounded(rosenbrock, start, bounds)
    for (let most = 1; most <= all.evaluations; most++) {
      const { objective, values } = watched(rosenbrock, bounds.lower, bounds.upper)
      const found = minimiseBounded(objective, start, bounds, { maxEvaluations: most })
      expect([found.evaluations, values.length]).toEqual([most, most])
      if (most < all.evaluations) expect(found.reason).toBe('evaluations')
      else expect(found).toEqual(all)
      expect(values).toContain(found.value)
      expect(found.value).toBeLessThanOrEqual(values[0])
      const gradient = new Float64Array(4)
      expect(rosenbrock(found.x, gradient)).toBe(found.value)
      expect(found.gradient).toEqual(gradient)
    }
  })

  test('never after more iterations than allowed, each of which lowers the value', () => {
    const all = minimiseBounded(rosenbrock, start, bounds)
    let before = NONE
    for (let most = 0; most < all.iterations; most++) {
      const found = minimiseBounded(rosenbrock, start, bounds, { maxIterations: most })
      expect(found).toMatchObject({ reason: 'iterations', iterations: most })
      expect(found.value).toBeLessThan(before)
      before = found.value
    }
  })

  test('when a step gains less than the tolerance', () => {
    const seen: number[] = []
    for (const valueTolerance of [1e-2, 1e-4, 1e-8]) {
      const found = minimiseBounded(rosenbrock, [-1.2, 1], unbounded(2), {
        valueTolerance,
        gradientTolerance: 0,
      })
      expect(found.reason).toBe('value')
      seen.push(found.iterations)
      const previous = minimiseBounded(rosenbrock, [-1.2, 1], unbounded(2), {
        maxIterations: found.iterations - 1,
        gradientTolerance: 0,
        valueTolerance: 0,
      })
      const scale = Math.max(previous.value, 1)
      expect(previous.value - found.value).toBeLessThanOrEqual(valueTolerance * scale)
    }
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  })

  test('when the gradient is wrong and no step leads down', () => {
    const uphill: SmoothObjective = (x, gradient) => {
      gradient[0] = -2 * x[0]
      return x[0] ** 2
    }
    const found = minimiseBounded(uphill, [1], unbounded(1))
    expect(found).toMatchObject({ reason: 'line-search', value: 1 })
    expect(found.evaluations).toBeLessThan(60)
  })
})

test('refuses what makes no sense, and leaves the start as it is', () => {
  const start = Float64Array.of(5, 5)
  const bounds = { lower: [0, 0], upper: [1, 1] }
  minimiseBounded(rosenbrock, start, bounds)
  expect([...start]).toEqual([5, 5])
  const attempt = (lower: number[], upper: number[], from: number[], options = {}) => {
    expect(() => minimiseBounded(rosenbrock, from, { lower, upper }, options)).toThrow(RangeError)
  }
  attempt([0, 2], [1, 1], [0, 0])
  attempt([0, Number.NaN], [1, 1], [0, 0])
  attempt([0, NONE], [1, NONE], [0, 0])
  attempt([0, 0], [1], [0, 0])
  attempt([0, 0], [1, 1], [0])
  attempt([0, 0], [1, 1], [0, Number.NaN])
  attempt([0, 0], [1, 1], [0, 0], { memory: 0 })
  attempt([0, 0], [1, 1], [0, 0], { maxEvaluations: 0 })
})
