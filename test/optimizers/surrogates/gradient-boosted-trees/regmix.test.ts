import { describe, expect, test } from 'vitest'
import type { RowMatrix } from '../../../../src/optimizers/row-matrix.js'
import {
  createScorer,
  fitForest,
  fitForests,
  TREE_DEFAULTS,
} from '../../../../src/optimizers/surrogates/gradient-boosted-trees/index.js'
import { spearman } from '../../../../src/optimizers/surrogates/statistics.js'
import { type RegmixTable, regmixTable } from '../../../support/regmix-tables.js'

const train = regmixTable('train_1m') as RegmixTable
const small = regmixTable('test_1m') as RegmixTable
const medium = regmixTable('test_60m') as RegmixTable
const large = regmixTable('test_1B') as RegmixTable

function rankCorrelation(
  predict: (points: RowMatrix) => Float64Array,
  table: RegmixTable,
  k: number,
) {
  return 100 * (spearman(predict(table.raw), table.values[k]) ?? Number.NaN)
}

describe.skipIf(!train || !small || !medium || !large)('RegMix tables', () => {
  // Computed with an independent numpy program for the exact search, learning rate 0.01.
  test.each([
    [1, [5.72364, 5.72307, 5.72723, 5.73035, 5.731]],
    [10, [5.68809, 5.68247, 5.72241, 5.75204, 5.75842]],
    [1000, [5.29619, 5.21579, 5.73236, 5.89921, 6.06133]],
  ])('Pile-CC loss after %d exact trees', (trees, golden) => {
    const target = train.values[train.targets.indexOf('pile_cc')]
    const forest = fitForest(train.raw, target, { ...TREE_DEFAULTS, trees, splitter: 'exact' })
    const predicted = createScorer(forest)(small.raw)
    golden.forEach((value, i) => {
      expect(Math.abs(predicted[i] - value)).toBeLessThan(1e-5)
    })
  })

  test('the histogram search gives the same bits as the exact one: no domain has over 255 weights', () => {
    for (const target of train.values.slice(0, 4)) {
      const [exact, histogram] = (['exact', 'histogram'] as const).map((splitter) =>
        fitForest(train.raw, target, { ...TREE_DEFAULTS, trees: 50, splitter }),
      )
      expect(histogram).toEqual(exact)
    }
  })

  test('rank correlations of all 13 metrics lie in the windows of other implementations', () => {
    const scorers = fitForests(train.raw, train.values, TREE_DEFAULTS).map(createScorer)
    const k = train.targets.indexOf('pile_cc')
    const at = (table: RegmixTable) =>
      rankCorrelation(scorers[k], table, table.targets.indexOf('pile_cc'))
    const [one, sixty, billion] = [small, medium, large].map(at)
    expect(one).toBeGreaterThan(98.5)
    expect(one).toBeLessThan(99.2)
    expect(sixty).toBeGreaterThan(98)
    expect(sixty).toBeLessThan(98.8)
    expect(billion).toBeGreaterThan(94.5)
    expect(billion).toBeLessThan(97.2)
    const all = scorers.map((scorer, j) => rankCorrelation(scorer, small, j))
    expect(all.reduce((a, b) => a + b) / all.length).toBeGreaterThanOrEqual(98.7)
  })

  test('a quarter of the runs, with small leaves, still ranks the rest', () => {
    const rows = 128
    const raw = { data: train.raw.data.slice(0, rows * 17), rows, columns: 17 }
    const k = train.targets.indexOf('pile_cc')
    const forest = fitForest(raw, train.values[k].slice(0, rows), TREE_DEFAULTS)
    // Others measured 96.2 with LightGBM on the same 128 rows.
    const rho = rankCorrelation(createScorer(forest), small, k)
    expect(rho).toBeGreaterThan(94.5)
    expect(rho).toBeLessThan(98)
  })
})
