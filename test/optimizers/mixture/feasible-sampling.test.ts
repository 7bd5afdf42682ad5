import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidInputError } from '../../../src/optimizers/issue.js'
import {
  compileSpace,
  largestViolation,
  sampleSobol,
  sampleUniform,
  uniformDrawer,
} from '../../../src/optimizers/mixture/index.js'
import { hitAndRun } from '../../../src/optimizers/mixture/sampling/hit-and-run.js'
import type { Space } from '../../../src/optimizers/mixture/types.js'
import { createRng, type Rng } from '../../../src/optimizers/random.js'
import { createRowMatrix, type RowMatrix, rowOf } from '../../../src/optimizers/row-matrix.js'
import { anchoredSpaces } from './random-spaces.js'

const columnMean = (rows: RowMatrix, j: number, power = 1) => {
  let sum = 0
  for (let i = 0; i < rows.rows; i++) sum += rowOf(rows, i)[j] ** power
  return sum / rows.rows
}

function byHitAndRun(space: Space, count: number, seed: number): RowMatrix {
  const rows = createRowMatrix(count, space.names.length)
  const walk = hitAndRun(space, createRng(seed, 'walk'))
  for (let i = 0; i < count; i++) walk(rowOf(rows, i))
  return rows
}

function oneByOne(space: Space, count: number, rng: Rng): RowMatrix {
  const rows = createRowMatrix(count, space.names.length)
  const draw = uniformDrawer(space)
  for (let i = 0; i < count; i++) rowOf(rows, i).set(draw(rng.fork('row', i)))
  return rows
}

describe.each([
  ['sampleUniform', sampleUniform],
  ['uniformDrawer', oneByOne],
  ['sampleSobol', sampleSobol],
] as const)('%s', (_, sample) => {
  test.each([0, 4])(
    'every row is feasible on any space, also without interior (%s groups)',
    (groups) => {
      fc.assert(
        fc.property(anchoredSpaces(groups, 8), ({ space }) => {
          const rows = sample(space, 5, createRng(1, 'any'))
          expect([rows.rows, rows.columns]).toEqual([5, space.names.length])
          for (let i = 0; i < 5; i++) {
            expect(largestViolation(space, rowOf(rows, i))).toBeLessThan(1e-9)
          }
        }),
        { numRuns: 150 },
      )
    },
  )

  test('has the mean of Dirichlet(1) on the simplex, above lower bounds', () => {
    const space = compileSpace({
      domains: [{ name: 'a', minWeight: 0.4 }, { name: 'b' }, { name: 'c', fixedWeight: 0.3 }],
    })
    const rows = sample(space, 2000, createRng(2, 'mean'))
    expect(columnMean(rows, 0)).toBeCloseTo(0.55, 2)
    expect(columnMean(rows, 1)).toBeCloseTo(0.15, 2)
    expect(columnMean(rows, 2)).toBeCloseTo(0.3, 12)
  })

  test('refuses spaces that hold no mixture, and follows the seed', () => {
    const empty = compileSpace({
      domains: [
        { name: 'a', maxWeight: 0.3 },
        { name: 'b', maxWeight: 0.3 },
      ],
    })
    expect(() => sample(empty, 1, createRng(1))).toThrow(InvalidInputError)
    const space = compileSpace({ domains: [{ name: 'a' }, { name: 'b' }] })
    expect(sample(space, 4, createRng(1))).toEqual(sample(space, 4, createRng(1)))
    expect(sample(space, 4, createRng(1))).not.toEqual(sample(space, 4, createRng(2)))
  })
})

