import { describe, expect, test } from 'vitest'
import { SOBOL_DIMENSIONS, sobolSequence } from '../../../src/optimizers/mixture/index.js'
import { createRng } from '../../../src/optimizers/random.js'

function points(dimensions: number, count: number, seed?: number): Float64Array[] {
  const sequence = sobolSequence(dimensions, seed === undefined ? undefined : createRng(seed, 's'))
  return Array.from({ length: count }, () => sequence.next(new Float64Array(dimensions)))
}

/** Coordinates of the thousandth point in 256 dimensions, from scipy.stats.qmc.Sobol(256, scramble=False). */
const THOUSANDTH: readonly [dimension: number, coordinate: number][] = [
  [0, 0.1572265625],
  [1, 0.9091796875],
  [16, 0.2822265625],
  [99, 0.4990234375],
  [200, 0.5654296875],
  [255, 0.4365234375],
]

describe('sobolSequence', () => {
  test('the plain sequence begins as Joe and Kuo’s does', () => {
    // First points in dimensions 1–5 of the sequence by new-joe-kuo-6 (as scipy.stats.qmc.Sobol(scramble=False) gives them).
    expect(points(5, 8).map((point) => [...point])).toEqual([
      [0, 0, 0, 0, 0],
      [0.5, 0.5, 0.5, 0.5, 0.5],
      [0.75, 0.25, 0.25, 0.25, 0.75],
      [0.25, 0.75, 0.75, 0.75, 0.25],
      [0.375, 0.375, 0.625, 0.875, 0.375],
      [0.875, 0.875, 0.125, 0.375, 0.875],
      [0.625, 0.125, 0.875, 0.625, 0.625],
      [0.125, 0.625, 0.375, 0.125, 0.125],
    ])
  })

  test('far dimensions and points', () => {
    const far = points(256, 1000)[999]
    for (const [dimension, coordinate] of THOUSANDTH) expect(far[dimension]).toBe(coordinate)
  })

  test.each([undefined, 7])(
    'every coordinate of 2^k points is a stratified sample (seed %s)',
    (seed) => {
      const count = 256
      const drawn = points(SOBOL_DIMENSIONS, count, seed)
      for (let d = 0; d < SOBOL_DIMENSIONS; d++) {
        const cells = new Set(drawn.map((point) => Math.floor(point[d] * count)))
        expect(cells.size).toBe(count)
      }
    },
  )

  test.each([undefined, 11])('the first two dimensions are a (0, k, 2)-net (seed %s)', (seed) => {
    const k = 8
    const drawn = points(2, 2 ** k, seed)
    for (let a = 0; a <= k; a++) {
      const boxes = new Set(
        drawn.map(([x, y]) => `${Math.floor(x * 2 ** a)} ${Math.floor(y * 2 ** (k - a))}`),
      )
      expect(boxes.size).toBe(2 ** k)
    }
  })

  test('scrambling makes single points uniform, stays inside the open cube and follows the seed', () => {
    const firsts = Float64Array.from({ length: 2000 }, (_, seed) => points(3, 1, seed)[0][2]).sort()
    const distance = firsts.reduce(
      (worst, x, i) => Math.max(worst, Math.abs(x - (i + 0.5) / firsts.length)),
      0,
    )
    expect(distance).toBeLessThan(2.23 / Math.sqrt(firsts.length))
    for (const point of points(4, 512, 1)) {
      for (const x of point) expect(x > 0 && x < 1).toBe(true)
    }
    expect(points(4, 8, 1)).toEqual(points(4, 8, 1))
    expect(points(4, 8, 1)).not.toEqual(points(4, 8, 2))
  })

  test('integrates smooth functions far better than random points do', () => {
    const dimensions = 6
    const integrand = (x: Float64Array) => x.reduce((product, value) => product * (2 * value), 1)
    const drawn = points(dimensions, 4096, 5)
    const mean = drawn.reduce((sum, x) => sum + integrand(x), 0) / drawn.length
    // Random points would have a standard error of sqrt((4/3)^6 − 1) / 64 ≈ 0.034.
    expect(Math.abs(mean - 1)).toBeLessThan(0.005)
  })

  test('refuses more dimensions than there are direction numbers for', () => {
    expect(() => sobolSequence(257)).toThrow('1 to 256 dimensions')
    expect(() => sobolSequence(0)).toThrow(RangeError)
  })
})
