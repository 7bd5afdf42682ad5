import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  erfcx,
  inverseMillsRatio,
  logNormalCdf,
  meanShortfall,
  normalCdf,
  normalDensity,
  normalQuantile,
} from '../../src/optimizers/normal-distribution.js'
import { gaussian, integrate } from './acquisition/quadrature.js'

type Table = readonly (readonly [x: number, value: number])[]

/** Compares with a table to within a relative tolerance. */
function expectTable(f: (x: number) => number, table: Table, tolerance: number): void {
  for (const [x, value] of table) {
    expect(Math.abs(f(x) - value) / Math.abs(value), `x = ${x}`).toBeLessThan(tolerance)
  }
}

const anywhere = fc.double({ min: -37, max: 37, noNaN: true })

describe('the standard normal distribution', () => {
  test('agrees with numerical integration of its density', () => {
    for (let x = -8; x <= 8; x += 0.37) {
      const below =
        x < 0 ? integrate(gaussian, x - 12, x, 400) : 0.5 + integrate(gaussian, 0, x, 99)
      expect(Math.abs(normalCdf(x) / below - 1), `x = ${x}`).toBeLessThan(1e-13)
    }
  })

  // mpmath 1.3 with 60 digits: erfc(−x/√2)/2.
  test('has relative precision in its lower tail', () => {
    const table: Table = [
      [-37, 5.725571222524577e-300],
      [-10, 7.619853024160525e-24],
      [-5, 2.866515718791939e-7],
      [1, 0.8413447460685429],
    ]
    expectTable(normalCdf, table, 4e-15)
    expect(normalCdf(0)).toBe(0.5)
    expect(normalCdf(Number.NEGATIVE_INFINITY)).toBe(0)
    expect(normalCdf(Number.POSITIVE_INFINITY)).toBe(1)
    expect(normalCdf(Number.NaN)).toBeNaN()
  })

  test('never falls', () => {
    fc.assert(
      fc.property(anywhere, fc.double({ min: 0, max: 1, noNaN: true }), (x, step) => {
        expect(normalCdf(x + step)).toBeGreaterThanOrEqual(normalCdf(x))
      }),
    )
  })

  test('the quantile inverts the distribution', () => {
    fc.assert(
      fc.property(fc.double({ min: -36, max: 6, noNaN: true }), (x) => {
        expect(Math.abs(normalQuantile(normalCdf(x)) - x)).toBeLessThan(1e-7)
      }),
    )
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14)
    expect(normalQuantile(0.95)).toBeCloseTo(1.6448536269514722, 14)
    expect(normalQuantile(1e-10)).toBeCloseTo(-6.361340902404056, 13)
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY)
    expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY)
    expect(() => normalQuantile(-0.1)).toThrow(RangeError)
  })
})

describe('erfcx', () => {
  // mpmath 1.3 with 60 digits: exp(x²) erfc(x); at 1e8 the first terms of the asymptotic series.
  test('published values, on both sides and at the joints of its approximations', () => {
    const table: Table = [
      [-20, 1.0442939379528286e174],
      [-5, 144009798674.66104],
      [-1, 5.008980080762283],
      [-0.3, 1.4537492328427657],
      [0.3, 0.7345993345676551],
      [0.46875, 0.632069689249556],
      [0.5, 0.6156903441929259],
      [1, 0.427583576155807],
      [2, 0.2553956763105057],
      [4, 0.1369994576250614],
      [5, 0.11070463773306863],
      [10, 0.05614099274382259],
      [50, 0.011281536265323772],
      [1000, 0.0005641893014533876],
      [1e8, 5.641895835477562e-9],
    ]
    expectTable(erfcx, table, 2e-15)
    expect(erfcx(0)).toBe(1)
    expect(erfcx(-27)).toBe(Number.POSITIVE_INFINITY)
    expect(erfcx(Number.POSITIVE_INFINITY)).toBe(0)
    expect(erfcx(Number.NaN)).toBeNaN()
  })

  test('agrees with the integral 2/√π ∫ exp(−t² − 2 x t) dt', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 30, noNaN: true }), (x) => {
        const end = Math.min(7, 20 / x)
        const integral = integrate((t) => Math.exp(-t * (t + 2 * x)), 0, end, 200)
        expect(Math.abs(erfcx(x) / ((2 / Math.sqrt(Math.PI)) * integral) - 1)).toBeLessThan(1e-13)
      }),
    )
  })
})

describe('logNormalCdf', () => {
  // mpmath 1.3 with 250 digits; at −1e8 the asymptotic series.
  test('published values, far beyond where Φ underflows', () => {
    const table: Table = [
      [-1e8, -5000000000000019],
      [-1000, -500007.8266948122],
      [-40, -804.6084420137538],
      [-10, -53.23128515051247],
      [-5, -15.064998393988725],
      [-1, -1.8410216450092636],
      [-0.3, -0.9621028181688507],
      [0, -Math.LN2],
      [0.3, -0.4814101615884812],
      [1, -0.1727537790234499],
      [5, -2.866516129637636e-7],
      [8, -6.220960574271786e-16],
      [20, -2.7536241186062337e-89],
      [30, -4.906713927148187e-198],
    ]
    expectTable(logNormalCdf, table, 4e-15)
    expect(logNormalCdf(1e8)).toBeCloseTo(0, 300)
    expect(logNormalCdf(Number.NEGATIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY)
    expect(logNormalCdf(Number.NaN)).toBeNaN()
  })

  test('both sides add up to one', () => {
    fc.assert(
      fc.property(anywhere, (x) => {
        expect(Math.exp(logNormalCdf(x)) + Math.exp(logNormalCdf(-x))).toBeCloseTo(1, 14)
      }),
    )
  })

  test('its derivative is the inverse Mills ratio', () => {
    fc.assert(
      fc.property(fc.double({ min: -300, max: 6, noNaN: true }), (x) => {
        const step = 1e-4
        const slope = (logNormalCdf(x + step) - logNormalCdf(x - step)) / (2 * step)
        expect(Math.abs(slope / inverseMillsRatio(x) - 1)).toBeLessThan(2e-6)
      }),
    )
  })
})

describe('inverse Mills ratio and mean shortfall', () => {
  test('are moments of the truncated distribution', () => {
    for (const x of [-30, -12, -8.01, -7.99, -3, -0.5, 0, 1, 4]) {
      // φ(x − t)/φ(x) = exp(x t − t²/2): integrated over the distance t below x.
      const end = x < -3 ? 40 / -x : 15
      const weight = (t: number) => Math.exp(t * (x - t / 2))
      const mass = integrate(weight, 0, end, 400)
      const moment = integrate((t) => t * weight(t), 0, end, 400)
      expect(Math.abs(inverseMillsRatio(x) * mass - 1), `x = ${x}`).toBeLessThan(1e-13)
      expect(Math.abs((meanShortfall(x) * mass) / moment - 1), `x = ${x}`).toBeLessThan(1e-13)
    }
  })

  test('limits on either side', () => {
    expect(inverseMillsRatio(-1e8) / 1e8).toBeCloseTo(1, 14)
    expect(meanShortfall(-1e8) * 1e8).toBeCloseTo(1, 14)
    expect(inverseMillsRatio(30) / normalDensity(30)).toBeCloseTo(1, 14)
    expect(meanShortfall(1e8)).toBe(1e8)
    expect(inverseMillsRatio(Number.NEGATIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
    expect(meanShortfall(Number.NEGATIVE_INFINITY)).toBe(0)
    expect(meanShortfall(Number.NaN)).toBeNaN()
  })
})
