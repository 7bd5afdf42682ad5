import { expect, test } from 'vitest'
import { withoutRepeats } from '../../../src/optimizers/backtest/index.js'
import { rowMatrixFrom, rowOf } from '../../../src/optimizers/row-matrix.js'
import type { RunTable } from '../../../src/optimizers/types.js'

const A = [0.5, 0.3, 0.2]
const B = [0.1, 0.1, 0.8]
const C = [0.2, 0.6, 0.2]
const D = [0, 0, 1]

function tableOf(rows: number[][]): RunTable {
  const mixtures = rowMatrixFrom(rows)
  return {
    name: '',
    fidelity: 'big',
    runIds: rows.map((_, i) => `run-${i}`),
    raw: mixtures,
    normalised: mixtures,
    values: new Map([
      ['loss', Float64Array.of(3, 1, 5, 2, Number.NaN, 7, Number.NaN)],
      ['accuracy', Float64Array.of(0.3, 0.4, 0.5, 0.6, 0.8, Number.NaN, 0.1)],
    ]),
    standardErrors: new Map([['loss', Float64Array.of(0.3, 0.1, 0.4, 0.2, Number.NaN, 0.5, 9)]]),
    seconds: Float64Array.of(10, 20, 30, 40, 50, Number.NaN, 70),
  }
}

test('a mixture that was run several times is one row with the means of what was measured', () => {
  const runs = withoutRepeats(tableOf([A, B, A, C, B, C, D]))
  expect(runs.runIds).toEqual(['run-0', 'run-1', 'run-3', 'run-6'])
  expect([0, 1, 2, 3].map((i) => [...rowOf(runs.normalised, i)])).toEqual([A, B, C, D])
  expect(runs.raw.rows).toBe(4)
  expect(runs.values.get('loss')).toEqual(Float64Array.of(4, 1, 4.5, Number.NaN))
  const accuracy = [0.4, 0.6, 0.6, 0.1]
  runs.values.get('accuracy')?.forEach((value, i) => {
    expect(value).toBeCloseTo(accuracy[i], 12)
  })
  expect(runs.seconds).toEqual(Float64Array.of(20, 35, 40, 70))
})

test('the standard error of a mean of n independent values is √(Σ s²)/n, over those that it is the mean of', () => {
  const errors = withoutRepeats(tableOf([A, B, A, C, B, C, D])).standardErrors?.get('loss')
  expect(errors?.[0]).toBeCloseTo(Math.sqrt(0.3 ** 2 + 0.4 ** 2) / 2, 12)
  expect(errors?.[1]).toBe(0.1)
  expect(errors?.[2]).toBeCloseTo(Math.sqrt(0.2 ** 2 + 0.5 ** 2) / 2, 12)
  expect(errors?.[3]).toBeNaN()
})

test('without repeats a table is left as it is', () => {
  const runs = tableOf([A, B, C, D, [1, 0, 0], [0, 1, 0], [0.25, 0.25, 0.5]])
  expect(withoutRepeats(runs)).toBe(runs)
})
