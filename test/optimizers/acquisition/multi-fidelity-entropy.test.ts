import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  informationGain,
  truncationInformation,
  truncationInformationBound,
} from '../../../src/optimizers/acquisition/index.js'
import { truncationEntropy } from '../../../src/optimizers/acquisition/max-value-entropy.js'
import { gaussian, integrate } from './quadrature.js'

/**
 * Entropy of a standard normal y minus that of y given f ≤ γ, whose density is the integral over f
 * of the joint density: no closed form enters.
 */
function informationByIntegration(gamma: number, rho: number): number {
  const s = Math.sqrt(1 - rho * rho)
  const joint = (z: number) => {
    const from = Math.max(Math.min(rho * z, gamma) - 12 * s, gamma - 14)
    const to = Math.min(rho * z + 12 * s, gamma)
    if (from >= to) return 0
    return integrate((f) => gaussian(f) * gaussian((z - rho * f) / s), from, to, 24) / s
  }
  const low = Math.min(0, rho * gamma) - 10
  const high = Math.max(0, rho * gamma) + 10
  const values: number[] = []
  const mass = integrate(
    (z) => {
      values.push(joint(z))
      return values[values.length - 1]
    },
    low,
    high,
    300,
  )
  let next = 0
  const entropy = integrate(
    () => {
      const density = values[next++] / mass
      return density > 0 ? -density * Math.log(density) : 0
    },
    low,
    high,
    300,
  )
  return 0.5 * Math.log(2 * Math.PI * Math.E) - entropy
}

/** The formula as it is published, by brute force in z. */
function informationAsPublished(gamma: number, rho: number): number {
  const s = Math.sqrt(1 - rho * rho)
  const cdf = (u: number) => integrate(gaussian, Math.min(u, 0) - 12, u, 60)
  const mills = gaussian(gamma) / cdf(gamma)
  const integral = integrate(
    (z) => {
      const p = cdf((gamma - rho * z) / s)
      return p > 0 ? gaussian(z) * p * Math.log(p) : 0
    },
    -10,
    10,
    400,
  )
  return 0.5 * rho * rho * gamma * mills - Math.log(cdf(gamma)) + integral / cdf(gamma)
}

const correlation = fc.double({ min: -1, max: 1, noNaN: true })
const threshold = fc.double({ min: -8, max: 8, noNaN: true })

describe('information about a maximum', () => {
  test.each([
    [-1, [0.037407, 0.536319, 0.890267, 1.017482]],
    [0, [0.029505, 0.381244, 0.591562, 0.660929]],
    [1, [0.016954, 0.192326, 0.278754, 0.304824]],
    [2, [0.005138, 0.051795, 0.070761, 0.075985]],
    [3, [0.0006, 0.005645, 0.007385, 0.007823]],
  ])('published values at γ = %d', (gamma, row) => {
    const rhos = [0.3, 0.9, 0.99, 0.999]
    rhos.forEach((rho, k) => {
      expect(truncationInformation(gamma, rho), `ρ = ${rho}`).toBeCloseTo(row[k], 6)
    })
  })

  // mpmath 1.3 with 450 digits: trapezoidal rule with steps of 0.1 on the formula as published, in
  // the variable v of the docstring.
  test.each([
    [-1000, 0.99, 1.9584931487518908],
    [-100, 0.6, 0.22311544396525884],
    [-30, 0.1, 0.00501959335423175],
    [-3, 0.01, 0.00004647420044520948],
    [-3, 0.9999, 1.6415395903937318],
    [2.5, 0.001, 2.2202828795565735e-8],
    [8, 0.01, 2.0209084334147596e-18],
    [15, 0.01, 4.148032162383312e-53],
    [30, 0.3, 1.989422282086039e-196],
  ])('γ = %d, ρ = %d to many digits', (gamma, rho, value) => {
    expect(Math.abs(truncationInformation(gamma, rho) / value - 1)).toBeLessThan(1e-9)
  })

  test('agrees with the entropies of the densities, integrated in two dimensions', () => {
    for (const gamma of [-3, -1, 0, 0.7, 2, 4]) {
      for (const rho of [-0.97, -0.5, 0.1, 0.6, 0.85, 0.99]) {
        const expected = informationByIntegration(gamma, rho)
        const label = `γ = ${gamma}, ρ = ${rho}`
        expect(truncationInformation(gamma, rho), label).toBeCloseTo(expected, 10)
      }
    }
  }, 60_000)

  test('agrees with the formula as published', () => {
    for (const gamma of [-2.2, -0.4, 0.3, 1.9, 3.3]) {
      for (const rho of [0.05, 0.4, 0.62, 0.95]) {
        const expected = informationAsPublished(gamma, rho)
        const label = `γ = ${gamma}, ρ = ${rho}`
        expect(truncationInformation(gamma, rho), label).toBeCloseTo(expected, 11)
      }
    }
  })

  test('lies between its bound and the noise-free information, on either side of ρ = 0', () => {
    fc.assert(
      fc.property(threshold, correlation, (gamma, rho) => {
        const nats = truncationInformation(gamma, rho)
        const slack = 1e-14 + 1e-10 * nats
        expect(nats).toBeGreaterThan(truncationInformationBound(gamma, rho) - slack)
        expect(nats).toBeLessThan(truncationEntropy(gamma) + slack)
        expect(truncationInformation(gamma, -rho)).toBe(nats)
      }),
      { numRuns: 500 },
    )
  })

  test('grows with |ρ|', () => {
    fc.assert(
      fc.property(threshold, correlation, correlation, (gamma, a, b) => {
        const [small, large] = [Math.abs(a), Math.abs(b)].sort((x, y) => x - y)
        const nats = truncationInformation(gamma, large)
        expect(nats).toBeGreaterThan(truncationInformation(gamma, small) - 1e-14 - 1e-10 * nats)
      }),
      { numRuns: 500 },
    )
  })

  test('falls with γ', () => {
    fc.assert(
      fc.property(threshold, threshold, correlation, (a, b, rho) => {
        const low = truncationInformation(Math.min(a, b), rho)
        expect(low).toBeGreaterThan(
          truncationInformation(Math.max(a, b), rho) - 1e-14 - 1e-10 * low,
        )
      }),
      { numRuns: 500 },
    )
  })

  test('limits: nothing at ρ = 0, everything at |ρ| = 1', () => {
    for (const gamma of [-1e8, -50, -3, 0, 2, 20, 1e8]) {
      expect(truncationInformation(gamma, 0)).toBeCloseTo(0, 300)
      expect(truncationInformation(gamma, 1)).toBe(truncationEntropy(gamma))
      expect(truncationInformation(gamma, -1 - 1e-12)).toBe(truncationEntropy(gamma))
    }
    for (const gamma of [-50, -3, 0, 2, 20]) {
      const near = truncationInformation(gamma, 1 - 1e-13) / truncationEntropy(gamma)
      expect(Math.abs(near - 1), `γ = ${gamma}`).toBeLessThan(1e-4)
    }
  })

  test('small correlations lose no digits', () => {
    for (const gamma of [-2, 0, 1, 5]) {
      const [tiny, small] = [1e-9, 2.9e-3]
      const ratio = truncationInformation(gamma, small) / truncationInformation(gamma, tiny)
      expect(ratio / (small / tiny) ** 2).toBeCloseTo(1, 5)
      const [below, above] = [3e-3 * (1 - 1e-6), 3e-3 * (1 + 1e-4)]
      const joint = truncationInformation(gamma, above) / truncationInformation(gamma, below)
      expect(joint / (above / below) ** 2).toBeCloseTo(1, 8)
    }
  })

  test('a maximum far below leaves a normal distribution with the rest of the variance', () => {
    for (const rho of [0.1, 0.7, 0.95]) {
      const rest = -0.5 * Math.log(1 - rho * rho)
      expect(truncationInformation(-1e8, rho)).toBeCloseTo(rest, 12)
      expect(truncationInformation(Number.NEGATIVE_INFINITY, rho)).toBeCloseTo(rest, 12)
      expect(truncationInformation(Number.POSITIVE_INFINITY, rho)).toBeCloseTo(0, 300)
    }
  })

  test('the bound by variances', () => {
    expect(truncationInformationBound(0, 0.9)).toBeCloseTo(0.362486, 6)
    expect(truncationInformationBound(-1e8, 0.6)).toBeCloseTo(-Math.log(0.8), 14)
    expect(truncationInformationBound(40, 0.6)).toBeCloseTo(0, 300)
  })
})

