import { describe, expect, test } from 'vitest'
import { fromMixture, largestViolation } from '../../../src/optimizers/mixture/index.js'
import { fitDensityModel, logRatio } from '../../../src/optimizers/offline/bohb/density-model.js'
import { bohb } from '../../../src/optimizers/offline/bohb/index.js'
import { hyperband } from '../../../src/optimizers/offline/hyperband/index.js'
import { createRng } from '../../../src/optimizers/random.js'
import { type RowMatrix, rowMatrixFrom, rowOf } from '../../../src/optimizers/row-matrix.js'
import { ILR } from '../../../src/optimizers/surrogates/gaussian-process/index.js'
import type { ActiveTable, RunTable } from '../../../src/optimizers/types.js'
import { randomMixtures } from '../../support/random-mixtures.js'
import { BracketSearch, hellinger, ladder, ladderOver, runTable } from './bracket-search.js'

const PARAMS = {
  eta: 3,
  topNPercent: 15,
  numSamples: 64,
  randomFraction: 1 / 3,
  bandwidthFactor: 3,
  minBandwidth: 1e-3,
  folds: 5,
  surrogates: {},
}

function search(compiled = ladder(2), overrides: Partial<typeof PARAMS> = {}, seed = 1) {
  return new BracketSearch(bohb, compiled, { ...PARAMS, ...overrides }, seed)
}

const isModelBased = ({ reason }: { reason: string }) => reason.includes('BOHB')
const GOOD = [0.6, 0.2, 0.1, 0.1]
const distance = (weights: ArrayLike<number>) => hellinger(weights, GOOD)
const rowsOf = (matrix: RowMatrix) =>
  Array.from({ length: matrix.rows }, (_, i) => rowOf(matrix, i))

/** Random mixtures at a fidelity whose loss is their distance from a good mixture. */
function measured(fidelity: string, count: number, seed = 1): RunTable {
  const rows = rowsOf(randomMixtures(count, 4, createRng(seed, fidelity)))
  return runTable(fidelity, rows, rows.map(distance))
}

describe('the model', () => {
  const compiled = ladder(2)
  const modelOf = (completed: RunTable[], params: Partial<typeof PARAMS> = {}) =>
    fitDensityModel({
      compiled,
      params: { ...PARAMS, ...params },
      completed,
      active: [],
      rng: createRng(1),
    })

  test('is that of the highest fidelity with m + 3 mixtures', () => {
    expect(modelOf([measured('f0', 6), measured('f1', 6)])).toBeUndefined()
    expect(modelOf([measured('f0', 7), measured('f1', 6)])?.fidelity).toBe('f0')
    expect(modelOf([measured('f0', 50), measured('f1', 7)])?.fidelity).toBe('f1')
  })

  test('takes the best 15 % and the others, at least m + 1 each', () => {
    const sizes = (count: number, topNPercent = 15) => {
      const model = modelOf([measured('f0', count)], { topNPercent })
      return [model?.good.points.rows, model?.bad.points.rows]
    }
    expect(sizes(7)).toEqual([5, 5])
    expect(sizes(20)).toEqual([5, 15])
    expect(sizes(100)).toEqual([15, 85])
    expect(sizes(100, 40)).toEqual([40, 60])
    expect(sizes(20, 90)).toEqual([18, 5])
    const rows = rowsOf(measured('f0', 100).normalised)
    const failing = modelOf([
      runTable(
        'f0',
        rows,
        [...rows.keys()].map((i) => (i < 7 ? i : NaN)),
      ),
    ])
    expect([failing?.good.points.rows, failing?.bad.points.rows]).toEqual([7, 85])
  })

  test('takes the best for the good ones and the worst for the bad ones, failed runs among them', () => {
    const { normalised } = measured('f0', 40)
    const rows = rowsOf(normalised)
    const losses = rows.map((weights, i) => (i % 4 === 0 ? Number.NaN : distance(weights)))
    const model = modelOf([runTable('f0', rows, losses)])
    const finite = rows.filter((_, i) => i % 4 !== 0)
    const best = finite.toSorted((a, b) => distance(a) - distance(b)).slice(0, 6)
    const points = (weights: ArrayLike<number>) => {
      const coordinates = new Float64Array(3)
      ILR.map(weights, coordinates)
      return coordinates.join()
    }
    const good = rowsOf(model?.good.points as RowMatrix).map((point) => point.join())
    const bad = rowsOf(model?.bad.points as RowMatrix).map((point) => point.join())
    expect(good).toEqual(best.map(points))
    expect(bad).toHaveLength(34)
    for (const [i, weights] of rows.entries()) {
      expect(bad.includes(points(weights))).toBe(i % 4 === 0 || !best.includes(weights))
    }
  })

  test('has a larger ratio where good mixtures are than where bad ones are', () => {
    const model = modelOf([measured('f0', 60)])
    if (!model) throw new Error('there is no model')
    expect(logRatio(model, GOOD)).toBeGreaterThan(0)
    expect(logRatio(model, [0.05, 0.05, 0.1, 0.8])).toBeLessThan(0)
  })

  test('is none where all runs failed, and takes equal losses', () => {
    const rows = rowsOf(measured('f0', 20).normalised)
    expect(modelOf([runTable('f0', rows, Array(20).fill(Number.NaN))])).toBeUndefined()
    const equal = modelOf([runTable('f0', rows, Array(20).fill(1))])
    expect(equal?.good.points.rows).toBe(5)
    expect(Number.isFinite(logRatio(equal as NonNullable<typeof equal>, GOOD))).toBe(true)
  })
})

