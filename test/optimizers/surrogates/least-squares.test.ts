import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { rowMatrixFrom, rowOf, selectRows } from '../../../src/optimizers/row-matrix.js'
import { leastSquares } from '../../../src/optimizers/surrogates/least-squares.js'
import { mean, spearman, standardDeviation } from '../../../src/optimizers/surrogates/statistics.js'
import type { Observations } from '../../../src/optimizers/surrogates/types.js'
import { randomMixtures, valuesOf } from '../../support/random-mixtures.js'
import { regmixTable } from '../../support/regmix-tables.js'
import { solve } from '../../support/solve.js'

const params = leastSquares.defaults
const none = new Float64Array(0)

function observed(raw: Observations['raw'], values: Float64Array): Observations {
  return { raw, normalised: raw, values }
}

/** Normal equations of the first columns and an intercept, for data whose columns sum to 1. */
function fitDroppingLast(raw: Observations['raw'], values: Float64Array) {
  const rows = Array.from({ length: raw.rows }, (_, i) => [1, ...rowOf(raw, i).slice(0, -1)])
  const gram = rows[0].map((_, a) =>
    rows[0].map((__, b) => rows.reduce((sum, row) => sum + row[a] * row[b], 0)),
  )
  const right = rows[0].map((_, a) => rows.reduce((sum, row, i) => sum + row[a] * values[i], 0))
  const beta = solve(gram, right)
  return (point: Float64Array) =>
    beta.slice(1).reduce((sum, slope, j) => sum + slope * point[j], beta[0])
}

describe('least squares', () => {
  test('one varying domain: slope is covariance over variance', () => {
    const raw = rowMatrixFrom([
      [0.1, 0.5],
      [0.3, 0.5],
      [0.8, 0.5],
    ])
    const fitted = leastSquares.fit(observed(raw, Float64Array.of(1, 2, 2.5)), params, createRng(1))
    // Means 0.4 and 11/6; covariance 0.5, variance 0.26 (both times n).
    const slope =
      (-0.3 * (1 - 11 / 6) + -0.1 * (2 - 11 / 6) + 0.4 * (2.5 - 11 / 6)) / (0.09 + 0.01 + 0.16)
    const [at] = fitted.predictMean(rowMatrixFrom([[0.6, 0.5]]))
    expect(at).toBeCloseTo(11 / 6 + slope * 0.2, 12)
    expect(fitted.details).toMatchObject({ rank: 1 })
  })

  test('mixtures that sum to 1 exactly: the same predictions as without the last domain', () => {
    const rng = createRng(3)
    const raw = randomMixtures(40, 6, rng)
    const values = valuesOf(raw, (row) => 3 - row[0] + 2 * row[4] + 0.3 * rng.normal())
    const fitted = leastSquares.fit(observed(raw, values), params, rng)
    const points = randomMixtures(20, 6, rng)
    const expected = valuesOf(points, fitDroppingLast(raw, values))
    fitted.predictMean(points).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 10)
    })
  })

  test('exactly linear values are met exactly, residual and spread are 0', () => {
    const raw = randomMixtures(12, 5, createRng(4))
    const linear = (row: Float64Array) => 2 + 3 * row[1] - row[3]
    const fitted = leastSquares.fitWithIntervals(
      observed(raw, valuesOf(raw, linear)),
      params,
      createRng(5),
      none,
    )
    const points = randomMixtures(8, 5, createRng(6))
    const { mean: means, sd } = fitted.predict(points)
    valuesOf(points, linear).forEach((value, i) => {
      expect(means[i]).toBeCloseTo(value, 11)
      expect(sd[i]).toBeLessThan(1e-9)
    })
  })

  test('equal mixtures leave only the mean', () => {
    const raw = rowMatrixFrom([
      [0.5, 0.5],
      [0.5, 0.5],
      [0.5, 0.5],
    ])
    const fitted = leastSquares.fitWithIntervals(
      observed(raw, Float64Array.of(1, 2, 6)),
      params,
      createRng(1),
      none,
    )
    const { mean: means, sd } = fitted.predict(rowMatrixFrom([[0.9, 0.1]]))
    expect(means[0]).toBeCloseTo(3, 12)
    expect(Number.isFinite(sd[0])).toBe(true)
  })

  test('points of another width are refused', () => {
    const raw = randomMixtures(12, 5, createRng(4))
    const fitted = leastSquares.fit(
      observed(
        raw,
        valuesOf(raw, ([w]) => w),
      ),
      params,
      createRng(1),
    )
    expect(() => fitted.predictMean(rowMatrixFrom([[0.5, 0.5]]))).toThrow(RangeError)
  })
})