describe('hit-and-run', () => {
  test('has the moments of the uniform distribution on a polytope with a group and a thin side', () => {
    const space = compileSpace({
      domains: [
        { name: 'a', maxWeight: 0.5 },
        { name: 'b' },
        { name: 'c', minWeight: 0.1 },
        { name: 'd', maxWeight: 0.01 },
      ],
      groups: [{ name: 'ab', domains: ['a', 'b'], maxWeight: 0.6 }],
    })
    const walked = byHitAndRun(space, 6000, 3)
    // A fine grid over the polygon that a, b and d span, as the independent answer.
    const exact = { mean: [0, 0, 0, 0], square: [0, 0, 0, 0], mass: 0 }
    const steps = 200
    for (let i = 0; i < steps; i++) {
      for (let j = 0; j < steps; j++) {
        for (let k = 0; k < 4; k++) {
          const a = ((i + 0.5) / steps) * 0.5
          const b = ((j + 0.5) / steps) * 0.6
          const d = ((k + 0.5) / 4) * 0.01
          const w = [a, b, 1 - a - b - d, d]
          if (largestViolation(space, w) > 1e-12) continue
          exact.mass += 1
          w.forEach((value, n) => {
            exact.mean[n] += value
            exact.square[n] += value ** 2
          })
        }
      }
    }
    for (let n = 0; n < 4; n++) {
      const mean = exact.mean[n] / exact.mass
      const sd = Math.sqrt(exact.square[n] / exact.mass - mean ** 2)
      expect(Math.abs(columnMean(walked, n) - mean)).toBeLessThan(0.1 * sd)
      const walkedSd = Math.sqrt(columnMean(walked, n, 2) - columnMean(walked, n) ** 2)
      expect(Math.abs(walkedSd / sd - 1)).toBeLessThan(0.08)
    }
  })

  test('moves within equalities: group sums that are fixed, one of them through an overlap', () => {
    const space = compileSpace({
      domains: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })),
      groups: [
        { name: 'ab', domains: ['a', 'b'], minWeight: 0.4, maxWeight: 0.4 },
        { name: 'bc', domains: ['b', 'c'], minWeight: 0.5, maxWeight: 0.5 },
      ],
    })
    const rows = sampleUniform(space, 2000, createRng(4, 'equal'))
    for (let i = 0; i < rows.rows; i++) {
      expect(largestViolation(space, rowOf(rows, i))).toBeLessThan(1e-9)
    }
    // With b = t: a = 0.4 − t, c = 0.5 − t, d + e = 0.1 + t, so t in (0, 0.4) has a density in proportion to 0.1 + t.
    const mean = ((0.1 * 0.4 ** 2) / 2 + 0.4 ** 3 / 3) / (0.1 * 0.4 + 0.4 ** 2 / 2)
    expect(columnMean(rows, 1)).toBeCloseTo(mean, 1.7)
    expect(Math.abs(columnMean(rows, 3) - columnMean(rows, 4))).toBeLessThan(0.02)
  })

  test.each([
    ['in one walk', sampleUniform],
    ['in a walk a row', oneByOne],
  ] as const)('tight caps on many domains, where rejection would never end: %s', (_, sample) => {
    const space = compileSpace({
      domains: Array.from({ length: 17 }, (_, i) => ({ name: `d${i}`, maxWeight: 0.07 })),
    })
    const rows = sample(space, 500, createRng(5, 'tight'))
    for (let j = 0; j < 17; j++) {
      expect(Math.abs(columnMean(rows, j) - 1 / 17)).toBeLessThan(0.004)
    }
    const distinct = new Set(Array.from({ length: 500 }, (_, i) => rowOf(rows, i).join()))
    expect(distinct.size).toBe(500)
  })
})

describe('sampleSobol on small feasible sets', () => {
  test('fills the set without piling up on its boundary', () => {
    const space = compileSpace({
      domains: Array.from({ length: 10 }, (_, i) => ({ name: `d${i}`, maxWeight: 0.12 })),
    })
    const rows = sampleSobol(space, 256, createRng(6, 'sobol'))
    let onBoundary = 0
    for (let i = 0; i < 256; i++) {
      const row = rowOf(rows, i)
      if (row.some((weight) => weight > 0.12 - 1e-9 || weight < 1e-9)) onBoundary += 1
    }
    expect(onBoundary).toBeLessThan(3)
    for (let j = 0; j < 10; j++) expect(Math.abs(columnMean(rows, j) - 0.1)).toBeLessThan(0.005)
  })

  test('says how many domains it can serve', () => {
    const space = compileSpace({
      domains: Array.from({ length: 300 }, (_, i) => ({ name: `d${i}` })),
    })
    expect(() => sampleSobol(space, 1, createRng(1))).toThrow('256')
  })
})