describe('a search', () => {
  test('draws new mixtures near the good ones, and a third of them at random', () => {
    const completed = [measured('f0', 80)]
    // One fidelity: nothing is promoted, all are new.
    const drawn = search(ladder(1)).suggest(150, { completed })
    const own = drawn.filter(isModelBased).map(({ weights }) => distance(Object.values(weights)))
    const others = drawn.filter((suggestion) => !isModelBased(suggestion))
    const random = others.map(({ weights }) => distance(Object.values(weights)))
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length
    expect(mean(own)).toBeLessThan(0.5 * mean(random))
    // Binomial(150, 1/3): 50 ± 3.3 standard deviations of 5.8.
    expect(random.length).toBeGreaterThan(30)
    expect(random.length).toBeLessThan(70)
  })

  test('that is all random is Hyperband', () => {
    const completed = [measured('f0', 40)]
    const params = { eta: 3, folds: 5, surrogates: {} }
    expect(search(ladder(3), { randomFraction: 1 }).suggest(40, { completed })).toEqual(
      new BracketSearch(hyperband, ladder(3), params).suggest(40, { completed }),
    )
  })

  test('without enough runs is Hyperband', () => {
    const params = { eta: 3, folds: 5, surrogates: {} }
    const completed = [measured('f0', 6)]
    expect(search(ladder(2), { randomFraction: 0 }).suggest(20, { completed })).toEqual(
      new BracketSearch(hyperband, ladder(2), params).suggest(20, { completed }),
    )
  })

  test('starts the same mixtures whether they are asked for at once or one by one, all different', () => {
    const completed = [measured('f0', 40)]
    const atOnce = search().suggest(40, { completed })
    expect(atOnce.filter(isModelBased).length).toBeGreaterThan(10)
    const oneByOne: typeof atOnce = []
    while (oneByOne.length < 40) {
      const active: ActiveTable[] = ['f0', 'f1'].map((fidelity) => ({
        fidelity,
        normalised: rowMatrixFrom(
          oneByOne
            .filter((suggestion) => suggestion.fidelity === fidelity)
            .map(({ weights }) => Object.values(weights)),
        ),
      }))
      oneByOne.push(...search().suggest(1, { completed, active }))
    }
    expect(oneByOne).toEqual(atOnce)
    const places = atOnce.map(({ weights, fidelity }) => `${fidelity} ${Object.values(weights)}`)
    expect(new Set(places).size).toBe(40)
  })

  test('stays within the constraints', () => {
    const free = ['a', 'b', 'c'].map((name) => ({ name, maxWeight: 0.5 }))
    const domains = [...free, { name: 'd', fixedWeight: 0.1 }]
    const groups = [{ name: 'ab', domains: ['a', 'b'], maxWeight: 0.6 }]
    const compiled = ladderOver(domains, 1, groups)
    const completed = [measured('f0', 40)]
    const drawn = search(compiled, { randomFraction: 0 }).suggest(30, { completed })
    expect(drawn.filter(isModelBased)).toHaveLength(30)
    for (const { weights } of drawn) {
      const row = fromMixture(compiled.space, weights, 1e-9)
      expect(largestViolation(compiled.space, row)).toBeLessThan(1e-9)
    }
  })

  test('takes one run only, equal losses and failed runs', () => {
    const rows = rowsOf(measured('f0', 30).normalised)
    const tables = [
      runTable('f0', rows.slice(0, 1), [1]),
      runTable('f0', rows, Array(30).fill(1)),
      runTable('f0', rows, Array(30).fill(Number.NaN)),
    ]
    for (const table of tables) {
      const found = search().suggest(15, { completed: [table] })
      expect(found).toHaveLength(15)
      for (const { weights } of found) {
        expect(Object.values(weights).every(Number.isFinite)).toBe(true)
      }
    }
  })

  test('of eight domains finds better mixtures with its model than Hyperband does without', () => {
    const best = (randomFraction: number, seed: number) => {
      const optimum = rowOf(randomMixtures(1, 8, createRng(seed, 'optimum')), 0)
      const study = search(ladder(1, 8), { randomFraction }, seed)
      for (let i = 0; i < 120; i++) {
        const [run] = study.ask(1)
        run.loss = hellinger(run.weights, optimum)
      }
      return Math.min(...study.runs.map(({ loss }) => loss as number))
    }
    const gains = Array.from({ length: 8 }, (_, seed) => best(1, seed) - best(1 / 3, seed))
    expect(gains.filter((gain) => gain > 0).length).toBeGreaterThanOrEqual(5)
    expect(gains.reduce((a, b) => a + b) / 8).toBeGreaterThan(0.02)
  })
})

test('a replay chooses the candidate with the largest ratio among those that are left', () => {
  const compiled = ladder(1)
  const completed = [measured('f0', 40)]
  const left = randomMixtures(50, 4, createRng(8, 'left'))
  const candidates = new Map([['f0', left]])
  const found = search(compiled, { randomFraction: 0 }).suggest(3, { completed, candidates })
  const model = fitDensityModel({
    compiled,
    params: PARAMS,
    completed,
    active: [],
    rng: createRng(1),
  })
  if (!model) throw new Error('there is no model')
  const ranked = Array.from({ length: 50 }, (_, i) => i).toSorted(
    (a, b) => logRatio(model, rowOf(left, b)) - logRatio(model, rowOf(left, a)),
  )
  expect(found.map(({ row }) => row)).toEqual(ranked.slice(0, 3))
  expect(Object.values(found[0].weights)).toEqual([...rowOf(left, ranked[0])])

  const narrow = search(compiled, { randomFraction: 0, numSamples: 2 })
  const rows = narrow.suggest(50, { completed, candidates }).map(({ row }) => row as number)
  expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
})
