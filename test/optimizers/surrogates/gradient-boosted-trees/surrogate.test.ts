import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import { createRowMatrix, rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import {
  forestFromJson,
  forestToJson,
  gradientBoostedTrees,
  TREE_DEFAULTS,
} from '../../../../src/optimizers/surrogates/gradient-boosted-trees/index.js'
import type { Observations } from '../../../../src/optimizers/surrogates/types.js'

const rng = createRng(1, 'surrogate-test')

function observe(rows: number): Observations {
  const raw = rowMatrixFrom(
    Array.from({ length: rows }, () => {
      const [a, b] = [rng.uniform(), rng.uniform()]
      return [a / (a + b), b / (a + b)]
    }),
  )
  const values = Float64Array.from({ length: rows }, (_, i) => Math.exp(-2 * raw.data[2 * i]))
  return { raw, normalised: raw, values }
}

const observations = observe(100)
const params = { ...TREE_DEFAULTS, trees: 300, learningRate: 0.05, minRunsInLeaf: 5 }

describe('gradient-boosted trees as a surrogate', () => {
  test('learn a monotone curve and report the residuals of the training rows', () => {
    const fitted = gradientBoostedTrees.fit(observations, params, rng)
    const { mean, sd } = fitted.predict(observations.raw)
    const squares = mean.map((value, i) => (value - observations.values[i]) ** 2)
    const rms = Math.sqrt(squares.reduce((a, b) => a + b) / 100)
    expect(fitted.residualSd).toBeCloseTo(rms, 12)
    expect(rms).toBeLessThan(0.05)
    expect(new Set(sd)).toEqual(new Set([fitted.residualSd]))
    expect(fitted.predictMean(observations.raw)).toEqual(mean)
    expect(fitted.draws).toBeUndefined()
  })

  test('take residualSd from out-of-fold residuals when they are given', () => {
    const residuals = Float64Array.of(3, -4, 0, 0)
    const fitted = gradientBoostedTrees.fitWithIntervals(observations, params, rng, residuals)
    expect(fitted.residualSd).toBeCloseTo(2.5, 12)
    const plain = gradientBoostedTrees.fit(observations, params, rng)
    expect(fitted.predictMean(observations.raw)).toEqual(plain.predictMean(observations.raw))
  })

  test('come back from JSON text with the same bits', () => {
    const fitted = gradientBoostedTrees.fit(observations, params, rng)
    const restored = gradientBoostedTrees.restore(JSON.parse(JSON.stringify(fitted.toJSON())))
    const points = observe(333).raw
    expect(restored.predict(points)).toEqual(fitted.predict(points))
    expect(restored.details).toEqual(fitted.details)
    expect(restored.toJSON()).toEqual(fitted.toJSON())
  })

  test('say when they are a constant', () => {
    const few = gradientBoostedTrees.fit(observe(39), TREE_DEFAULTS, rng)
    expect(few.details).toEqual({ trees: 0, leaves: 0, constant: true, splitter: 'histogram' })
    expect(new Set(few.predictMean(observations.raw)).size).toBe(1)
    const enough = gradientBoostedTrees.fit(observe(40), TREE_DEFAULTS, rng)
    expect(enough.details).toMatchObject({ constant: false, trees: 1000, leaves: 2000 })
  })

  test('need one run more than domains', () => {
    expect(gradientBoostedTrees.minimumRuns(17, TREE_DEFAULTS)).toBe(18)
  })

  test('refuse points of another width, and JSON of another version or shape', () => {
    const fitted = gradientBoostedTrees.fit(observations, params, rng)
    expect(() => fitted.predict(createRowMatrix(1, 3))).toThrow(RangeError)
    const json = fitted.toJSON()
    expect(() => gradientBoostedTrees.restore({ ...json, version: 2 })).toThrow('version')
    const forest = json.forest as ReturnType<typeof forestToJson>
    expect(() => forestFromJson({ ...forest, version: 9 })).toThrow('version')
    expect(() => forestFromJson({ ...forest, columns: 0 })).toThrow('do not describe a forest')
    expect(() => forestFromJson({ ...forest, leaf: forest.feature.slice(8) })).toThrow(RangeError)
    expect(forestToJson(forestFromJson(forest))).toEqual(forest)
  })
})
