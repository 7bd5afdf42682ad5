import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  temperatureMixture,
  uniformMixture,
  unimaxMixture,
} from '../../../src/optimizers/mixture/reference-mixtures.js'
import { compileSpace } from '../../../src/optimizers/mixture/space.js'

test('UniMax gives the published weights of five Scandinavian and other languages', () => {
  const tokens = [179955884499, 184595788282, 42541080893, 10027573389, 549707867]
  const { weights, unusedTokens } = unimaxMixture(tokens, 4, 250e9)
  expect(weights[4]).toBeCloseTo(0.008795325872, 11)
  expect(weights[3]).toBeCloseTo(0.160441174224, 11)
  for (const j of [0, 1, 2]) expect(weights[j]).toBeCloseTo(0.276921166635, 11)
  expect(unusedTokens).toBeCloseTo(0, 3)
})

test('UniMax repeats no domain more than N times and says what is missing', () => {
  const sizes = fc.array(fc.double({ min: 1, max: 1e12, noNaN: true }), {
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(
      sizes,
      fc.double({ min: 0.5, max: 20, noNaN: true }),
      fc.double({ min: 1, max: 1e13, noNaN: true }),
      (tokens, epochs, budget) => {
        const { weights, unusedTokens } = unimaxMixture(tokens, epochs, budget)
        const supply = tokens.reduce((sum, count) => sum + epochs * count, 0)
        const used = Math.min(budget, supply)
        expect(Math.abs(unusedTokens - (budget - used))).toBeLessThan(1e-9 * budget)
        weights.forEach((weight, j) => {
          expect(weight * used).toBeLessThanOrEqual(epochs * tokens[j] * (1 + 1e-9))
        })
      },
    ),
  )
})

test('temperature 1 is the prior, and an infinite temperature approaches uniform over its support', () => {
  const space = compileSpace({
    domains: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    prior: { a: 6, b: 2, c: 0 },
  })
  expect(temperatureMixture(space, 1)[0]).toBeCloseTo(0.75, 12)
  expect(temperatureMixture(space, 1)[2]).toBe(0)
  expect(temperatureMixture(space, 2)[0]).toBeCloseTo(Math.sqrt(6) / (Math.sqrt(6) + Math.sqrt(2)))
  expect(temperatureMixture(space, 1e9)[1]).toBeCloseTo(0.5, 6)
  expect([...uniformMixture(space)]).toEqual([1 / 3, 1 / 3, 1 / 3])
})
