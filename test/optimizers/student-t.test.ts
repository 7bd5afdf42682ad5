import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normalQuantile } from '../../src/optimizers/normal-distribution.js'
import { studentQuantile } from '../../src/optimizers/student-t.js'

const relative = (value: number, exact: number) => Math.abs(value / exact - 1)

describe('the quantile of Student’s t', () => {
  test.each([
    [0.975, 1, 12.7062047361747],
    [0.975, 2, 4.30265272974946],
    [0.975, 4, 2.7764451051978],
    [0.975, 19, 2.09302405440831],
    [0.975, 100, 1.98397151852355],
    [0.95, 7, 1.89457860509001],
    [0.995, 30, 2.74999565356721],
    [0.9995, 3, 12.9239786366878],
  ])('at %s with %s degrees of freedom is the tables’', (probability, degrees, expected) => {
    expect(relative(studentQuantile(probability, degrees), expected)).toBeLessThan(1e-12)
  })

  test('has the closed forms of 1 and 2 degrees of freedom', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1 - 1e-3, noNaN: true }), (p) => {
        fc.pre(Math.abs(p - 0.5) > 1e-3)
        const inside = 2 * p - 1
        expect(relative(studentQuantile(p, 1), Math.tan(Math.PI * (p - 0.5)))).toBeLessThan(1e-11)
        const two = inside * Math.sqrt(2 / (1 - inside ** 2))
        expect(relative(studentQuantile(p, 2), two)).toBeLessThan(1e-11)
      }),
    )
  })

  test('is odd about one half, rises with the probability, and nears the normal one', () => {
    expect(studentQuantile(0.5, 5)).toBeCloseTo(0, 15)
    for (const degrees of [1, 2, 5, 40]) {
      expect(studentQuantile(0.1, degrees)).toBe(-studentQuantile(0.9, degrees))
      expect(studentQuantile(0.91, degrees)).toBeGreaterThan(studentQuantile(0.9, degrees))
    }
    // Cornish–Fisher, Abramowitz and Stegun 26.7.5, up to terms in ν⁻³.
    const z = normalQuantile(0.975)
    const degrees = 20_001
    const first = (z ** 3 + z) / 4
    const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96
    const expanded = z + first / degrees + second / degrees ** 2
    expect(relative(studentQuantile(0.975, degrees), expanded)).toBeLessThan(1e-12)
  })

  test.each([
    [0, 3],
    [1, 3],
    [Number.NaN, 3],
    [0.9, 0],
    [0.9, 2.5],
    [0.9, Number.POSITIVE_INFINITY],
  ])('refuses probability %s with %s degrees of freedom', (probability, degrees) => {
    expect(() => studentQuantile(probability, degrees)).toThrow(RangeError)
  })
})
