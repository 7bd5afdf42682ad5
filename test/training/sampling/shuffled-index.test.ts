import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { shuffledIndex } from '../../../src/training/sampling/shuffled-index.js'

function order(length: number, seed: number): number[] {
  const index = shuffledIndex(length, createRng(seed, 'shuffle'))
  return Array.from({ length }, (_, place) => index(place))
}

describe('shuffledIndex', () => {
  test('is a permutation of every length, and the same for the same seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), (length, seed) => {
        const places = order(length, seed)
        expect([...places].sort((a, b) => a - b)).toEqual([...places.keys()])
        expect(order(length, seed)).toEqual(places)
      }),
      { numRuns: 60 },
    )
  })

  test('gives each of the 24 orders of four equally often', () => {
    const counts = new Map<string, number>()
    const draws = 4800
    for (let seed = 0; seed < draws; seed++) {
      const key = order(4, seed).join('')
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    const expected = draws / 24
    const chiSquare = [...counts.values()].reduce(
      (sum, n) => sum + (n - expected) ** 2 / expected,
      0,
    )
    expect(counts.size).toBe(24)
    // 99.9 % point of χ² with 23 degrees of freedom.
    expect(chiSquare).toBeLessThan(49.73)
  })

  test('leaves no trace of the order it began with', () => {
    const length = 5000
    const places = order(length, 3)
    const mean = (length - 1) / 2
    const variance = (length ** 2 - 1) / 12
    const correlation = (lag: number) =>
      places.reduce((sum, index, i) => {
        const other = lag === 0 ? i : places[(i + lag) % length]
        return sum + (index - mean) * (other - mean)
      }, 0) /
      (length * variance)
    // Standard error 1/√5000 = 0.014.
    for (const lag of [0, 1, 2, 16, 64]) expect(Math.abs(correlation(lag))).toBeLessThan(0.06)
  })

  test('reaches the places of a domain far too long to list', () => {
    const length = 2 ** 32
    const index = shuffledIndex(length, createRng(1))
    const seen = new Set([0, 1, 2, 2 ** 31, length - 1].map(index))
    expect(seen.size).toBe(5)
    for (const value of seen) expect(value >= 0 && value < length).toBe(true)
  })

  test('refuses places and lengths outside its range', () => {
    expect(() => shuffledIndex(0, createRng(1))).toThrow('from 1 to 2^32, not 0')
    expect(() => shuffledIndex(3, createRng(1))(3)).toThrow('from 0 to 2, not 3')
  })
})
