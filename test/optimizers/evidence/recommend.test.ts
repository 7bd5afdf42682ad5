import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/optimizers/problem.js'
import { createRng } from '../../../src/optimizers/random.js'
import { optimizerByName } from '../../../src/optimizers/registry.js'
import { createRowMatrix } from '../../../src/optimizers/row-matrix.js'
import type { CompiledProblem, RunTable } from '../../../src/optimizers/types.js'
import { syntheticRuns } from '../../support/synthetic-runs.js'

const laws = { loss: { floor: 2, t: [0.5, -1, 0.2, -0.3] } }
const domains = ['a', 'b', 'c', 'd'].map((name) => ({ name }))

function studyOf(problem: Partial<Problem> = {}, { count = 40, noise = 0.01, seed = 1 } = {}) {
  const complete = { domains, metrics: [{ name: 'loss' }], ...problem }
  return syntheticRuns(complete, laws, { count, noise, seed })
}

function recommend(
  name: string,
  { compiled, runs }: { compiled: CompiledProblem; runs: RunTable },
  params: Record<string, unknown> = {},
  seed = 3,
) {
  const method = optimizerByName(name)
  const cheap = {
    surrogates: {
      'gradient-boosted-trees': { trees: 30 },
      'log-linear': { starts: 10, replicates: 30 },
    },
    ...(name === 'regmix' && { candidates: 4000, average: 32 }),
  }
  const defaults = Value.Default(method.paramsSchema, {}) as Record<string, unknown>
  return method.recommend({
    compiled,
    params: { ...defaults, ...cheap, ...params },
    completed: runs,
    holdouts: [],
    surrogate: 'auto',
    seed,
  }).recommendation
}

/** The runs with another metric beside the loss. */
function withMetric(runs: RunTable, name: string, valueAt: (i: number) => number): RunTable {
  const column = Float64Array.from({ length: runs.runIds.length }, (_, i) => valueAt(i))
  return { ...runs, values: new Map([...runs.values, [name, column]]) }
}

describe.each(['mixing-laws', 'regmix'])('%s', (method) => {
  test('noise is not followed, however few the runs that happen to rank well', () => {
    const two = { domains: domains.slice(0, 2) }
    let followed = 0
    for (let k = 0; k < 60; k++) {
      const { compiled, runs } = studyOf(two, { count: 4, seed: k })
      const rng = createRng(k, 'noise')
      const noise = withMetric(runs, 'loss', () => 2 + 0.1 * rng.normal())
      const { verdict } = recommend(method, { compiled, runs: noise }, {}, k)
      if (verdict.follows === 'proposal') followed++
    }
    // A test of level 5 % follows 3 of 60, and more than 6 with a probability of 3 %.
    expect(followed).toBeLessThanOrEqual(6)
  })

  test('a metric outside the objective with too few values is left out, and said to be', () => {
    const problem = {
      metrics: [{ name: 'loss' }, { name: 'rare' }, { name: 'never' }],
      objective: { type: 'mean' as const, weights: { loss: 1 } },
    }
    const { compiled, runs } = studyOf(problem)
    const sparse = withMetric(runs, 'rare', (i) => (i < 3 ? i : Number.NaN))
    const { predictions, warnings, verdict } = recommend(method, { compiled, runs: sparse })
    expect(predictions.map(({ metric }) => metric)).toEqual(['loss'])
    expect(verdict.follows).toBe('proposal')
    const missing = warnings.filter(({ code }) => code === 'missing-values')
    expect(missing.map(({ metric }) => metric)).toEqual(['rare', 'never'])
    expect(missing[0].message).toMatch(/37 of 40 runs have no rare.*fewer than 5.*not predicted/)
  })

  test('a metric of the objective with too few values is refused by name', () => {
    const { compiled, runs } = studyOf({ metrics: [{ name: 'loss' }, { name: 'rare' }] })
    const sparse = withMetric(runs, 'rare', (i) => (i < 3 ? i : Number.NaN))
    expect(() => recommend(method, { compiled, runs: sparse })).toThrow(
      expect.objectContaining({
        code: 'too-few-runs',
        issues: [
          expect.objectContaining({ detail: expect.stringMatching(/^3 .* value of rare,/) }),
        ],
      }),
    )
  })

  test('the one mixture that the constraints leave is followed, and beats itself half of the time', () => {
    const fixed = [0.4, 0.3, 0.2].map((fixedWeight, j) => ({ name: 'abc'[j], fixedWeight }))
    const { proposal, verdict, baselines, warnings } = recommend(
      method,
      studyOf({ domains: [...fixed, { name: 'd' }] }),
    )
    Object.values(proposal.weights).forEach((weight, j) => {
      expect(weight).toBeCloseTo([0.4, 0.3, 0.2, 0.1][j], 9)
    })
    expect(verdict.follows).toBe('proposal')
    for (const { probabilityOfBeating } of baselines) expect(probabilityOfBeating).toBe(0.5)
    expect(warnings.map(({ code }) => code)).not.toContain('candidates-projected')
  })
})

