import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import {
  correlationPrior,
  dimensionScaled,
  gamma,
  logNormal,
  normal,
  type Prior,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'

/** ∫ f(x) p(x) dx, with x = to(t), by the trapezoidal rule over t. */
function expectation(
  prior: Prior,
  of: (x: number) => number,
  { to, slope }: { to: (t: number) => number; slope: (t: number) => number },
): number {
  const step = 1e-3
  let sum = 0
  for (let t = -14; t <= 14; t += step) {
    sum += of(to(t)) * Math.exp(prior.logDensity(to(t))) * slope(t) * step
  }
  return sum
}

const positive = { to: Math.exp, slope: Math.exp }
const anywhere = { to: Math.sinh, slope: Math.cosh }
const between = { to: Math.tanh, slope: (t: number) => 1 / Math.cosh(t) ** 2 }

const PRIORS = [
  { name: 'LogNormal(−4, 1)', prior: logNormal(-4, 1), over: positive },
  { name: 'Normal(0.5, 2)', prior: normal(0.5, 2), over: anywhere },
  { name: 'Gamma(3, 6)', prior: gamma(3, 6), over: positive },
  { name: 'Gamma(1.1, 0.05)', prior: gamma(1.1, 0.05), over: positive },
  { name: 'a correlation', prior: correlationPrior(0.7, 0.6), over: between },
]

describe('a prior', () => {
  for (const { name, prior, over } of PRIORS)
    test(`is a density, with that slope and those draws: ${name}`, () => {
      expect(expectation(prior, () => 1, over)).toBeCloseTo(1, 6)
      const rng = createRng(1, name)
      const draws = Array.from({ length: 20_000 }, () => prior.sample(rng))
      for (const x of draws.slice(0, 100)) {
        const step = 1e-6 * Math.min(Math.abs(x), 1 - x * x > 0 ? 1 - x * x : 1)
        const slope = (prior.logDensity(x + step) - prior.logDensity(x - step)) / (2 * step)
        expect(Math.abs(prior.slope(x) - slope)).toBeLessThan(1e-4 * Math.max(1, Math.abs(slope)))
      }
      // Of the draws' ranks: some of these have no small variance.
      const below = (limit: number) => expectation(prior, (x) => (x < limit ? 1 : 0), over)
      for (const share of [0.1, 0.5, 0.9]) {
        const limit = draws.toSorted((a, b) => a - b)[share * draws.length]
        expect(Math.abs(below(limit) - share)).toBeLessThan(0.015)
      }
    })

  test('of length-scales grows with the dimension as published', () => {
    const modes = [3, 5, 7, 17, 19, 24].map((d) => dimensionScaled(d).start)
    expect(modes).toEqual(
      [0.3547, 0.4579, 0.5418, 0.8444, 0.8926, 1.0033].map((mode) => expect.closeTo(mode, 3)),
    )
  })

  test('that would be largest at 0 is refused', () => {
    expect(() => gamma(1, 2)).toThrow(RangeError)
  })
})
