import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import {
  squaredDistance,
  squaredDistances,
  weightedSquares,
} from '../../../../src/optimizers/surrogates/gaussian-process/distances.js'

const normals = (count: number, seed: number) => {
  const rng = createRng(seed, 'normals')
  return Float64Array.from({ length: count }, () => rng.normal())
}

test('many squared distances are those of one pair after the other', () => {
  const [one, other] = [normals(3 * 5, 1), normals(11 * 5, 2)]
  for (let count = 0; count <= 11; count++) {
    const out = new Float64Array(14).fill(-1)
    squaredDistances(one, 2, other, count, 5, out, 2)
    const expected = Array.from({ length: count }, (_, k) => squaredDistance(one, 2, other, k, 5))
    expect([...out]).toEqual([-1, -1, ...expected, ...Array(12 - count).fill(-1)])
  }
})

describe('weighted sums of squares', () => {
  const cases: [string, number, (points: Float64Array) => void][] = [
    ['few points', 7, () => {}],
    ['many points', 150, () => {}],
    [
      'far from the origin',
      60,
      (points) =>
        points.forEach((_, i) => {
          points[i] += 1000
        }),
    ],
    [
      'nearly equal in pairs',
      60,
      (points) => {
        for (let i = 0; i + 4 < points.length; i += 8)
          for (let j = 0; j < 4; j++) points[i + 4 + j] = points[i + j] + 1e-6
      },
    ],
  ]
  test.each(cases)('are those over all pairs: %s', (_name, n, place) => {
    const points = normals(n * 4, 3)
    place(points)
    const weights = normals(n * n, 4)
    const sums = new Float64Array(4)
    let size = 0
    for (let i = 0; i < n; i++)
      for (let k = 0; k < n; k++) {
        if (k >= i) weights[i * n + k] = k > i ? Number.NaN : 0
        else
          for (let j = 0; j < 4; j++) {
            const square = (points[i * 4 + j] - points[k * 4 + j]) ** 2
            sums[j] += weights[i * n + k] * square
            size += Math.abs(weights[i * n + k]) * square
          }
      }
    weightedSquares(weights, points, 4).forEach((sum, j) => {
      expect(Math.abs(sum - sums[j])).toBeLessThan(1e-13 * size)
    })
  })

  test('where neighbours far from the centre have large weights, what cancels is no more than rounding', () => {
    const points = Float64Array.from([0, 1e-3, 5, 9])
    const weights = new Float64Array(16)
    weights[4] = 1e6
    weights[13] = 1
    expect(Math.abs(weightedSquares(weights, points, 1)[0] - 1 - (9 - 1e-3) ** 2)).toBeLessThan(
      1e-7,
    )
  })
})
