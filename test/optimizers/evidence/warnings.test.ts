import { expect, test } from 'vitest'
import { compileProblem } from '../../../src/optimizers/complete-problem.js'
import { gatherWarnings } from '../../../src/optimizers/evidence/warnings.js'
import type { BaselineEvidence } from '../../../src/optimizers/recommendation.js'
import { rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'
import type { RunTable } from '../../../src/optimizers/types.js'

const { problem, space } = compileProblem({
  domains: ['a', 'b', 'c'].map((name) => ({ name, tokens: 1e9 })),
  metrics: [{ name: 'loss' }],
})
const mixtures = rowMatrixFrom([
  [0.5, 0.3, 0.2],
  [0.6, 0.1, 0.3],
  [0.4, 0.4, 0.2],
])
const training: RunTable = {
  name: '',
  fidelity: 'default',
  runIds: ['1', '2', '3'],
  raw: mixtures,
  normalised: mixtures,
  values: new Map([['loss', Float64Array.of(1, 2, 3)]]),
}

function warningsFor(
  weights: number[],
  odds: [BaselineEvidence['name'], number][] = [],
  others: RunTable[] = [],
) {
  return gatherWarnings({
    problem,
    space,
    training,
    others,
    weights: Float64Array.from(weights),
    epochs: {},
    surrogates: [],
    baselines: odds.map(([name, probabilityOfBeating]) => ({
      name,
      weights: {},
      feasible: true,
      objective: 1,
      predictions: [],
      observed: null,
      probabilityOfBeating,
    })),
    verdict: { follows: 'proposal', reason: '' },
    counts: { needed: 4, distinct: 100, ofMetric: new Map([['loss', 100]]) },
  })
}

const extrapolated = (weights: number[]) =>
  warningsFor(weights)
    .filter(({ code }) => code === 'extrapolation')
    .map(({ message }) => message)

test('weights beyond the sampled range are extrapolation, on either side', () => {
  expect(extrapolated([0.5, 0.3, 0.2])).toEqual([])
  expect(extrapolated([0.3, 0.4, 0.3])).toEqual([
    expect.stringContaining('a gets 30.0 %, but no run gave it less than 40.0 %'),
  ])
  expect(extrapolated([0.45, 0.15, 0.4])).toEqual([
    expect.stringContaining('c gets 40.0 %, but no run gave it more than 30.0 %'),
  ])
})

test('what was run at another fidelity is no extrapolation', () => {
  const wider = rowMatrixFrom([[0.2, 0.3, 0.5]])
  const others = [{ ...training, fidelity: 'small', raw: wider, normalised: wider }]
  const codes = (weights: number[]) => warningsFor(weights, [], others).map(({ code }) => code)
  expect(codes([0.3, 0.3, 0.4])).not.toContain('extrapolation')
  expect(codes([0.1, 0.3, 0.6])).toContain('extrapolation')
})

test('a gain inside the noise and no gain at all are told apart', () => {
  const messageOf = (odds: [BaselineEvidence['name'], number][]) =>
    warningsFor([0.5, 0.3, 0.2], odds).find(({ code }) => code === 'inside-noise')?.message
  expect(messageOf([['natural', 0.95]])).toBeUndefined()
  expect(messageOf([['natural', 0.7]])).toBe(
    'The predicted gain is inside the noise of one run against: natural (probability 0.70).',
  )
  expect(messageOf([['best-observed', 0.02]])).toBe(
    'A run of the recommended mixture is not predicted to beat one of: best-observed (probability 0.02).',
  )
})
