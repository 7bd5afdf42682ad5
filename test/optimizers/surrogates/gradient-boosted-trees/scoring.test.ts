import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createRng, type Rng } from '../../../../src/optimizers/random.js'
import { createRowMatrix, type RowMatrix, rowOf } from '../../../../src/optimizers/row-matrix.js'
import type { Forest } from '../../../../src/optimizers/surrogates/gradient-boosted-trees/forest.js'
import { createBitSlicedScorer } from '../../../../src/optimizers/surrogates/gradient-boosted-trees/scoring/bit-sliced.js'
import { bitSlicedKernel } from '../../../../src/optimizers/surrogates/gradient-boosted-trees/scoring/kernel.js'
import { createScorer } from '../../../../src/optimizers/surrogates/gradient-boosted-trees/scoring/scorer.js'
import { createTraversalScorer } from '../../../../src/optimizers/surrogates/gradient-boosted-trees/scoring/traversal.js'

/** The definition of a forest, read literally: apply the splits one after the other. */
function interpret(forest: Forest, x: Float64Array): number {
  let sum = forest.base
  for (let t = 0; t + 1 < forest.starts.length; t++) {
    let leaf = 0
    for (let k = forest.starts[t]; k < forest.starts[t + 1]; k++) {
      const moves = forest.leaf[k] === leaf && !(x[forest.feature[k]] <= forest.threshold[k])
      if (moves) leaf = k - forest.starts[t] + 1
    }
    sum += forest.values[forest.starts[t] + t + leaf]
  }
  return sum
}

/** Thresholds on a grid, so that many are equal and points can lie exactly on them. */
function randomForest(rng: Rng, columns: number, trees: number, mostLeaves: number): Forest {
  const starts = [0]
  const leaf: number[] = []
  for (let t = 0; t < trees; t++) {
    const splits = rng.integer(mostLeaves)
    for (let k = 0; k < splits; k++) leaf.push(rng.integer(k + 1))
    starts.push(leaf.length)
  }
  return {
    columns,
    base: rng.normal(),
    starts: Int32Array.from(starts),
    feature: Uint16Array.from(leaf, () => rng.integer(columns)),
    threshold: Float64Array.from(leaf, () => (rng.integer(41) - 20) / 16),
    leaf: Uint16Array.from(leaf),
    values: Float64Array.from({ length: leaf.length + trees }, () => rng.normal()),
  }
}

const SPECIAL = [0, -0, Infinity, -Infinity, Number.MIN_VALUE, 1 / 16 + Number.EPSILON / 32]

function randomPoints(rng: Rng, rows: number, columns: number): RowMatrix {
  const points = createRowMatrix(rows, columns)
  for (let k = 0; k < points.data.length; k++) {
    const kind = rng.integer(3)
    if (kind === 0) points.data[k] = (rng.integer(41) - 20) / 16
    else if (kind === 1) points.data[k] = rng.normal()
    else points.data[k] = SPECIAL[rng.integer(SPECIAL.length)]
  }
  return points
}

function expected(forest: Forest, points: RowMatrix): Float64Array {
  return Float64Array.from({ length: points.rows }, (_, i) => interpret(forest, rowOf(points, i)))
}

const kernel = bitSlicedKernel()
afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

describe('scorers', () => {
  test('the kernel is there: this runtime has WebAssembly SIMD', () => {
    expect(kernel).not.toBeNull()
  })

  test('the kernel, the walk and the definition give the same bits', () => {
    if (!kernel) throw new Error('no kernel')
    const sizes = fc.constantFrom(1, 15, 127, 128, 129, 300)
    const columnCount = fc.integer({ min: 1, max: 20 })
    const leafCount = fc.integer({ min: 1, max: 32 })
    fc.assert(
      fc.property(
        fc.nat(1e6),
        sizes,
        columnCount,
        fc.nat(23),
        leafCount,
        (seed, rows, columns, trees, leaves) => {
          const rng = createRng(seed, 'forest')
          const forest = randomForest(rng, columns, trees, leaves)
          const points = randomPoints(rng, rows, columns)
          const wanted = expected(forest, points)
          expect(createTraversalScorer(forest)(points)).toEqual(wanted)
          expect(createBitSlicedScorer(forest, kernel)(points)).toEqual(wanted)
          expect(createScorer(forest)(points)).toEqual(wanted)
        },
      ),
      { numRuns: 200, seed: 3 },
    )
  })

  test('forests of different sizes take turns in the memory of the kernel', () => {
    const rng = createRng(1, 'turns')
    const pairs = [3, 900, 40].map((trees) => {
      const forest = randomForest(rng, 5, trees, 32)
      return { forest, score: createScorer(forest) }
    })
    const points = randomPoints(rng, 260, 5)
    for (const { forest, score } of [...pairs, ...pairs]) {
      expect(score(points)).toEqual(expected(forest, points))
    }
  })

  test('trees of more than 32 leaves are walked', () => {
    const rng = createRng(2, 'large')
    const forest = { ...randomForest(rng, 4, 12, 200) }
    const points = randomPoints(rng, 200, 4)
    expect(createScorer(forest)(points)).toEqual(expected(forest, points))
  })

  test.each([
    ['WebAssembly', undefined],
    ['its SIMD instructions', { validate: () => false }],
  ])('without %s the trees are walked', async (_, api) => {
    vi.stubGlobal('WebAssembly', api)
    vi.resetModules()
    const fresh = await import(
      '../../../../src/optimizers/surrogates/gradient-boosted-trees/scoring/scorer.js'
    )
    const kernels = await import(
      '../../../../src/optimizers/surrogates/gradient-boosted-trees/scoring/kernel.js'
    )
    expect(kernels.bitSlicedKernel()).toBeNull()
    const rng = createRng(4, 'walked')
    const forest = randomForest(rng, 6, 30, 32)
    const points = randomPoints(rng, 150, 6)
    expect(fresh.createScorer(forest)(points)).toEqual(expected(forest, points))
  })

  test('NaN goes left in every scorer', () => {
    if (!kernel) throw new Error('no kernel')
    const forest: Forest = {
      columns: 1,
      base: 0,
      starts: Int32Array.of(0, 1),
      feature: Uint16Array.of(0),
      threshold: Float64Array.of(-5),
      leaf: Uint16Array.of(0),
      values: Float64Array.of(1, 2),
    }
    const points = { data: Float64Array.of(Number.NaN, -4), rows: 2, columns: 1 }
    expect([...createTraversalScorer(forest)(points)]).toEqual([1, 2])
    expect([...createBitSlicedScorer(forest, kernel)(points)]).toEqual([1, 2])
  })

  test('points of another width are refused', () => {
    const forest = randomForest(createRng(1, 'width'), 3, 4, 8)
    expect(() => createScorer(forest)(createRowMatrix(40, 4))).toThrow(RangeError)
  })
})
