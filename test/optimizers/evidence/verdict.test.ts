import { expect, test } from 'vitest'
import { decide } from '../../../src/optimizers/evidence/verdict.js'
import type { BaselineEvidence, SurrogateEvidence } from '../../../src/optimizers/recommendation.js'

const surrogate = (spearman: number | null): SurrogateEvidence => ({
  metric: 'loss',
  surrogate: 'log-linear',
  chosen: true,
  reason: '',
  details: {},
  crossValidation: { folds: 5, spearman, kendall: spearman, mae: 0.1, rmse: 0.1, r2: 0.5 },
})

const baseline = (
  name: BaselineEvidence['name'],
  probabilityOfBeating: number,
  feasible = true,
): BaselineEvidence => ({
  name,
  weights: {},
  feasible,
  objective: 1,
  predictions: [],
  observed: null,
  probabilityOfBeating,
})

const closer = new Set(['natural'])

test('good evidence is followed', () => {
  expect(decide([surrogate(0.9)], [baseline('natural', 0.99)], closer).follows).toBe('proposal')
})

test('surrogates that cannot rank are not followed, and an undefined correlation is no evidence', () => {
  for (const spearman of [0.1, -0.5, null]) {
    const verdict = decide([surrogate(spearman)], [baseline('natural', 0.99)], closer)
    expect(verdict.follows).toBe('natural')
    expect(verdict.reason).toContain('loss')
  }
})

test('half of the metrics is not yet most of them', () => {
  const verdict = decide([surrogate(0.1), surrogate(0.9)], [baseline('natural', 0.9)], closer)
  expect(verdict.follows).toBe('proposal')
})

test('an infeasible baseline is not fallen back on', () => {
  const baselines = [baseline('natural', 0.9, false), baseline('best-observed', 0.6)]
  expect(decide([surrogate(0)], baselines, closer).follows).toBe('best-observed')
})

test('a baseline that is better and closer is followed; one that is better but farther is not', () => {
  expect(decide([surrogate(0.9)], [baseline('natural', 0.4)], closer).follows).toBe('natural')
  expect(decide([surrogate(0.9)], [baseline('best-observed', 0.4)], closer).follows).toBe(
    'proposal',
  )
})

test('a mixture that was asked for is given whatever the evidence', () => {
  const verdict = decide([surrogate(0)], [baseline('natural', 0.1)], closer, 'uniform')
  expect(verdict.follows).toBe('proposal')
  expect(verdict.reason).toContain('uniform mixture was asked for')
})
