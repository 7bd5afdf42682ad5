import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import type { RowMatrix } from '../../../src/optimizers/row-matrix.js'
import { SURROGATES } from '../../../src/optimizers/surrogates/index.js'
import { type MetricData, metricData } from '../../../src/optimizers/surrogates/metric-data.js'
import {
  fitMetricMeans,
  fitMetricModel,
  restoreMetricModel,
} from '../../../src/optimizers/surrogates/metric-model.js'
import { restoreFitted } from '../../../src/optimizers/surrogates/registry.js'
import { standardDeviation } from '../../../src/optimizers/surrogates/statistics.js'
import type { SurrogateName } from '../../../src/optimizers/surrogates/types.js'
import { randomMixtures, valuesOf } from '../../support/random-mixtures.js'

const rng = createRng(61)
const raw = randomMixtures(60, 4, rng)
const error = valuesOf(
  raw,
  (row) => 0.2 + 0.3 * Math.exp(-4 * row[0] + row[1]) + 0.005 * rng.normal(),
)
const points = randomMixtures(10, 4, rng)
const residuals = Float64Array.of(0.01, -0.01)

function data(direction: 'minimize' | 'maximize', values: Float64Array): MetricData {
  return { metric: 'm', direction, raw, normalised: raw, values }
}

function modelOf(surrogate: SurrogateName, from: MetricData, outOfFoldResiduals = residuals) {
  const params = surrogate === 'gradient-boosted-trees' ? { trees: 50 } : {}
  return fitMetricModel({ data: from, surrogate, params, rng: createRng(5), outOfFoldResiduals })
}

describe.each([...SURROGATES.keys()])('%s', (surrogate) => {
  const minimised = modelOf(surrogate, data('minimize', error))
  const maximised = modelOf(
    surrogate,
    data(
      'maximize',
      error.map((value) => 1 - value),
    ),
  )
  // The law is fitted on shifted values, so it agrees as far as both searches have converged.
  const digits = surrogate === 'log-linear' ? 3 : 9

  test('accuracy = 1 − error gives mirrored predictions', () => {
    const mirrored = maximised.predict(points)
    const plain = minimised.predict(points)
    plain.mean.forEach((value, i) => {
      expect(mirrored.mean[i]).toBeCloseTo(1 - value, digits)
      expect(mirrored.sd[i]).toBeCloseTo(plain.sd[i], digits)
    })
  })

  test('oriented means are lower for better, without the shift', () => {
    const { mean } = maximised.predict(points)
    maximised.orientedMean(points).forEach((value, i) => {
      expect(value).toBeCloseTo(-mean[i], 12)
    })
    expect(maximised.predictMean(points)).toEqual(mean)
  })

  test('draws vary around the oriented mean as much as predict says', () => {
    const draws = maximised.orientedDraws?.(points)
    if (!draws) {
      expect(['gradient-boosted-trees', 'single-domain']).toContain(surrogate)
      return
    }
    const mean = maximised.orientedMean(points)
    const { sd } = maximised.predict(points)
    for (let i = 0; i < points.rows; i++) {
      const spread = standardDeviation(draws.map((draw) => draw[i]))
      expect(sd[i]).toBeCloseTo(Math.hypot(spread, 0.01), 12)
      const centre = draws.reduce((sum, draw) => sum + draw[i] / draws.length, 0)
      expect(Math.abs(centre - mean[i])).toBeLessThan(spread)
    }
  })

  test('a fit of the means alone predicts the same means', () => {
    const params = surrogate === 'gradient-boosted-trees' ? { trees: 50 } : {}
    const task = { data: data('maximize', error), surrogate, params, rng: createRng(5) }
    expect(fitMetricMeans(task).predictMean(points)).toEqual(
      modelOf(surrogate, data('maximize', error)).predictMean(points),
    )
  })

  test('survives JSON exactly', () => {
    const restored = restoreMetricModel(JSON.parse(JSON.stringify(maximised)))
    expect(restored.predict(points)).toEqual(maximised.predict(points))
    expect(restored.orientedMean(points)).toEqual(maximised.orientedMean(points))
    expect(restored.orientedDraws?.(points)).toEqual(maximised.orientedDraws?.(points))
    expect(restored.fitted.details).toEqual(maximised.fitted.details)
    expect([restored.metric, restored.direction]).toEqual(['m', 'maximize'])
  })

  test('without out-of-fold residuals the runs’ own deviation stands in', () => {
    const model = modelOf(surrogate, data('minimize', error), new Float64Array(0))
    expect(model.fitted.residualSd).toBeCloseTo(standardDeviation(error) * Math.sqrt(59 / 60), 12)
  })
})

test('unknown surrogates and layouts are refused by name', () => {
  const json = modelOf('ridge', data('minimize', error)).toJSON()
  expect(() => restoreMetricModel({ ...json, version: 7 })).toThrow(/version 7/)
  expect(() => restoreFitted({ ...json.fitted, version: 7 })).toThrow(/ridge.*version 7/)
  const unknown = { ...json.fitted, surrogate: 'oracle' as SurrogateName }
  expect(() => restoreFitted(unknown)).toThrow(/unknown surrogate "oracle"/)
  expect(() => restoreFitted({ ...json.fitted, coefficients: 'AAAA' })).toThrow(TypeError)
})

test('runs without the metric are left out', () => {
  const values = new Map([['m', error.map((value, i) => (i % 3 === 0 ? Number.NaN : value))]])
  const table = { name: '', fidelity: 'f', runIds: [], raw, normalised: raw, values }
  const known = metricData(table, { name: 'm', direction: 'minimize' })
  expect(known.values).toHaveLength(40)
  expect(known.raw.data.slice(0, 4)).toEqual(raw.data.slice(4, 8))
  const unknown = metricData(table, { name: 'other', direction: 'minimize' })
  expect(unknown.raw).toMatchObject({ rows: 0, columns: 4 } satisfies Partial<RowMatrix>)
})
