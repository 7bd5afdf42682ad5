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

/** Judges surrogates of equal weight, fitted to many mixtures. */
function judge(
  surrogates: readonly SurrogateEvidence[],
  baselines: readonly BaselineEvidence[],
  { mixtures = 200, weights = [] as number[], askedFor = undefined as string | undefined } = {},
) {
  const chosen = surrogates.map((evidence, i) => ({ evidence, weight: weights[i] ?? 1, mixtures }))
  return decide({ chosen, baselines, closer: new Set(['natural']), askedFor })
}

test('good evidence is followed', () => {
  expect(judge([surrogate(0.9)], [baseline('natural', 0.99)]).follows).toBe('proposal')
})

test('surrogates that cannot rank are not followed, and an undefined correlation is no evidence', () => {
  for (const spearman of [0.1, -0.5, null]) {
    const verdict = judge([surrogate(spearman)], [baseline('natural', 0.99)])
    expect(verdict.follows).toBe('natural')
    expect(verdict.reason).toContain('loss')
  }
})

test('the fewer the mixtures, the better the ranks have to be, for noise ranks a few well by chance', () => {
  const follows = (spearman: number, mixtures: number) =>
    judge([surrogate(spearman)], [baseline('natural', 0.99)], { mixtures }).follows
  expect([follows(0.35, 40), follows(0.29, 1000)]).toEqual(['proposal', 'natural'])
  expect([follows(0.45, 12), follows(0.55, 12)]).toEqual(['natural', 'proposal'])
  expect([follows(0.9, 4), follows(1, 4), follows(1, 2)]).toEqual([
    'natural',
    'proposal',
    'proposal',
  ])
})

test('half of the objective is not yet most of it, and metrics count by their weights', () => {
  const surrogates = [surrogate(0.1), surrogate(0.9)]
  const follows = (weights: number[]) =>
    judge(surrogates, [baseline('natural', 0.9)], { weights }).follows
  expect(follows([1, 1])).toBe('proposal')
  expect(follows([0.6, 0.4])).toBe('natural')
  const minor = judge([surrogate(0.9), surrogate(0), surrogate(0)], [baseline('natural', 0.9)], {
    weights: [0.98, 0.01, 0.01],
  })
  expect(minor.follows).toBe('proposal')
})

test('without evidence the natural mixture is followed, in its nearest feasible form, and not the luckiest run', () => {
  const baselines = [baseline('natural', 0.9, false), baseline('best-observed', 0.1)]
  expect(judge([surrogate(0)], baselines).follows).toBe('natural')
})

test('a baseline that is better and closer is followed; one that is better but farther is not', () => {
  expect(judge([surrogate(0.9)], [baseline('natural', 0.4)]).follows).toBe('natural')
  expect(judge([surrogate(0.9)], [baseline('best-observed', 0.4)]).follows).toBe('proposal')
})

test('a mixture that was asked for is given whatever the evidence', () => {
  const verdict = judge([surrogate(0)], [baseline('natural', 0.1)], { askedFor: 'uniform' })
  expect(verdict.follows).toBe('proposal')
  expect(verdict.reason).toContain('uniform mixture was asked for')
})
