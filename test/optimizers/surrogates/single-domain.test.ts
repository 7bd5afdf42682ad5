import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'
import { singleDomain } from '../../../src/optimizers/surrogates/single-domain.js'
import { spearman } from '../../../src/optimizers/surrogates/statistics.js'
import { randomMixtures, valuesOf } from '../../support/random-mixtures.js'
import { regmixTable } from '../../support/regmix-tables.js'

const fitControl = (raw: ReturnType<typeof rowMatrixFrom>, values: Float64Array) =>
  singleDomain.fit({ raw, normalised: raw, values }, {}, createRng(1))

describe('the control', () => {
  test('takes the domain whose weight ranks the values best, and its line', () => {
    const raw = randomMixtures(50, 4, createRng(1))
    // Monotone in domain 2 but not linear: the rank correlation is −1 all the same.
    const values = valuesOf(raw, (row) => Math.exp(-3 * row[2]))
    const fitted = fitControl(raw, values)
    expect(fitted.details).toMatchObject({ domainIndex: 2, spearman: -1 })
    const slope = fitted.details.slope as number
    const points = rowMatrixFrom([
      [0, 0, 0, 1],
      [0, 0, 0.5, 0.5],
    ])
    const [none, half] = fitted.predictMean(points)
    expect(half - none).toBeCloseTo(0.5 * slope, 12)
    expect(slope).toBeLessThan(0)
    expect(fitted.draws).toBeUndefined()
  })

  test('of two domains that rank equally well the better line wins', () => {
    const raw = rowMatrixFrom([
      [0.1, 0.1, 0.8],
      [0.2, 0.11, 0.69],
      [0.3, 0.5, 0.2],
    ])
    expect(fitControl(raw, Float64Array.of(1, 2, 3)).details.domainIndex).toBe(0)
  })

  test('constant values have no best domain', () => {
    const raw = randomMixtures(10, 3, createRng(1))
    const fitted = fitControl(raw, new Float64Array(10).fill(2))
    expect(fitted.details).toEqual({ domainIndex: null, slope: 0, spearman: null })
    expect([...fitted.predictMean(raw)]).toEqual(new Array(10).fill(2))
  })

  test('a stored fit predicts the same', () => {
    const raw = randomMixtures(10, 3, createRng(1))
    const fitted = fitControl(
      raw,
      valuesOf(raw, ([w]) => w ** 2),
    )
    const restored = singleDomain.restore(JSON.parse(JSON.stringify(fitted)))
    expect(restored.predict(raw)).toEqual(fitted.predict(raw))
    expect(restored.details).toEqual(fitted.details)
  })
})

const train = regmixTable('train_1m')

test.skipIf(!train)('RegMix’s Pile-CC loss: the Pile-CC weight alone', () => {
  const target = train!.targets.indexOf('pile_cc')
  const fitted = fitControl(train!.raw, train!.values[target])
  expect(fitted.details.domainIndex).toBe(train!.domains.indexOf('pile_cc'))
  const reference = { test_1m: 81.7, test_60m: 81.38, test_1B: 98.08 }
  for (const [name, expected] of Object.entries(reference)) {
    const table = regmixTable(name)
    const rho = spearman(fitted.predictMean(table!.raw), table!.values[target]) ?? 0
    expect(Math.abs(100 * rho - expected)).toBeLessThan(0.01)
  }
})
