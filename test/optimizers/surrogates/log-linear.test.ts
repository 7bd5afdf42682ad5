import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { type RowMatrix, rowMatrixFrom, rowOf } from '../../../src/optimizers/row-matrix.js'
import { leastSquares } from '../../../src/optimizers/surrogates/least-squares.js'
import { fitLogLinearLaw } from '../../../src/optimizers/surrogates/log-linear/fit-law.js'
import {
  fittedFromLaw,
  logLinear,
  logLinearParameters,
} from '../../../src/optimizers/surrogates/log-linear.js'
import { mean, spearman } from '../../../src/optimizers/surrogates/statistics.js'
import { randomMixtures, valuesOf } from '../../support/random-mixtures.js'
import { regmixTable } from '../../support/regmix-tables.js'
import { sharedData } from '../../support/shared-data.js'

const params = logLinear.defaults
const none = new Float64Array(0)

const law = { logC: Math.log(2), t: [-3, 0.5, -0.2, 1] }
const lawValue = (row: Float64Array) =>
  Math.exp(law.logC) + Math.exp(row.reduce((sum, weight, j) => sum + weight * law.t[j], 0))

function observed(points: RowMatrix, values: Float64Array) {
  return { raw: points, normalised: points, values }
}

describe('a known law', () => {
  test('is recovered from values without noise', () => {
    const points = randomMixtures(60, 4, createRng(41))
    const fitted = logLinear.fit(observed(points, valuesOf(points, lawValue)), params, createRng(1))
    const { logC, t } = logLinearParameters(fitted)
    expect(logC).toBeCloseTo(law.logC, 4)
    law.t.forEach((exponent, j) => {
      expect(t[j]).toBeCloseTo(exponent, 3)
    })
    const corners = rowMatrixFrom([
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ])
    fitted.predictMean(corners).forEach((value, i) => {
      expect(value).toBeCloseTo(lawValue(rowOf(corners, i)), 3)
    })
  })

  test.each([0.001, 1000])('is recovered in another unit, %d', (unit) => {
    const points = randomMixtures(60, 4, createRng(42))
    const values = valuesOf(points, (row) => unit * lawValue(row))
    const fitted = logLinear.fit(
      observed(points, values),
      { ...params, huberDelta: unit * 0.02 },
      createRng(1),
    )
    fitted.predictMean(points).forEach((value, i) => {
      expect(value / values[i]).toBeCloseTo(1, 4)
    })
  })

  test('a few wild runs hardly move it', () => {
    const points = randomMixtures(80, 4, createRng(43))
    const values = valuesOf(points, lawValue)
    for (const i of [3, 17, 40]) values[i] += 5
    const fitted = logLinear.fit(observed(points, values), params, createRng(1))
    const fresh = randomMixtures(20, 4, createRng(44))
    fitted.predictMean(fresh).forEach((value, i) => {
      expect(Math.abs(value - lawValue(rowOf(fresh, i)))).toBeLessThan(0.01)
    })
  })

  test('a domain that no run used is neutral: its exponent is that of the mean mixture', () => {
    const inner = randomMixtures(40, 3, createRng(45))
    const points = rowMatrixFrom(
      Array.from({ length: 40 }, (_, i) => [...rowOf(inner, i).slice(0, 2), 0, rowOf(inner, i)[2]]),
    )
    const values = valuesOf(points, lawValue)
    const fitted = logLinear.fit(observed(points, values), params, createRng(1))
    const centre = [0, 1, 2, 3].map((j) => mean(valuesOf(points, (row) => row[j])))
    const [unused, middle] = fitted.predictMean(rowMatrixFrom([[0, 0, 1, 0], centre]))
    expect(unused).toBeCloseTo(middle, 10)
    fitted.predictMean(points).forEach((value, i) => {
      expect(value).toBeCloseTo(values[i], 3)
    })
  })

  test('values that are not above 0 are refused', () => {
    const points = randomMixtures(10, 3, createRng(46))
    const values = new Float64Array(10).fill(1)
    values[4] = 0
    expect(() => fitLogLinearLaw(points, values, params, createRng(1))).toThrow(RangeError)
  })
})

