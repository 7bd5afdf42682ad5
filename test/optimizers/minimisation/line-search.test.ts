import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Ray, searchLine } from '../../../src/optimizers/minimisation/line-search.js'

/** A ray over a function and its slope; remembers the steps evaluated. */
function rayOf(value: (step: number) => number, slope: (step: number) => number) {
  const steps: number[] = []
  const ray: Ray = {
    value: value(0),
    slope: slope(0),
    evaluate(step) {
      steps.push(step)
      this.value = value(step)
      this.slope = slope(step)
    },
  }
  return { ray, steps }
}

/** A wave over a valley with straight sides. */
const wavy = {
  value: (a: number) => {
    const valley = Math.abs(a - 1) >= 0.01 ? Math.abs(a - 1) : (a - 1) ** 2 / 0.02 + 0.005
    return valley + (1.98 * Math.sin(19.5 * Math.PI * a)) / (39 * Math.PI)
  },
  slope: (a: number) => {
    const valley = Math.abs(a - 1) >= 0.01 ? Math.sign(a - 1) : (a - 1) / 0.01
    return valley + 0.99 * Math.cos(19.5 * Math.PI * a)
  },
}

/** Yanai, Ozawa and Kaneko's function: steep at 0, at 1 or at both. */
function steepEnds(one: number, other: number) {
  const share = (b: number) => Math.sqrt(1 + b * b) - b
  const far = (a: number) => Math.hypot(1 - a, other)
  const near = (a: number) => Math.hypot(a, one)
  return {
    value: (a: number) => share(one) * far(a) + share(other) * near(a),
    slope: (a: number) => (share(one) * (a - 1)) / far(a) + (share(other) * a) / near(a),
  }
}

/** The test functions of Moré and Thuente 1994, section 5. */
const MORE_THUENTE = {
  1: {
    value: (a: number) => -a / (a * a + 2),
    slope: (a: number) => (a * a - 2) / (a * a + 2) ** 2,
  },
  2: {
    value: (a: number) => (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4,
    slope: (a: number) => 5 * (a + 0.004) ** 4 - 8 * (a + 0.004) ** 3,
  },
  3: wavy,
  4: steepEnds(0.001, 0.001),
  5: steepEnds(0.01, 0.001),
  6: steepEnds(0.001, 0.01),
}

const size = fc.double({ min: 1e-4, max: 1e4, noNaN: true })

describe('searchLine', () => {
  test('ends with a step that meets both conditions', () => {
    fc.assert(
      fc.property(
        size,
        size,
        fc.double({ min: 0, max: 5, noNaN: true }),
        (bottom, first, fourth) => {
          const value = (a: number) => (a / bottom - 1) ** 2 + fourth * (a / bottom - 1) ** 4
          const slope = (a: number) =>
            (2 * (a / bottom - 1) + 4 * fourth * (a / bottom - 1) ** 3) / bottom
          const { ray, steps } = rayOf(value, slope)
          expect(searchLine(ray, first, 1e10, 40)).toBe(true)
          const step = steps.at(-1) as number
          expect(ray.value).toBe(value(step))
          expect(value(step)).toBeLessThanOrEqual(value(0) + 1e-3 * step * slope(0))
          expect(Math.abs(slope(step))).toBeLessThanOrEqual(0.9 * Math.abs(slope(0)))
        },
      ),
    )
  })

  // Evaluations and last steps of MINPACK-2's dcsrch (in SciPy 1.10) with the tolerances 0.001, 0.9
  // and 0.1.
  test.each([
    ['1', 1e-3, 5, 0.341],
    ['1', 1e-1, 2, 0.5],
    ['1', 10, 1, 10],
    ['1', 1e3, 4, 36.88760696396662],
    ['2', 1e-3, 11, 1.5975830448985595],
    ['2', 1e-1, 7, 1.6024085266778738],
    ['2', 10, 6, 1.6123738059384738],
    ['2', 1e3, 10, 1.5950402760316598],
    ['3', 1e-3, 11, 0.9967520447385962],
    ['3', 1e-1, 9, 0.9858519280776707],
    ['3', 10, 7, 0.9811565020243171],
    ['3', 1e3, 11, 1.0117927501914992],
    ['4', 10, 3, 0.3491046164172457],
    ['4', 1e3, 4, 0.8294012431694555],
    ['5', 1e-3, 1, 1e-3],
    ['5', 10, 3, 0.33627765766759665],
    ['6', 1e3, 4, 0.8369774696753841],
  ] as const)(
    'function %s of Moré and Thuente from a first step of %f',
    (name, first, count, last) => {
      const { value, slope } = MORE_THUENTE[name]
      const { ray, steps } = rayOf(value, slope)
      expect(searchLine(ray, first, 1e10, 20)).toBe(true)
      expect(steps).toHaveLength(count)
      expect(steps.at(-1)).toBeCloseTo(last, 9)
    },
  )

  test('takes the longest step where the function still falls there, and never a longer one', () => {
    const { ray, steps } = rayOf(
      (a) => -a,
      () => -1,
    )
    expect(searchLine(ray, 1, 100, 20)).toBe(true)
    expect(steps.at(-1)).toBe(100)
    expect(Math.max(...steps)).toBe(100)
  })

  test('stays inside a domain whose edge it finds', () => {
    fc.assert(
      fc.property(size, fc.constantFrom(Number.NaN, Infinity, -Infinity), (edge, outside) => {
        const { ray, steps } = rayOf(
          (a) => (a > edge ? outside : -a),
          (a) => (a > edge ? outside : -1),
        )
        expect(searchLine(ray, 1e3, 1e10, 30)).toBe(true)
        const step = steps.at(-1) as number
        expect(step).toBeLessThanOrEqual(edge)
        expect(step).toBeGreaterThan(Math.min(1e3, edge) / 10)
        const tooFar = steps.filter((tried) => tried > edge)
        expect(tooFar).toEqual([...tooFar].sort((a, b) => b - a))
      }),
    )
  })

  test('leaves a hole in the domain behind', () => {
    const { ray, steps } = rayOf(
      (a) => (a > 2 && a < 3 ? Number.NaN : (a - 1.5) ** 2),
      (a) => (a > 2 && a < 3 ? Number.NaN : 2 * (a - 1.5)),
    )
    expect(searchLine(ray, 2.9, 1e10, 20)).toBe(true)
    expect(steps.at(-1)).toBeLessThanOrEqual(2)
  })

  test('gives up on a function that only climbs, and when trials run out', () => {
    const climbing = rayOf(
      (a) => (a === 0 ? 0 : 1 + a),
      (a) => (a === 0 ? -1 : 1),
    )
    expect(searchLine(climbing.ray, 1, 1e10, 20)).toBe(false)
    expect(climbing.steps.length).toBeLessThanOrEqual(20)
    const falling = rayOf(
      (a) => -a,
      () => -1,
    )
    expect(searchLine(falling.ray, 1, 1e10, 3)).toBe(false)
    expect(falling.steps).toHaveLength(3)
    expect(searchLine(falling.ray, 1, 1e10, 0)).toBe(false)
  })
})
