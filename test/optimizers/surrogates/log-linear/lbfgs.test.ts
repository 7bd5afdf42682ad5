import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Lbfgs,
  type SmoothFunction,
} from '../../../../src/optimizers/surrogates/log-linear/lbfgs.js'
import { strongWolfeStep } from '../../../../src/optimizers/surrogates/log-linear/line-search.js'

const rosenbrock: SmoothFunction = {
  size: 2,
  evaluate([x, y], gradient) {
    gradient[0] = -2 * (1 - x) - 400 * x * (y - x * x)
    gradient[1] = 200 * (y - x * x)
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2
  },
}
const thorough = { maxIterations: 500, tolerance: 1e-14, window: 10 }

describe('L-BFGS', () => {
  test('finds the minimum of Rosenbrock’s valley from many places', () => {
    const solver = new Lbfgs(rosenbrock)
    const place = fc.double({ min: -3, max: 3, noNaN: true })
    fc.assert(
      fc.property(place, place, (x, y) => {
        const point = Float64Array.of(x, y)
        const { value } = solver.minimise(point, thorough)
        expect(value).toBeLessThan(1e-10)
        expect(point[0]).toBeCloseTo(1, 4)
        expect(point[1]).toBeCloseTo(1, 4)
      }),
    )
  })

  test('solves a quadratic whose curvatures span eight orders of magnitude', () => {
    const curvature = Float64Array.from({ length: 9 }, (_, j) => 10 ** (j - 4))
    const quadratic: SmoothFunction = {
      size: 9,
      evaluate(x, gradient) {
        let value = 0
        for (let j = 0; j < 9; j++) {
          gradient[j] = curvature[j] * (x[j] - j)
          value += 0.5 * gradient[j] * (x[j] - j)
        }
        return value
      },
    }
    const point = new Float64Array(9)
    const { value } = new Lbfgs(quadratic).minimise(point, { ...thorough, maxIterations: 2000 })
    expect(value).toBeLessThan(1e-9)
  })

  test('never raises the value, and stops at once at a minimum', () => {
    const point = Float64Array.of(1, 1)
    expect(new Lbfgs(rosenbrock).minimise(point, thorough)).toEqual({ value: 0, iterations: 0 })
    for (const maxIterations of [1, 2, 3, 5, 8]) {
      const start = Float64Array.of(-1.2, 1)
      const { value, iterations } = new Lbfgs(rosenbrock).minimise(start, {
        ...thorough,
        maxIterations,
      })
      expect(value).toBeLessThan(24.2)
      expect(iterations).toBe(maxIterations)
      expect(rosenbrock.evaluate(start, new Float64Array(2))).toBe(value)
    }
  })
})

describe('line search', () => {
  test('the step meets the strong Wolfe conditions and is the last one evaluated', () => {
    // A quartic valley along the ray with its minimum at `bottom`.
    fc.assert(
      fc.property(
        fc.double({ min: 1e-4, max: 1e4, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (bottom, first, fourth) => {
          const phi = (a: number) => (a / bottom - 1) ** 2 + fourth * (a / bottom - 1) ** 4
          const slope = (a: number) =>
            (2 * (a / bottom - 1) + 4 * fourth * (a / bottom - 1) ** 3) / bottom
          let last = 0
          const ray = {
            value: phi(0),
            slope: slope(0),
            evaluate(step: number) {
              last = step
              this.value = phi(step)
              this.slope = slope(step)
            },
          }
          const step = strongWolfeStep(ray, first)
          expect(step).toBe(last)
          expect(phi(step)).toBeLessThanOrEqual(phi(0) + 1e-4 * step * slope(0))
          expect(Math.abs(slope(step))).toBeLessThanOrEqual(0.9 * Math.abs(slope(0)))
        },
      ),
    )
  })

  test('steps back from where the function is not a number', () => {
    const ray = {
      value: 1,
      slope: -2,
      evaluate(step: number) {
        this.value = step > 3 ? Number.NaN : (1 - step) ** 2
        this.slope = step > 3 ? Number.NaN : -2 * (1 - step)
      },
    }
    const step = strongWolfeStep(ray, 1000)
    expect(step).toBeGreaterThan(0)
    expect(step).toBeLessThan(2)
  })

  test('gives up on a direction that only climbs', () => {
    const ray = {
      value: 0,
      slope: -1,
      evaluate(step: number) {
        this.value = 1 + step
        this.slope = 1
      },
    }
    expect(strongWolfeStep(ray, 1)).toBe(0)
  })
})
