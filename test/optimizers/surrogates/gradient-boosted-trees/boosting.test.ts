import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import {
  createScorer,
  type Forest,
  fitForest,
  fitForests,
  TREE_DEFAULTS,
  type TreeParams,
} from '../../../../src/optimizers/surrogates/gradient-boosted-trees/index.js'
import { naiveBoosting, naivePredict } from './naive-boosting.js'

const SPLITTERS = ['exact', 'histogram'] as const

function leafSizes(forest: Forest, rows: number[][]): number[] {
  const sizes: number[] = []
  for (let t = 0; t + 1 < forest.starts.length; t++) {
    const count = new Array<number>(forest.starts[t + 1] - forest.starts[t] + 1).fill(0)
    for (const row of rows) {
      let leaf = 0
      for (let k = forest.starts[t]; k < forest.starts[t + 1]; k++) {
        const moves = forest.leaf[k] === leaf && row[forest.feature[k]] > forest.threshold[k]
        if (moves) leaf = k - forest.starts[t] + 1
      }
      count[leaf]++
    }
    sizes.push(...count)
  }
  return sizes
}

/** Columns with many ties, a copy and a mirror of the first one, so that equal gains abound. */
function tiedTable(seed: number, rows: number) {
  const rng = createRng(seed, 'tied-table')
  const x = Array.from({ length: rows }, () => {
    const a = rng.integer(6)
    return [a, rng.integer(3), a, -a, rng.uniform()]
  })
  const y = x.map((row) => Math.sin(row[0]) + row[1] * row[4] + 0.3 * rng.normal())
  return { x, y }
}

const treeParams: fc.Arbitrary<TreeParams> = fc.record({
  trees: fc.integer({ min: 1, max: 12 }),
  learningRate: fc.constantFrom(0.1, 0.5),
  maxLeaves: fc.integer({ min: 2, max: 9 }),
  maxDepth: fc.constantFrom(null, 1, 2, 3),
  minRunsInLeaf: fc.integer({ min: 1, max: 8 }),
  l1: fc.constantFrom(0, 0, 0.4),
  l2: fc.constantFrom(0, 0, 1.5),
  minGain: fc.constantFrom(0, 0, 0.2),
  splitter: fc.constantFrom(...SPLITTERS),
  maxBins: fc.constant(255),
})

describe('against a second implementation', () => {
  test('equal predictions on and between the training rows, with ties, penalties and limits', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.integer({ min: 2, max: 45 }), treeParams, (seed, n, params) => {
        const { x, y } = tiedTable(seed, n)
        const points = [...x, ...tiedTable(seed + 1, 30).x.map((row) => row.map((v) => v + 0.25))]
        const forest = fitForest(rowMatrixFrom(x), Float64Array.from(y), params)
        const model = naiveBoosting(x, y, params)
        const predicted = createScorer(forest)(rowMatrixFrom(points))
        expect(forest.starts.length - 1).toBe(model.trees.length)
        points.forEach((point, i) => {
          expect(predicted[i]).toBeCloseTo(naivePredict(model, point), 9)
        })
      }),
      { numRuns: 150, seed: 7 },
    )
  })
})

describe('splitters', () => {
  test('give the same bits while no column has more values than bins', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { x, y } = tiedTable(seed, 120)
      const fits = SPLITTERS.map((splitter) =>
        fitForest(rowMatrixFrom(x), Float64Array.from(y), {
          ...TREE_DEFAULTS,
          trees: 60,
          learningRate: 0.2,
          minRunsInLeaf: 3,
          splitter,
        }),
      )
      expect(fits[1]).toEqual(fits[0])
    }
  })

  test('few bins still separate what lies in different bins', () => {
    const rng = createRng(3, 'step')
    const x = Array.from({ length: 400 }, () => [rng.uniform()])
    const y = Float64Array.from(x, ([value]) => (value > 0.5 ? 1 : 0))
    const params = { ...TREE_DEFAULTS, trees: 1, learningRate: 1, maxLeaves: 2, maxBins: 16 }
    const forest = fitForest(rowMatrixFrom(x), y, params)
    expect(Math.abs(forest.threshold[0] - 0.5)).toBeLessThan(2 / 16)
  })
})