describe('information gain', () => {
  // The Gaussian process of the specification at w = (.3, .3, .4): target s = 1, run s = 0.06.
  const posterior = [0.478145809, Math.sqrt(0.412463363)] as const
  const observed = [Math.sqrt(0.220953029 + 0.05), 0.16432119] as const

  test('the posterior of a small Gaussian process', () => {
    const gain = informationGain(...posterior, ...observed, [1.2])
    expect(Math.abs(gain / 0.042164723 - 1)).toBeLessThan(1e-7)
    // Per cost, at 0.06 a run.
    expect(Math.abs(gain / 0.06 / 0.702745378 - 1)).toBeLessThan(1e-7)
  })

  test('averages over maxima', () => {
    const maxima = [0.9, 1.2, 2]
    const gains = maxima.map((y) => informationGain(...posterior, ...observed, [y]))
    const mean = (gains[0] + gains[1] + gains[2]) / 3
    expect(informationGain(...posterior, ...observed, maxima)).toBeCloseTo(mean, 15)
  })

  test('does not depend on the unit of the scores', () => {
    const unit = informationGain(...posterior, ...observed, [1.2])
    for (const scale of [1e-6, 1e6]) {
      const gain = informationGain(
        scale * posterior[0],
        scale * posterior[1],
        scale * observed[0],
        scale * scale * observed[1],
        [scale * 1.2],
        scale,
      )
      expect(gain).toBeCloseTo(unit, 12)
    }
  })

  test('known values give and need no information', () => {
    for (const sd of [0, 1e-300]) {
      expect(informationGain(0, sd, 0.5, 0.5 * sd, [1])).toBe(0)
      expect(informationGain(2, sd, 0.5, 0.5 * sd, [1])).toBe(0)
    }
    expect(informationGain(0, 1, 0, 0, [1])).toBe(0)
    // A covariance beyond what the standard deviations allow is rounding.
    expect(informationGain(0, 1, 1, 1 + 1e-12, [0])).toBeCloseTo(Math.LN2, 14)
  })

  test('refuses what is no posterior and no cost', () => {
    const bad: [number, number, number, number][] = [
      [Number.NaN, 1, 1, 0.5],
      [0, Number.NaN, 1, 0.5],
      [0, 1, Number.NaN, 0.5],
      [0, 1, 1, Number.NaN],
      [0, -1, 1, 0.5],
      [0, 1, -1, 0.5],
    ]
    for (const numbers of bad) expect(() => informationGain(...numbers, [1])).toThrow(RangeError)
    expect(() => informationGain(0, 1, 1, 0.5, [])).toThrow(RangeError)
    expect(() => informationGain(0, 1, 1, 0.5, [Number.NaN])).toThrow(RangeError)
  })
})
