import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quotas } from '../../../src/training/sampling/quotas.js'

const weightVectors = fc
  .array(fc.oneof(fc.constant(0), fc.double({ min: 1e-4, max: 1, noNaN: true })), {
    minLength: 1,
    maxLength: 12,
  })
  .filter((weights) => weights.some((weight) => weight > 0))
  .map((weights) => {
    const sum = weights.reduce((total, weight) => total + weight, 0)
    return Float64Array.from(weights, (weight) => weight / sum)
  })

test('after any number of draws every domain is within 1 − 1/(2n − 2) of its share', () => {
  fc.assert(
    fc.property(weightVectors, (weights) => {
      const drawn = new Float64Array(weights.length)
      const next = quotas(weights, drawn)
      const active = weights.filter((weight) => weight > 0).length
      const bound = active === 1 ? 1e-9 : 1 - 1 / (2 * active - 2) + 1e-5
      let farthest = 0
      for (let total = 1; total <= 800; total++) {
        next()
        for (let i = 0; i < weights.length; i++) {
          farthest = Math.max(farthest, Math.abs(drawn[i] - weights[i] * total))
        }
      }
      expect(farthest).toBeLessThanOrEqual(bound)
    }),
    { numRuns: 60 },
  )
})

test('equal weights take turns, and a domain without weight is never drawn', () => {
  const drawn = new Float64Array(4)
  const next = quotas(Float64Array.of(1 / 3, 0, 1 / 3, 1 / 3), drawn)
  const rounds = Array.from({ length: 4 }, () => [next(), next(), next()].sort())
  expect(rounds).toEqual(Array.from({ length: 4 }, () => [0, 2, 3]))
  expect([...drawn]).toEqual([4, 0, 4, 4])
})

test('goes on from counts as if it had made the draws itself', () => {
  const weights = Float64Array.of(0.5, 0.2, 0.2, 0.1)
  const whole = quotas(weights, new Float64Array(4))
  const draws = Array.from({ length: 100 }, whole)
  const drawn = new Float64Array(4)
  for (const domain of draws.slice(0, 37)) drawn[domain] += 1
  expect(Array.from({ length: 63 }, quotas(weights, drawn))).toEqual(draws.slice(37))
})
