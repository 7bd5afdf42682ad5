import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { optimizerByName } from '../../../src/optimizers/registry.js'
import { rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'
import type { RunTable } from '../../../src/optimizers/types.js'
import { drawnMixtures, problemOf, runTable } from './admire/support.js'

const compiled = problemOf(3, [
  { name: 'small', evaluator: 'table', cost: 0.1 },
  { name: 'middle', evaluator: 'table', cost: 0.5 },
  { name: 'large', evaluator: 'table', cost: 1 },
])
const candidates = drawnMixtures(25, 3, 2)
const rows = drawnMixtures(60, 3, 1)

/** Exponential laws, which the surrogate has the form of: the best candidate has most of one domain. */
const lossOf = (domain: number) => (row: ArrayLike<number>) => 2 + Math.exp(-3 * row[domain])
const measured = (fidelity: string, domain: number, count = rows.length) =>
  runTable(fidelity, rows.slice(0, count), rows.slice(0, count).map(lossOf(domain)))
const bestFor = (domain: number) =>
  candidates.reduce((best, row, k) => (row[domain] > candidates[best][domain] ? k : best), 0)

function picked(name: string, completed: RunTable[], target: string): number | undefined {
  const method = optimizerByName(name)
  return method.pick({
    compiled,
    params: Value.Default(method.paramsSchema, {}) as Record<string, unknown>,
    completed,
    active: [],
    target,
    candidates: rowMatrixFrom(candidates),
    rng: createRng(1, 'suggest'),
  })
}

describe('the pick of a method with a surrogate', () => {
  const name = 'mixing-laws'
  const all = [measured('small', 0), measured('middle', 1), measured('large', 2)]

  test('is by the runs at the target, whichever it is', () => {
    expect(picked(name, all, 'large')).toBe(bestFor(2))
    expect(picked(name, all, 'middle')).toBe(bestFor(1))
    expect(picked(name, all, 'small')).toBe(bestFor(0))
  })

  test('is by the fidelity closest to the target run where the target has too few', () => {
    expect(picked(name, [all[0], all[1], measured('large', 2, 3)], 'large')).toBe(bestFor(1))
    expect(picked(name, [all[0]], 'large')).toBe(bestFor(0))
    // Enough for a fit, but fewer than the 12 that are advised for 3 domains.
    expect(picked(name, [all[0], measured('large', 2, 11)], 'large')).toBe(bestFor(0))
    expect(picked(name, [all[0], measured('large', 2, 12)], 'large')).toBe(bestFor(2))
    expect(picked(name, [measured('small', 0, 8), measured('large', 2, 10)], 'large')).toBe(
      bestFor(2),
    )
    expect(picked(name, [measured('small', 0, 3)], 'large')).toBeUndefined()
  })
})
