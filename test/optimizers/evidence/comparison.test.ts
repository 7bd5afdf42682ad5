import { describe, expect, test } from 'vitest'
import { type Judge, probabilityOfBeating } from '../../../src/optimizers/evidence/comparison.js'
import { normalCdf } from '../../../src/optimizers/normal-distribution.js'
import type { ScalarObjective } from '../../../src/optimizers/objective.js'
import { compileObjective } from '../../../src/optimizers/objective.js'
import type { CompleteProblem } from '../../../src/optimizers/problem.js'
import { createRng } from '../../../src/optimizers/random.js'
import { fittedFromLaw, MetricModel } from '../../../src/optimizers/surrogates/index.js'

const laws = {
  loss: { t: [0.3, -0.4, 0.1], noise: 0.2 },
  other: { t: [-0.5, 0.2, 0], noise: 0.05 },
}

function judgeOf(type: 'mean' | 'worst'): Judge & { objective: ScalarObjective } {
  const problem: CompleteProblem = {
    domains: ['a', 'b', 'c'].map((name) => ({ name })),
    metrics: Object.keys(laws).map((name) => ({ name, direction: 'minimize' })),
    objective: { type, scale: 'none', weights: { loss: 3, other: 1 } },
    fidelities: [{ name: 'default', evaluator: 'table', cost: 1, order: 0 }],
  }
  const models = Object.entries(laws).map(([metric, { t, noise }]) => {
    const fitted = fittedFromLaw({ logC: 0, t: Float64Array.from(t) }, noise)
    return [metric, new MetricModel(metric, 'minimize', { sign: 1, shift: 0 }, fitted)] as const
  })
  return { objective: compileObjective(problem), models: new Map(models) }
}

const ours = Float64Array.of(0.1, 0.8, 0.1)
const theirs = Float64Array.of(0.5, 0.2, 0.3)

test('for a weighted mean it is the normal probability of the predicted difference', () => {
  const meanOf = (t: number[], p: Float64Array) =>
    Math.exp(t.reduce((sum, slope, j) => sum + slope * p[j], 0))
  const difference =
    0.75 * (meanOf(laws.loss.t, theirs) - meanOf(laws.loss.t, ours)) +
    0.25 * (meanOf(laws.other.t, theirs) - meanOf(laws.other.t, ours))
  const deviation = Math.sqrt(2 * ((0.75 * 0.2) ** 2 + (0.25 * 0.05) ** 2))
  const probability = probabilityOfBeating(judgeOf('mean'), ours, theirs, createRng(1))
  expect(Math.abs(probability - normalCdf(difference / deviation))).toBeLessThan(0.015)
})

describe.each(['mean', 'worst'] as const)('%s', (type) => {
  test('a mixture beats itself half of the time, exactly', () => {
    for (const seed of [1, 2, 3]) {
      expect(probabilityOfBeating(judgeOf(type), ours, ours, createRng(seed))).toBe(0.5)
    }
  })

  test('the odds of two mixtures against each other sum to 1', () => {
    const judge = judgeOf(type)
    const forth = probabilityOfBeating(judge, ours, theirs, createRng(4))
    const back = probabilityOfBeating(judge, theirs, ours, createRng(4))
    expect(forth).toBeGreaterThan(0.55)
    expect(forth + back).toBeCloseTo(1, 12)
  })
})
