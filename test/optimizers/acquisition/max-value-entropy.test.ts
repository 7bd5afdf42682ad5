import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  gumbelApproximation,
  maximumQuantile,
  maxValueEntropy,
  sampleMaxima,
} from '../../../src/optimizers/acquisition/index.js'
import { truncationEntropy } from '../../../src/optimizers/acquisition/max-value-entropy.js'
import { normalCdf } from '../../../src/optimizers/normal-distribution.js'
import { createRng } from '../../../src/optimizers/random.js'
import { integrate } from './quadrature.js'

const candidates = fc.array(
  fc.tuple(
    fc.double({ min: -5, max: 5, noNaN: true }),
    fc.double({ min: 0.01, max: 3, noNaN: true }),
  ),
  { minLength: 1, maxLength: 40 },
)

describe('max-value entropy', () => {
  test.each([
    [-1, 1.078454],
    [0, Math.LN2],
    [1, 0.316554],
    [2, 0.078261],
    [3, 0.008008],
  ])('γ = %d removes %d nats', (gamma, nats) => {
    expect(truncationEntropy(gamma)).toBeCloseTo(nats, 6)
    expect(maxValueEntropy(0.5, 2, [0.5 + 2 * gamma])).toBeCloseTo(nats, 6)
  })

  test('is the entropy that truncation removes', () => {
    for (const gamma of [-6, -2.5, -0.1, 0, 0.1, 1.7, 4]) {
      // Relative to the density at γ, nothing underflows.
      const weight = (x: number) => Math.exp((gamma * gamma - x * x) / 2)
      const mass = integrate(weight, gamma - 14, gamma, 600)
      const density = (x: number) => weight(x) / mass
      const entropy = integrate(
        (x) => (density(x) > 0 ? -density(x) * Math.log(density(x)) : 0),
        gamma - 14,
        gamma,
        600,
      )
      const whole = 0.5 * Math.log(2 * Math.PI * Math.E)
      expect(truncationEntropy(gamma), `γ = ${gamma}`).toBeCloseTo(whole - entropy, 11)
    }
  })

  test('falls with γ, without bound on the left and to 0 on the right', () => {
    const gammas = [-1e8, -1e4, -100, -8.01, -7.99, -1, -1e-9, 1e-9, 1, 10, 30, 37]
    const nats = gammas.map(truncationEntropy)
    for (let k = 1; k < nats.length; k++) expect(nats[k]).toBeLessThan(nats[k - 1])
    // An exponential distribution with the rate |γ| is left: 1 − ln|γ| nats.
    const limit = 0.5 * Math.log(2 * Math.PI * Math.E) - 1 + Math.log(1e8)
    expect(nats[0]).toBeCloseTo(limit, 12)
    expect(truncationEntropy(1e8)).toBeCloseTo(0, 300)
    expect(truncationEntropy(Number.NEGATIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
  })

  test('averages over maxima', () => {
    const mean = (truncationEntropy(1) + truncationEntropy(2) + truncationEntropy(3)) / 3
    expect(maxValueEntropy(0, 1, [1, 2, 3])).toBeCloseTo(mean, 15)
  })

  test('a known value tells nothing; what is no posterior is refused', () => {
    expect(maxValueEntropy(1, 0, [2])).toBe(0)
    expect(maxValueEntropy(1, 1e-300, [2])).toBeCloseTo(0, 300)
    expect(() => maxValueEntropy(Number.NaN, 1, [2])).toThrow(RangeError)
    expect(() => maxValueEntropy(1, -1, [2])).toThrow(RangeError)
    expect(() => maxValueEntropy(1, Number.NaN, [2])).toThrow(RangeError)
    expect(() => maxValueEntropy(1, 1, [2, Number.NaN])).toThrow(RangeError)
    expect(() => maxValueEntropy(1, 1, [])).toThrow(RangeError)
  })
})

describe('the Gumbel approximation of a maximum', () => {
  const [means, sds] = [
    [0, 0.5, 1],
    [1, 0.5, 0.25],
  ]

  test('published values', () => {
    expect(maximumQuantile(means, sds, 0.25)).toBeCloseTo(0.923288591, 9)
    expect(maximumQuantile(means, sds, 0.5)).toBeCloseTo(1.099106915, 9)
    expect(maximumQuantile(means, sds, 0.75)).toBeCloseTo(1.294491403, 9)
    const { location, scale } = gumbelApproximation(means, sds)
    expect(location).toBeCloseTo(1.012590081, 9)
    expect(scale).toBeCloseTo(0.236053981, 9)
    const median = { ...createRng(1), uniformOpen: () => 0.5 }
    expect(sampleMaxima(means, sds, 1, median)[0]).toBeCloseTo(1.099106915, 9)
  })

  test('the quantile has its probability under the product of the distributions', () => {
    fc.assert(
      fc.property(
        candidates,
        fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }),
        (pairs, probability) => {
          const mu = pairs.map(([mean]) => mean)
          const sigma = pairs.map(([, sd]) => sd)
          const y = maximumQuantile(mu, sigma, probability)
          const product = pairs.reduce((p, [mean, sd]) => p * normalCdf((y - mean) / sd), 1)
          expect(product).toBeCloseTo(probability, 12)
          const from = maximumQuantile(mu, sigma, probability / 2)
          expect(maximumQuantile(mu, sigma, probability, from)).toBeCloseTo(y, 9)
        },
      ),
    )
  })

  test('of many equal candidates', () => {
    const many = new Float64Array(20_000)
    const y = maximumQuantile(
      many,
      many.map(() => 1),
      0.75,
    )
    expect(normalCdf(-y) / -Math.expm1(Math.log(0.75) / 20_000)).toBeCloseTo(1, 9)
  })

  test('known values cut the distribution off from below', () => {
    expect(gumbelApproximation([3, 10, 2], [0, 0, 0])).toEqual({ location: 10, scale: 0 })
    expect(gumbelApproximation([0, 10], [1, 0])).toEqual({ location: 10, scale: 0 })
    expect(maximumQuantile([0, 0], [1, 0], 0.25)).toBe(0)
    expect(maximumQuantile([0, 0], [1, 0], 0.75)).toBeCloseTo(0.6744897501960817, 13)
    expect(maximumQuantile([1, 1 - 1e8], [1e-300, 1], 0.75)).toBe(1)
  })

  test('draws follow the distribution', () => {
    const { location, scale } = gumbelApproximation(means, sds)
    const draws = sampleMaxima(means, sds, 20_000, createRng(7)).sort()
    for (const probability of [0.05, 0.25, 0.5, 0.75, 0.95]) {
      const y = draws[Math.floor(probability * draws.length)]
      const expected = Math.exp(-Math.exp(-(y - location) / scale))
      expect(Math.abs(expected - probability)).toBeLessThan(0.015)
    }
  })

  test('draws below a floor are raised to it', () => {
    const draws = sampleMaxima(means, sds, 200, createRng(3))
    const raised = sampleMaxima(means, sds, 200, createRng(3), { atLeast: 1.1 })
    expect([...raised]).toEqual([...draws].map((y) => Math.max(y, 1.1)))
    expect(raised.filter((y) => y === 1.1).length).toBeGreaterThan(50)
  })

  test('the quartiles are those of the maximum, also in simulation', () => {
    const rng = createRng(11)
    const maxima = Float64Array.from({ length: 20_000 }, () =>
      Math.max(...means.map((mean, i) => mean + sds[i] * rng.normal())),
    ).sort()
    const { location, scale } = gumbelApproximation(means, sds)
    for (const probability of [0.25, 0.75]) {
      const gumbel = location - scale * Math.log(-Math.log(probability))
      const share = maxima.filter((y) => y <= gumbel).length / maxima.length
      expect(Math.abs(share - probability)).toBeLessThan(0.03)
    }
  })

  test('refuses what is no set of variables', () => {
    expect(() => gumbelApproximation([], [])).toThrow(RangeError)
    expect(() => gumbelApproximation([1], [1, 2])).toThrow(RangeError)
    expect(() => gumbelApproximation([Number.NaN], [1])).toThrow('variable 0')
    expect(() => gumbelApproximation([1], [-1])).toThrow('variable 0')
    expect(() => maximumQuantile([1], [1], 1)).toThrow('probability')
  })
})
