import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MixtureSet } from '../../../src/optimizers/mixture/index.js'
import { createRng, type Rng } from '../../../src/optimizers/random.js'

/** Uniform on the simplex. */
function randomMixture(rng: Rng, domains: number): number[] {
  const parts = Array.from({ length: domains }, () => -Math.log(rng.uniformOpen()))
  const sum = parts.reduce((total, part) => total + part, 0)
  return parts.map((part) => part / sum)
}

const distanceOf = (p: readonly number[], q: readonly number[]) =>
  p.reduce((sum, weight, i) => sum + Math.abs(weight - q[i]), 0)

/** The mixture with `amount` / 2 moved from its largest weight to another: as far away as the amount. */
function moved(mixture: readonly number[], amount: number, rng: Rng): number[] {
  const from = mixture.indexOf(Math.max(...mixture))
  const to = (from + 1 + rng.integer(mixture.length - 1)) % mixture.length
  return mixture.map((weight, i) => weight + (i === to ? amount / 2 : i === from ? -amount / 2 : 0))
}

const settings = fc.record({
  seed: fc.integer(),
  domains: fc.integer({ min: 1, max: 30 }),
  distance: fc.constantFrom(1e-6, 1e-3, 0.02, 0.3, 2, Number.POSITIVE_INFINITY),
})

describe('MixtureSet', () => {
  test('has what a list has that is gone through from end to end', () => {
    const found = { yes: 0, no: 0 }
    fc.assert(
      fc.property(settings, ({ seed, domains, distance }) => {
        const rng = createRng(seed, 'mixtures')
        const set = new MixtureSet(distance)
        const list: number[][] = []
        for (let i = 0; i < 60; i++) {
          const near = list.length > 0 && domains > 1 && rng.uniform() < 0.5
          const mixture = near
            ? moved(list[rng.integer(list.length)], 2 * rng.uniform() * Math.min(distance, 1), rng)
            : randomMixture(rng, domains)
          const isThere = list.some((other) => distanceOf(mixture, other) <= distance)
          expect(set.has(mixture)).toBe(isThere)
          found[isThere ? 'yes' : 'no'] += 1
          if (rng.uniform() < 0.3) continue
          set.add(mixture)
          list.push(mixture)
          expect(set.size).toBe(list.length)
        }
      }),
      { numRuns: 300, seed: 1 },
    )
    expect(Math.min(found.yes, found.no)).toBeGreaterThan(3_000)
  })

  test('has what is just within the distance, and not what is just beyond it', () => {
    const many = fc.record({
      seed: fc.integer(),
      domains: fc.integer({ min: 2, max: 30 }),
      distance: fc.constantFrom(1e-6, 1e-3, 0.01, 1 / 30),
    })
    fc.assert(
      fc.property(many, ({ seed, domains, distance }) => {
        const rng = createRng(seed, 'pairs')
        const set = new MixtureSet(distance)
        const mixture = randomMixture(rng, domains)
        set.add(mixture)
        for (let i = 0; i < domains; i++) {
          expect(set.has(moved(mixture, distance * (1 - 1e-6), rng))).toBe(true)
          expect(set.has(moved(mixture, distance * (1 + 1e-6), rng))).toBe(false)
        }
        expect(set.has([...mixture])).toBe(true)
      }),
      { numRuns: 1_000, seed: 1 },
    )
  })

  test('has nothing at first, and keeps what is added twice', () => {
    const set = new MixtureSet(1e-3)
    expect([set.size, set.has([1]), set.has([0.5, 0.5])]).toEqual([0, false, false])
    for (const mixture of [[0.5, 0.5], Float64Array.of(0.5, 0.5)]) set.add(mixture)
    expect([set.size, set.has([0.5, 0.5]), set.has([0.6, 0.4])]).toEqual([2, true, false])
  })

  test.each([0, -1e-3, Number.NaN, Number.NEGATIVE_INFINITY])(
    'takes no distance of %d',
    (distance) => {
      const refusal = new RangeError(`the distance must be above 0, not ${distance}`)
      expect(() => new MixtureSet(distance)).toThrow(refusal)
    },
  )
})
