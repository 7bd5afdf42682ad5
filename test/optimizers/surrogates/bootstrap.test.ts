import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import {
  bootstrapWeights,
  drawsOfReplicates,
  spreadOverReplicates,
} from '../../../src/optimizers/surrogates/bootstrap.js'
import { mean, standardDeviation } from '../../../src/optimizers/surrogates/statistics.js'

describe('bootstrap over runs', () => {
  test('weights are positive, sum to n, and vary like resampling counts', () => {
    const rng = createRng(1)
    const first: number[] = []
    for (let b = 0; b < 4000; b++) {
      const weights = bootstrapWeights(20, rng)
      expect(weights.every((weight) => weight > 0)).toBe(true)
      expect(mean(weights)).toBeCloseTo(1, 12)
      first.push(weights[0])
    }
    expect(Math.abs(mean(first) - 1)).toBeLessThan(0.05)
    // Dirichlet(1, …, 1) times n: variance (n − 1) / (n + 1); counts have (n − 1) / n.
    expect(standardDeviation(first) ** 2).toBeGreaterThan(0.8)
    expect(standardDeviation(first) ** 2).toBeLessThan(1.0)
  })

  test('the spread is that of the draws, with the residual added in squares', () => {
    const evaluate = (b: number, out: Float64Array) => {
      out[0] = 1e6 + [1, 4, 7][b]
      out[1] = 2
    }
    const [varying, fixed] = spreadOverReplicates(2, 3, 4, evaluate)
    expect(varying).toBeCloseTo(5, 9)
    expect(fixed).toBe(4)
    expect(drawsOfReplicates(2, 3, evaluate).map((draw) => draw[0] - 1e6)).toEqual([1, 4, 7])
    expect([...spreadOverReplicates(2, 0, 4, evaluate)]).toEqual([4, 4])
  })
})
