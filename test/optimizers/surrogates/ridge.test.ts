import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { rowOf } from '../../../src/optimizers/row-matrix.js'
import { ridge } from '../../../src/optimizers/surrogates/ridge.js'
import { mean, spearman, standardDeviation } from '../../../src/optimizers/surrogates/statistics.js'
import { randomMixtures, valuesOf } from '../../support/random-mixtures.js'
import { regmixTable } from '../../support/regmix-tables.js'
import { sharedData } from '../../support/shared-data.js'
import { solve } from '../../support/solve.js'

const none = new Float64Array(0)
const rng = createRng(21)
const raw = randomMixtures(30, 4, rng)
const values = valuesOf(raw, (row) => 5 - 2 * row[0] + row[3] + 0.1 * rng.normal())
const observations = { raw, normalised: raw, values }

/** (XᵀX + λI) β = Xᵀy on centred data. */
function normalEquations(penalty: number) {
  const rows = Array.from({ length: raw.rows }, (_, i) => [...rowOf(raw, i)])
  const centre = rows[0].map((_, j) => mean(rows.map((row) => row[j])))
  const level = mean(values)
  const gram = centre.map((_, a) =>
    centre.map(
      (__, b) =>
        rows.reduce((sum, row) => sum + (row[a] - centre[a]) * (row[b] - centre[b]), 0) +
        (a === b ? penalty : 0),
    ),
  )
  const right = centre.map((_, a) =>
    rows.reduce((sum, row, i) => sum + (row[a] - centre[a]) * (values[i] - level), 0),
  )
  const slopes = solve(gram, right)
  return (point: Float64Array) =>
    slopes.reduce((sum, slope, j) => sum + slope * (point[j] - centre[j]), level)
}

describe('ridge', () => {
  test.each([0.01, 0.5, 3])('solves the penalised normal equations, penalty %d', (penalty) => {
    const fitted = ridge.fit(observations, { ...ridge.defaults, penalty }, rng)
    const points = randomMixtures(10, 4, rng)
    const expected = valuesOf(points, normalEquations(penalty))
    fitted.predictMean(points).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 10)
    })
  })

  test('a huge penalty leaves the mean, and one effective parameter', () => {
    const fitted = ridge.fit(observations, { ...ridge.defaults, penalty: 1e12 }, rng)
    for (const value of fitted.predictMean(raw)) expect(value).toBeCloseTo(mean(values), 9)
    expect(fitted.details.effectiveParameters).toBeCloseTo(1, 9)
  })

  test('the replicates are penalised too', () => {
    const spread = (penalty: number) => {
      const params = { penalty, replicates: 200 }
      const fitted = ridge.fitWithIntervals(observations, params, createRng(2), none)
      const draws = fitted.draws?.(raw) ?? []
      return standardDeviation(draws.map((draw) => draw[0] - draw[1]))
    }
    expect(spread(100)).toBeLessThan(0.1 * spread(0.01))
  })

  test('a stored fit predicts the same', () => {
    const fitted = ridge.fitWithIntervals(observations, ridge.defaults, createRng(2), none)
    const restored = ridge.restore(JSON.parse(JSON.stringify(fitted)))
    expect(restored.predict(raw)).toEqual(fitted.predict(raw))
    expect(restored.surrogate).toBe('ridge')
  })
})

const train = regmixTable('train_1m')

describe.skipIf(!train)('RegMix’s tables', () => {
  const tests = ['test_1m', 'test_60m', 'test_1B'].map((name) => regmixTable(name))
  const rho = (penalty: number, table: number, target: number) => {
    const training = { ...train!, values: train!.values[target] }
    const fitted = ridge.fit(training, { ...ridge.defaults, penalty }, rng)
    const { raw: points, values: measured } = tests[table]!
    return 100 * (spearman(fitted.predictMean(points), measured[target]) ?? 0)
  }

  test.each([
    [0.01, [90.09, 89.21, 88.76]],
    [1, [90.07, 89.07, 94.13]],
  ])('reference rank correlations for Pile-CC, penalty %d', (penalty, reference) => {
    reference.forEach((expected, table) => {
      expect(Math.abs(rho(penalty, table, 8) - expected)).toBeLessThan(0.1)
    })
  })

  test('reference means over 13 targets, penalty 1', () => {
    ;[81.41, 81.11, 75.7].forEach((expected, table) => {
      const all = train!.targets.map((_, target) => rho(1, table, target))
      expect(Math.abs(mean(all) - expected)).toBeLessThan(0.1)
    })
  })

  test.each([
    [0.1, 'ridge alpha=0.1'],
    [1, 'ridge alpha=1.0'],
  ])('every reference correlation, penalty %d', (penalty, name) => {
    const file = sharedData('regmix', 'reference_results.json')
    const reference: Record<string, Record<string, { rho: number }>> = JSON.parse(
      readFileSync(file!, 'utf8'),
    ).regressors[name]
    ;['1m', '60m', '1B'].forEach((size, table) => {
      train!.targets.forEach((target, index) => {
        const expected = reference[size][target].rho
        expect(Math.abs(rho(penalty, table, index) - expected), `${size} ${target}`).toBeLessThan(
          0.1,
        )
      })
    })
  })
})