describe('limits', () => {
  test('no leaf has fewer rows than asked for, no tree more leaves, no path more splits', () => {
    const { x, y } = tiedTable(11, 150)
    const limits = { minRunsInLeaf: 7, maxLeaves: 6, maxDepth: 2 }
    for (const splitter of SPLITTERS) {
      const params = { ...TREE_DEFAULTS, ...limits, trees: 40, splitter }
      const forest = fitForest(rowMatrixFrom(x), Float64Array.from(y), params)
      expect(forest.starts.length - 1).toBe(40)
      expect(Math.min(...leafSizes(forest, x))).toBeGreaterThanOrEqual(7)
      for (let t = 0; t < 40; t++) {
        expect(forest.starts[t + 1] - forest.starts[t]).toBeLessThanOrEqual(3)
      }
    }
  })

  test('fewer than twice minRunsInLeaf rows, or constant targets, leave the mean alone', () => {
    const { x, y } = tiedTable(5, 39)
    const few = fitForest(rowMatrixFrom(x), Float64Array.from(y), TREE_DEFAULTS)
    expect(few.starts).toHaveLength(1)
    expect(few.base).toBeCloseTo(y.reduce((a, b) => a + b) / 39, 12)
    const flat = fitForest(rowMatrixFrom(x), new Float64Array(39).fill(0.1), {
      ...TREE_DEFAULTS,
      minRunsInLeaf: 1,
    })
    expect(flat.starts).toHaveLength(1)
    expect(flat.base).toBeCloseTo(0.1, 14)
  })

  test('an L1 penalty above every sum of residuals gives a constant; in a larger unit it does not', () => {
    const { x, y } = tiedTable(5, 57)
    const params = { ...TREE_DEFAULTS, trees: 20, minRunsInLeaf: 5, l1: 1, l2: 1, maxDepth: 4 }
    const matrix = rowMatrixFrom(x)
    const small = fitForest(
      matrix,
      Float64Array.from(y, (v) => v / 100),
      params,
    )
    const large = fitForest(
      matrix,
      Float64Array.from(y, (v) => v * 100),
      params,
    )
    expect(small.values).toHaveLength(0)
    expect(large.values.length).toBeGreaterThan(20)
  })

  test('lengths and numbers are checked', () => {
    const matrix = rowMatrixFrom([[1], [2]])
    expect(() => fitForest(matrix, Float64Array.of(1), TREE_DEFAULTS)).toThrow(RangeError)
    expect(() => fitForest(matrix, Float64Array.of(1, Number.NaN), TREE_DEFAULTS)).toThrow(
      'not finite',
    )
    const infinite = rowMatrixFrom([[1], [Infinity]])
    expect(() => fitForest(infinite, Float64Array.of(1, 2), TREE_DEFAULTS)).toThrow('not finite')
    expect(() => fitForest(rowMatrixFrom([], 1), new Float64Array(0), TREE_DEFAULTS)).toThrow(
      'at least one row',
    )
  })
})

test('many targets at once equal one at a time, and progress rises to the total', () => {
  const { x, y } = tiedTable(2, 90)
  const targets = [Float64Array.from(y), Float64Array.from(y, (v, i) => v * v + x[i][1])]
  const params = { ...TREE_DEFAULTS, trees: 120, minRunsInLeaf: 5 }
  const reports: number[] = []
  const matrix = rowMatrixFrom(x)
  const together = fitForests(matrix, targets, params, (done, total) => {
    expect(total).toBe(240)
    reports.push(done)
  })
  expect(together).toEqual(targets.map((target) => fitForest(matrix, target, params)))
  expect(reports).toEqual([50, 100, 120, 170, 220, 240])
})