describe('intervals', () => {
  const rng = createRng(47)
  const points = randomMixtures(60, 4, rng)
  const values = valuesOf(points, (row) => lawValue(row) + 0.02 * rng.normal())
  const fitOnce = () =>
    logLinear.fitWithIntervals(observed(points, values), params, createRng(2), none)

  test('cover new runs, and grow away from the runs', () => {
    const fitted = fitOnce()
    const fresh = randomMixtures(300, 4, rng)
    const { mean: means, sd } = fitted.predict(fresh)
    let covered = 0
    means.forEach((value, i) => {
      const run = lawValue(rowOf(fresh, i)) + 0.02 * rng.normal()
      if (Math.abs(run - value) <= 1.645 * sd[i]) covered++
    })
    expect(covered / 300).toBeGreaterThan(0.82)
    expect(covered / 300).toBeLessThan(0.97)
    const [corner, centre] = fitted.predict(
      rowMatrixFrom([
        [0, 0, 0, 1],
        [0.25, 0.25, 0.25, 0.25],
      ]),
    ).sd
    expect(corner).toBeGreaterThan(1.3 * centre)
  })

  test('equal generators give equal fits, and a stored fit predicts the same', () => {
    const [first, second] = [fitOnce(), fitOnce()]
    const restored = logLinear.restore(JSON.parse(JSON.stringify(first)))
    for (const other of [second, restored]) {
      expect(other.predict(points)).toEqual(first.predict(points))
      expect(other.draws?.(points)).toEqual(first.draws?.(points))
      expect(other.details).toEqual(first.details)
    }
    expect(first.draws?.(points)).toHaveLength(100)
    expect(() => logLinear.restore({ ...first.toJSON(), version: 0 })).toThrow(/version 0/)
  })

  test('parameters are those of a law only', () => {
    const fitted = leastSquares.fit(observed(points, values), leastSquares.defaults, rng)
    expect(() => logLinearParameters(fitted)).toThrow(TypeError)
    const known = fittedFromLaw({ logC: law.logC, t: Float64Array.from(law.t) })
    expect(known.predictMean(points)).toEqual(
      valuesOf(points, (row) => {
        let z = 0
        for (let j = 0; j < 4; j++) z += law.t[j] * row[j]
        return Math.exp(law.logC) + Math.exp(z)
      }),
    )
  })
})

const train = regmixTable('train_1m')

describe.skipIf(!train)('RegMix’s tables', () => {
  const tests = ['test_1m', 'test_60m', 'test_1B'].map((name) => regmixTable(name))
  const file = sharedData('regmix', 'reference_results.json')
  const fits = (train?.values ?? []).map((values, target) =>
    logLinear.fit({ ...train!, values }, params, createRng(1, 'target', target)),
  )

  test('every loss is within 0.1 % of the reference’s, or below', () => {
    const reference: Record<string, { log_c: number; t: number[] }> = JSON.parse(
      readFileSync(file!, 'utf8'),
    ).loglinear.params
    train!.targets.forEach((target, index) => {
      const { log_c: logC, t } = reference[target]
      const predicted = fittedFromLaw({ logC, t: Float64Array.from(t) }).predictMean(
        train!.normalised,
      )
      const loss = train!.values[index].reduce((sum, value, i) => {
        const r = Math.abs(predicted[i] - value)
        return sum + (r <= 0.02 ? 0.5 * r * r : 0.02 * (r - 0.01))
      }, 0)
      expect(fits[index].details.loss, target).toBeLessThanOrEqual(1.001 * loss)
    })
  })

  test('reference rank correlations, Pile-CC and mean of 13 targets', () => {
    const pileCc = train!.targets.indexOf('pile_cc')
    const reference = { pileCc: [96.25, 95.75, 98.54], mean: [97.37, 96.83, 93.45] }
    tests.forEach((table, k) => {
      const rho = fits.map(
        (fitted, target) =>
          100 * (spearman(fitted.predictMean(table!.normalised), table!.values[target]) ?? 0),
      )
      expect(Math.abs(rho[pileCc] - reference.pileCc[k])).toBeLessThan(0.3)
      expect(Math.abs(mean(rho) - reference.mean[k])).toBeLessThan(0.3)
    })
  })

  test('reports how the starts ended', () => {
    for (const fitted of fits) {
      const starts = fitted.details.starts as Record<string, number>
      expect(starts.count).toBe(30)
      expect(starts.best).toBe(fitted.details.loss)
      expect(starts.best).toBeLessThanOrEqual(starts.median)
      expect(starts.median).toBeLessThanOrEqual(starts.worst)
      expect(starts.withinTenthPercent).toBeGreaterThanOrEqual(1)
    }
  })

  test('the Pile-CC law of the methods notes', () => {
    const { logC, t } = logLinearParameters(fits[train!.targets.indexOf('pile_cc')])
    expect(logC).toBeCloseTo(1.6549, 3)
    const pileCc = t[train!.domains.indexOf('pile_cc')]
    expect(Math.abs(pileCc + 7.3791)).toBeLessThan(0.02)
  })
})
