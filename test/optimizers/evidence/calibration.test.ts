import { Value } from 'typebox/value'
import { expect, test } from 'vitest'
import { normalCdf } from '../../../src/optimizers/normal-distribution.js'
import { createRng } from '../../../src/optimizers/random.js'
import { optimizerByName } from '../../../src/optimizers/registry.js'
import { evaluate, type KnownLaw, syntheticRuns } from '../../support/synthetic-runs.js'

const STUDIES = 80
const NOISE = 0.15
const NAMES = ['a', 'b', 'c', 'd']

/** One study of a law drawn at random, with what is true of each mixture it judges. */
function study(seed: number) {
  const rng = createRng(seed, 'calibration')
  const law: KnownLaw = { floor: 2, t: NAMES.map(() => rng.normal()) }
  const prior = Object.fromEntries(NAMES.map((name) => [name, rng.uniformOpen()]))
  const problem = {
    domains: NAMES.map((name) => ({ name })),
    metrics: [{ name: 'loss' }],
    prior,
  }
  const { compiled, runs } = syntheticRuns(
    problem,
    { loss: law },
    { count: 24, noise: NOISE, seed },
  )
  const method = optimizerByName('mixing-laws')
  const defaults = Value.Default(method.paramsSchema, {}) as Record<string, unknown>
  const surrogates = {
    'gradient-boosted-trees': { trees: 5 },
    'log-linear': { starts: 30, replicates: 60 },
  }
  const { recommendation } = method.recommend({
    compiled,
    params: { ...defaults, surrogates },
    completed: runs,
    holdouts: [],
    surrogate: 'auto',
    seed,
  })
  const truth = (weights: Record<string, number>) =>
    evaluate(
      law,
      NAMES.map((name) => weights[name]),
    )
  const proposed = truth(recommendation.proposal.weights)
  return recommendation.baselines.map(({ weights, predictions: [{ lower, upper }], ...rest }) => {
    const mean = truth(weights)
    return {
      stated: rest.probabilityOfBeating,
      actual: normalCdf((mean - proposed) / (NOISE * Math.SQRT2)),
      covered: normalCdf((upper - mean) / NOISE) - normalCdf((lower - mean) / NOISE),
    }
  })
}

const average = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length

test('stated probabilities and 90 % intervals hold over studies of known laws', () => {
  const judged = Array.from({ length: STUDIES }, (_, seed) => study(seed)).flat()
  const coverage = average(judged.map(({ covered }) => covered))
  expect(coverage).toBeGreaterThan(0.88)
  expect(coverage).toBeLessThan(0.98)
  const bands = [
    [0.6, 0.8],
    [0.8, 0.95],
    [0.95, 1.01],
  ]
  for (const [from, to] of bands) {
    const inside = judged.filter(({ stated }) => stated >= from && stated < to)
    expect(inside.length).toBeGreaterThan(10)
    const stated = average(inside.map((pair) => pair.stated))
    const actual = average(inside.map((pair) => pair.actual))
    expect(actual, `stated ${stated}`).toBeGreaterThan(stated - 0.06)
    expect(actual, `stated ${stated}`).toBeLessThan(stated + 0.2)
  }
})
