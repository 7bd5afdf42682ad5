import { describe, expect, test } from 'vitest'
import { compileSpace, largestViolation } from '../../../src/optimizers/mixture/index.js'
import { simulate } from '../../../src/optimizers/offline/regmix/simulate.js'
import type { SpaceSpec } from '../../../src/optimizers/problem.js'
import { createRng } from '../../../src/optimizers/random.js'
import { type RowMatrix, rowOf } from '../../../src/optimizers/row-matrix.js'

const domains = ['a', 'b', 'c', 'd'].map((name) => ({ name }))
const minusA = (points: RowMatrix) =>
  Float64Array.from({ length: points.rows }, (_, i) => -rowOf(points, i)[0])

function run(spec: SpaceSpec, average = 50) {
  const space = compileSpace(spec)
  const options = { candidates: 20_000, average, concentration: 1 }
  return { space, ...simulate(space, minusA, options, createRng(7)) }
}

test('the mean of the best is the mean of the rows that a full sort puts first', () => {
  const space = compileSpace({ domains })
  const seen: { objective: number; row: number[] }[] = []
  const { weights, bestMean } = simulate(
    space,
    (points) => {
      const objective = Float64Array.from({ length: points.rows }, (_, i) => {
        const [a, b] = rowOf(points, i)
        return (a - 0.3) ** 2 + (b - 0.2) ** 2
      })
      objective.forEach((value, i) => {
        seen.push({ objective: value, row: [...rowOf(points, i)] })
      })
      return objective
    },
    { candidates: 20_000, average: 100, concentration: 4 },
    createRng(3),
  )
  expect(seen).toHaveLength(20_000)
  const best = seen.sort((x, y) => x.objective - y.objective).slice(0, 100)
  expect(bestMean).toBeCloseTo(best.reduce((sum, { objective }) => sum + objective, 0) / 100, 12)
  weights.forEach((weight, j) => {
    expect(weight).toBeCloseTo(best.reduce((sum, { row }) => sum + row[j], 0) / 100, 12)
  })
})

describe('constraints are respected', () => {
  test('by rejection, where many draws are inside', () => {
    const { space, weights, projected } = run({
      domains: [{ name: 'a', maxWeight: 0.6 }, ...domains.slice(1)],
    })
    expect(projected).toBe(false)
    expect(weights[0]).toBeGreaterThan(0.55)
    expect(largestViolation(space, weights)).toBeLessThan(1e-9)
  })

  test('by projection, where hardly any is', () => {
    const { space, weights, projected, acceptance } = run({
      domains: domains.map((domain) => ({ ...domain, maxWeight: 0.3 })),
    })
    expect(acceptance).toBeLessThan(0.1)
    expect(projected).toBe(true)
    expect(weights[0]).toBeCloseTo(0.3, 6)
    expect(largestViolation(space, weights)).toBeLessThan(1e-9)
  })

  test('lower bounds shift the draws instead of rejecting them', () => {
    const { space, weights, acceptance } = run({
      domains: domains.map((domain, j) => ({ ...domain, minWeight: j === 1 ? 0.5 : 0.05 })),
    })
    expect(acceptance).toBe(1)
    expect(weights[1]).toBeGreaterThanOrEqual(0.5 - 1e-12)
    expect(largestViolation(space, weights)).toBeLessThan(1e-9)
  })
})

test('fixed weights take no part in the draw, so nothing has to be rejected or projected', () => {
  const fixed = [{ name: 'a', fixedWeight: 0.3 }, ...domains.slice(1)]
  const { weights, acceptance, projected } = run({ domains: fixed })
  expect(acceptance).toBe(1)
  expect(projected).toBe(false)
  expect(weights[0]).toBeCloseTo(0.3, 12)
})

test('domains that may move but have no prior share it evenly', () => {
  const prior = { a: 0, b: 0, c: 1, d: 1 }
  const half = [
    ...domains.slice(0, 2),
    { name: 'c', fixedWeight: 0.3 },
    { name: 'd', fixedWeight: 0.2 },
  ]
  const { weights } = run({ domains: half, prior })
  expect(weights[0]).toBeGreaterThan(0.49)
})
