import { describe, expect, test } from 'vitest'
import { createRng, permutation } from '../../src/optimizers/random.js'

const take = (count: number, next: () => number) => Float64Array.from({ length: count }, next)

describe('createRng', () => {
  test('equal seed, purpose and index give the same stream; any other another', () => {
    const first = (seed: number, purpose?: string, index?: number) =>
      createRng(seed, purpose, index).uniform()
    expect(first(1, 'a', 2)).toBe(first(1, 'a', 2))
    const others = [first(1), first(2), first(1, 'a'), first(1, 'a', 1), first(1, 'b'), first(-1)]
    expect(new Set(others).size).toBe(others.length)
  })

  test('the streams are fixed for good: a study replays on every version', () => {
    expect([...take(3, createRng(42, 'golden', 1).uniform)]).toEqual([
      0.37548944866927214, 0.4951186576067289, 0.9760979203514256,
    ])
  })

  test('forking neither advances the stream nor depends on where it is', () => {
    const rng = createRng(7, 'x')
    const untouched = createRng(7, 'x')
    const early = rng.fork('child', 3).uniform()
    expect(rng.uniform()).toBe(untouched.uniform())
    expect(rng.fork('child', 3).uniform()).toBe(early)
    expect(rng.fork('child', 4).uniform()).not.toBe(early)
  })

  test('uniform draws fill [0, 1) evenly', () => {
    const n = 50_000
    const values = take(n, createRng(1, 'u').uniform).sort()
    expect(values[0]).toBeGreaterThanOrEqual(0)
    expect(values[n - 1]).toBeLessThan(1)
    const distance = values.reduce((worst, x, i) => Math.max(worst, Math.abs(x - (i + 0.5) / n)), 0)
    // Kolmogorov–Smirnov at the level 1e-4.
    expect(distance).toBeLessThan(2.23 / Math.sqrt(n))
    const open = take(n, createRng(1, 'open').uniformOpen)
    expect(open.every((value) => value > 0 && value < 1)).toBe(true)
  })

  test('normal draws have the moments of a standard normal, and pairs are uncorrelated', () => {
    const n = 50_000
    const values = take(n, createRng(2, 'n').normal)
    const moment = (power: number) => values.reduce((sum, x) => sum + x ** power, 0) / n
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(n))
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n))
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / n))
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n))
    let lagged = 0
    for (let i = 0; i + 1 < n; i++) lagged += values[i] * values[i + 1]
    expect(Math.abs(lagged / n)).toBeLessThan(5 / Math.sqrt(n))
  })

  test('integers cover their range evenly', () => {
    const rng = createRng(3, 'i')
    const counts = new Float64Array(7)
    for (let i = 0; i < 70_000; i++) counts[rng.integer(7)] += 1
    const chi2 = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    // χ² with 6 degrees of freedom exceeds 27.9 with probability 1e-4.
    expect(chi2).toBeLessThan(27.9)
    expect(rng.integer(1)).toBe(0)
  })
})

describe('permutation', () => {
  test('holds every index once', () => {
    expect([...permutation(50, createRng(1))].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    )
    expect(permutation(0, createRng(1))).toHaveLength(0)
  })

  test('every order of three is as likely as every other', () => {
    const counts = new Map<string, number>()
    const rng = createRng(5, 'p')
    for (let i = 0; i < 12_000; i++) {
      const order = permutation(3, rng).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)
    // χ² with 5 degrees of freedom exceeds 25.7 with probability 1e-4.
    expect(chi2).toBeLessThan(25.7)
  })
})