describe('bootstrap intervals', () => {
  const truth = (row: Float64Array) => 3 - row[0] + 2 * row[2]

  test('the spread of the draws is the standard error of the fit', () => {
    const rng = createRng(7)
    const raw = randomMixtures(200, 4, rng)
    const values = valuesOf(raw, (row) => truth(row) + 0.2 * rng.normal())
    const fitted = leastSquares.fitWithIntervals(
      observed(raw, values),
      { replicates: 1000 },
      rng,
      none,
    )
    // With the last domain dropped: variance of a prediction is σ² x (XᵀX)⁻¹ xᵀ.
    const rows = Array.from({ length: 200 }, (_, i) => [1, ...rowOf(raw, i).slice(0, 3)])
    const gram = rows[0].map((_, a) =>
      rows[0].map((__, b) => rows.reduce((sum, row) => sum + row[a] * row[b], 0)),
    )
    const points = randomMixtures(5, 4, rng)
    const draws = fitted.draws?.(points) ?? []
    expect(draws).toHaveLength(1000)
    for (let i = 0; i < 5; i++) {
      const x = [1, ...rowOf(points, i).slice(0, 3)]
      const variance = 0.04 * x.reduce((sum, value, j) => sum + value * solve(gram, x)[j], 0)
      const spread = standardDeviation(draws.map((draw) => draw[i]))
      expect(spread / Math.sqrt(variance)).toBeGreaterThan(0.75)
      expect(spread / Math.sqrt(variance)).toBeLessThan(1.25)
    }
  })

  test('90 % intervals cover new runs about nine times in ten', () => {
    let covered = 0
    for (let study = 0; study < 60; study++) {
      const rng = createRng(8, 'study', study)
      const raw = randomMixtures(40, 5, rng)
      const values = valuesOf(raw, (row) => truth(row) + 0.1 * rng.normal())
      const fitted = leastSquares.fitWithIntervals(observed(raw, values), params, rng, none)
      const points = randomMixtures(20, 5, rng)
      const { mean: means, sd } = fitted.predict(points)
      valuesOf(points, truth).forEach((value, i) => {
        const run = value + 0.1 * rng.normal()
        if (Math.abs(run - means[i]) <= 1.645 * sd[i]) covered++
      })
    }
    expect(covered / 1200).toBeGreaterThan(0.86)
    expect(covered / 1200).toBeLessThan(0.94)
  })

  test('as few runs as parameters still give draws', () => {
    const rng = createRng(9)
    const raw = randomMixtures(6, 5, rng)
    const values = valuesOf(raw, (row) => truth(row) + 0.1 * rng.normal())
    const fitted = leastSquares.fitWithIntervals(
      observed(raw, values),
      params,
      rng,
      Float64Array.of(0.3, -0.3),
    )
    expect(fitted.draws?.(raw)).toHaveLength(100)
    expect(fitted.residualSd).toBeCloseTo(0.3, 14)
    expect(fitted.predict(raw).sd.every((sd) => sd >= 0.3 && Number.isFinite(sd))).toBe(true)
  })

  test('equal generators give equal fits, and a stored fit predicts the same', () => {
    const raw = randomMixtures(30, 5, createRng(10))
    const values = valuesOf(raw, truth).map((value, i) => value + Math.sin(i))
    const fitOnce = () =>
      leastSquares.fitWithIntervals(observed(raw, values), params, createRng(11), none)
    const [first, second] = [fitOnce(), fitOnce()]
    const restored = leastSquares.restore(JSON.parse(JSON.stringify(first)))
    for (const other of [second, restored]) {
      expect(other.predict(raw)).toEqual(first.predict(raw))
      expect(other.draws?.(raw)).toEqual(first.draws?.(raw))
      expect(other.details).toEqual(first.details)
    }
    expect(() => leastSquares.restore({ ...first.toJSON(), version: 99 })).toThrow(/version 99/)
  })
})

const train = regmixTable('train_1m')
const tests = ['test_1m', 'test_60m', 'test_1B'].map((name) => regmixTable(name))

describe.skipIf(!train)('RegMix’s tables', () => {
  const fits = (train?.values ?? []).map((values) =>
    leastSquares.fit(
      { raw: train!.raw, normalised: train!.normalised, values },
      params,
      createRng(1),
    ),
  )
  const rho = (table: number, target: number) =>
    100 * (spearman(fits[target].predictMean(tests[table]!.raw), tests[table]!.values[target]) ?? 0)

  test('reference rank correlations, Pile-CC and mean of 13 targets', () => {
    const pileCc = train!.targets.indexOf('pile_cc')
    const reference = { pileCc: [90.21, 89.33, 87.66], mean: [83.11, 82.97, 70.91] }
    for (let table = 0; table < 3; table++) {
      expect(Math.abs(rho(table, pileCc) - reference.pileCc[table])).toBeLessThan(0.1)
      const all = train!.targets.map((_, target) => rho(table, target))
      expect(Math.abs(mean(all) - reference.mean[table])).toBeLessThan(0.1)
    }
  })

  test('reference coefficients on the rows as they were given', () => {
    const { intercept, coefficients } = fits[train!.targets.indexOf('pile_cc')].details as {
      intercept: number
      coefficients: number[]
    }
    const reference = [
      -5.17351, -5.41492, -6.71943, -5.28375, -5.97328, -5.28986, -5.07311, -6.96572, -5.42189,
      -9.01721, -5.78328, -6.49099, -6.12831, -5.74464, -6.71347, -5.45654, -5.39443,
    ]
    expect(intercept).toBeCloseTo(11.30598, 4)
    coefficients.forEach((coefficient, j) => {
      expect(coefficient).toBeCloseTo(reference[j], 4)
    })
  })

  test('any 20 rows of nearly collinear mixtures give finite fits', () => {
    const rng = createRng(12)
    for (let repeat = 0; repeat < 20; repeat++) {
      const rows = Int32Array.from({ length: 20 }, () => rng.integer(512))
      const raw = selectRows(train!.raw, rows)
      const values = Float64Array.from(rows, (i) => train!.values[8][i])
      const fitted = leastSquares.fitWithIntervals(observed(raw, values), params, rng, none)
      const { mean: means, sd } = fitted.predict(raw)
      expect(means.every(Number.isFinite) && sd.every(Number.isFinite)).toBe(true)
    }
  })
})
