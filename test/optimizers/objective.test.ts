import { expect, test } from 'vitest'
import { compileObjective } from '../../src/optimizers/objective.js'
import type { CompleteProblem, Objective } from '../../src/optimizers/problem.js'
import { createRowMatrix } from '../../src/optimizers/row-matrix.js'
import type { RunTable } from '../../src/optimizers/types.js'

function problem(objective: Objective): CompleteProblem {
  return {
    domains: [{ name: 'a' }, { name: 'b' }],
    metrics: [
      { name: 'loss', direction: 'minimize' },
      { name: 'accuracy', direction: 'maximize' },
    ],
    objective: { scale: 'none', ...objective },
    fidelities: [{ name: 'default', evaluator: 'table', cost: 1, order: 0 }],
  }
}

const training: RunTable = {
  name: '',
  fidelity: 'default',
  runIds: ['1', '2', '3'],
  raw: createRowMatrix(3, 2),
  normalised: createRowMatrix(3, 2),
  values: new Map([
    ['loss', Float64Array.of(2, 4, 6)],
    ['accuracy', Float64Array.of(10, 20, Number.NaN)],
  ]),
}

test('a weighted mean normalises its weights', () => {
  const { combine } = compileObjective(problem({ type: 'mean', weights: { loss: 3, accuracy: 1 } }))
  expect([
    ...combine([
      [2, 4],
      [-0.5, -0.9],
    ]),
  ]).toEqual([0.75 * 2 + 0.25 * -0.5, 0.75 * 4 + 0.25 * -0.9])
})

test('a metric left out of the weights has no part in the objective', () => {
  const { terms } = compileObjective(problem({ type: 'mean', weights: { accuracy: 2 } }))
  expect(terms).toEqual([{ metric: 'accuracy', weight: 1, offset: 0, scale: 1 }])
})

test('the worst case takes the largest weighted value', () => {
  const { combine } = compileObjective(
    problem({ type: 'worst', weights: { loss: 1, accuracy: 10 } }),
  )
  expect([
    ...combine([
      [2, 4],
      [-0.5, 0.9],
    ]),
  ]).toEqual([2, 9])
})

test('standard scaling divides by the deviation over the runs, and centres a worst case in oriented units', () => {
  const worst = compileObjective(problem({ type: 'worst', scale: 'standard' }), training)
  expect(worst.terms[0]).toMatchObject({ offset: 4, scale: 2 })
  expect(worst.terms[1].offset).toBe(-15)
  expect(worst.terms[1].scale).toBeCloseTo(Math.sqrt(50))
  const mean = compileObjective(problem({ type: 'mean', scale: 'standard' }), training)
  expect(mean.terms[0]).toMatchObject({ weight: 0.5, offset: 0, scale: 2 })
})

test.each(['mean', 'worst'] as const)('a %s over a missing value is undefined', (type) => {
  const { combine } = compileObjective(problem({ type }))
  expect([
    ...combine([
      [Number.NaN, 2, 1],
      [-0.5, Number.NaN, -0.5],
    ]),
  ]).toEqual([Number.NaN, Number.NaN, type === 'mean' ? 0.25 : 1])
})
