import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { rowMatrixFrom, rowOf } from '../../../src/optimizers/row-matrix.js'
import { crossValidate } from '../../../src/optimizers/surrogates/cross-validation.js'
import { surrogateNamed } from '../../../src/optimizers/surrogates/registry.js'
import type { Observations, Surrogate } from '../../../src/optimizers/surrogates/types.js'
import { randomMixtures, valuesOf } from '../../support/random-mixtures.js'

function observed(raw: Observations['raw'], values: Float64Array): Observations {
  return { raw, normalised: raw, values }
}

/**
 * Remembers what it was fitted to, and answers NaN for a mixture it has seen and 0 for one it has
 * not.
 */
function witness(minimum = 1): Surrogate & { trainings: number[] } {
  const trainings: number[] = []
  const key = (row: Float64Array) => row.join()
  const base = surrogateNamed('ridge')
  return {
    ...base,
    trainings,
    minimumRuns: () => minimum,
    fit(observations, params, rng) {
      const { raw } = observations
      trainings.push(raw.rows)
      const seen = new Set(Array.from({ length: raw.rows }, (_, i) => key(rowOf(raw, i))))
      const { residualSd, details } = base.fit(observations, base.defaults, rng)
      const predictMean = (points: Observations['raw']) =>
        valuesOf(points, (row) => (seen.has(key(row)) ? Number.NaN : 0))
      return {
        surrogate: 'ridge',
        rows: 'raw',
        residualSd,
        details,
        predictMean,
        predict: (points) => ({ mean: predictMean(points), sd: new Float64Array(points.rows) }),
        toJSON: () => ({ surrogate: 'ridge', version: 1, params }),
      }
    },
  }
}

describe('cross-validation', () => {
  const distinct = randomMixtures(23, 4, createRng(1))
  /** Every mixture once, the first eight three times. */
  const replicated = rowMatrixFrom(
    Array.from({ length: 39 }, (_, i) => rowOf(distinct, i < 23 ? i : (i - 23) % 8)),
  )
  const values = Float64Array.from({ length: 39 }, (_, i) => i)

  test('no run is predicted by a fit that has seen its mixture, and every run is predicted once', () => {
    const surrogate = witness()
    for (let seed = 0; seed < 20; seed++) {
      const { result } = crossValidate({
        surrogate,
        params: {},
        observations: observed(replicated, values),
        rng: createRng(seed),
      })
      expect(result?.folds).toBe(5)
      expect([...(result?.outOfFold ?? [])]).toEqual(new Array(39).fill(0))
      expect(result?.residuals).toEqual(values)
    }
    // 39 runs in five folds of whole mixtures, the largest mixture having three.
    for (const size of surrogate.trainings) {
      expect(size).toBeGreaterThanOrEqual(39 - 11)
      expect(size).toBeLessThanOrEqual(39 - 5)
    }
  })

  test('groups given by the caller stay together', () => {
    const groups = Int32Array.from({ length: 23 }, (_, i) => i % 3)
    const surrogate = witness()
    const { result } = crossValidate({
      surrogate,
      params: {},
      observations: observed(distinct, values.slice(0, 23)),
      groups,
      rng: createRng(1),
    })
    expect(result?.folds).toBe(3)
    expect([...surrogate.trainings].sort()).toEqual([15, 15, 16])
  })

  test('the same generator gives the same folds; another gives others', () => {
    const ridge = surrogateNamed('ridge')
    const run = (seed: number) =>
      crossValidate({
        surrogate: ridge,
        params: ridge.defaults,
        observations: observed(replicated, values),
        rng: createRng(seed),
      }).result
    expect(run(1)).toEqual(run(1))
    expect(run(1)?.outOfFold).not.toEqual(run(2)?.outOfFold)
  })

  test('out-of-fold errors are those of fits without the fold: leave one out, in closed form', () => {
    const leastSquares = surrogateNamed('least-squares')
    const raw = randomMixtures(12, 3, createRng(5))
    const noisy = valuesOf(raw, (row) => 1 + row[0] - 2 * row[1])
    noisy[4] += 1
    const observations = observed(raw, noisy)
    const { result } = crossValidate({
      surrogate: leastSquares,
      params: leastSquares.defaults,
      observations,
      folds: 12,
      rng: createRng(1),
    })
    // Residual without run i = residual / (1 − leverage); the leverage is the response of its own
    // prediction.
    const predict = (responses: Float64Array) =>
      leastSquares
        .fit(observed(raw, responses), leastSquares.defaults, createRng(1))
        .predictMean(raw)
    const fitted = predict(noisy)
    noisy.forEach((value, i) => {
      const unit = new Float64Array(12)
      unit[i] = 1
      const leverage = predict(unit)[i]
      expect(result?.residuals[i]).toBeCloseTo((value - fitted[i]) / (1 - leverage), 9)
    })
  })

  test('fewer mixtures than folds: as many folds as mixtures', () => {
    const { result } = crossValidate({
      surrogate: witness(),
      params: {},
      observations: observed(randomMixtures(3, 2, createRng(1)), Float64Array.of(1, 2, 3)),
      rng: createRng(1),
    })
    expect(result?.folds).toBe(3)
  })

  test('says why it is impossible', () => {
    const outcome = crossValidate({
      surrogate: witness(20),
      params: {},
      observations: observed(distinct, values.slice(0, 23)),
      rng: createRng(1),
    })
    expect(outcome.result).toBeNull()
    expect(outcome.reason).toMatch(/fit to 18 distinct mixtures; this surrogate needs 20/)
    const one = rowMatrixFrom([
      [0.5, 0.5],
      [0.5, 0.5],
    ])
    expect(
      crossValidate({
        surrogate: witness(),
        params: {},
        observations: observed(one, Float64Array.of(1, 2)),
        rng: createRng(1),
      }).reason,
    ).toMatch(/two distinct mixtures/)
  })

  test('reports every fold', () => {
    const seen: string[] = []
    crossValidate({
      surrogate: witness(),
      params: {},
      observations: observed(distinct, values.slice(0, 23)),
      folds: 4,
      rng: createRng(1),
      onFold: (done, total) => seen.push(`${done}/${total}`),
    })
    expect(seen).toEqual(['1/4', '2/4', '3/4', '4/4'])
  })
})