test('a run that lacks its worst metric is not the best observed', () => {
  const metrics = [{ name: 'loss' }, { name: 'other' }]
  const { compiled, runs } = studyOf({ metrics, objective: { type: 'worst' } })
  const loss = runs.values.get('loss') as Float64Array
  const least = loss.indexOf(Math.min(...loss))
  const partial = withMetric(runs, 'other', (i) => (i === least ? Number.NaN : loss[i] + 10))
  const { baselines } = recommend('mixing-laws', { compiled, runs: partial })
  const best = baselines.find(({ name }) => name === 'best-observed')
  expect(Object.keys(best?.observed ?? {})).toEqual(['loss', 'other'])
})

test('baselines are recommended without a fit where a metric has too few values', () => {
  const { compiled, runs } = studyOf({ metrics: [{ name: 'loss' }, { name: 'never' }] })
  const { weights, predictions } = recommend('baselines', { compiled, runs })
  expect(weights).toEqual({ a: 0.25, b: 0.25, c: 0.25, d: 0.25 })
  expect(predictions).toEqual([])
})

test('leaving a domain without prior does not make every baseline the closer one', () => {
  const study = studyOf({ prior: { a: 1, b: 0, c: 1, d: 1 } })
  const { verdict, proposal } = recommend('mixing-laws', study)
  expect(proposal.weights.b).toBeGreaterThan(0)
  expect(verdict.follows).toBe('proposal')
})

describe('the mixing laws', () => {
  const params = { surrogates: { 'log-linear': { starts: 30, replicates: 5 } } }
  const prior = { a: 4, b: 1, c: 2, d: 1 }
  const weightsOf = (study: { compiled: CompiledProblem; runs: RunTable }) =>
    recommend('mixing-laws', study, params).proposal.weights
  const study = studyOf({ prior })
  const expected = weightsOf(study)

  function expectSame(weights: Record<string, number>) {
    for (const [name, weight] of Object.entries(expected)) {
      expect(Math.abs(weights[name] - weight), name).toBeLessThan(1e-3)
    }
  }

  test('do not depend on the order of the domains', () => {
    const order = [2, 0, 3, 1]
    const { normalised } = study.runs
    const turned = createRowMatrix(normalised.rows, 4)
    turned.data.forEach((_, k) => {
      turned.data[k] = normalised.data[4 * Math.floor(k / 4) + order[k % 4]]
    })
    const { compiled } = studyOf({ prior, domains: order.map((j) => domains[j]) })
    expectSame(weightsOf({ compiled, runs: { ...study.runs, raw: turned, normalised: turned } }))
  })

  test('do not care whether a loss is minimised or its distance from 10 is maximised', () => {
    const { compiled } = studyOf({ prior, metrics: [{ name: 'loss', direction: 'maximize' }] })
    const loss = study.runs.values.get('loss') as Float64Array
    expectSame(weightsOf({ compiled, runs: withMetric(study.runs, 'loss', (i) => 10 - loss[i]) }))
  })

  test('do not care for the sum of the objective’s weights', () => {
    const objective = { type: 'mean' as const, weights: { loss: 7 } }
    const { compiled } = studyOf({ prior, objective })
    expectSame(weightsOf({ compiled, runs: study.runs }))
  })
})
