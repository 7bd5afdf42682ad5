import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { fromMixture, largestViolation } from '../../src/optimizers/mixture/index.js'
import type { Problem } from '../../src/optimizers/problem.js'
import { createRng } from '../../src/optimizers/random.js'
import { RecommendationSchema } from '../../src/optimizers/recommendation.js'
import { OPTIMIZERS } from '../../src/optimizers/registry.js'
import { rowMatrixFrom, selectRows } from '../../src/optimizers/row-matrix.js'
import { restoreMetricModel } from '../../src/optimizers/surrogates/index.js'
import type { Optimizer, RecommendInput, RunTable } from '../../src/optimizers/types.js'
import { syntheticRuns } from '../support/synthetic-runs.js'

const problem: Problem = {
  domains: [
    { name: 'web', tokens: 8e9, maxWeight: 0.7 },
    { name: 'code', tokens: 2e9 },
    { name: 'books', tokens: 5e8, minWeight: 0.05 },
    { name: 'mail', tokens: 2e8 },
  ],
  groups: [{ name: 'curated', domains: ['books', 'mail'], maxWeight: 0.4 }],
  targetTokens: 1e10,
  metrics: [{ name: 'loss' }, { name: 'accuracy', direction: 'maximize' }],
  objective: { type: 'mean', scale: 'standard' },
}
const laws = {
  loss: { floor: 2, t: [0.2, -0.5, -2, 0.4] },
  accuracy: { floor: -1, t: [-0.3, 0.1, -1, -0.2] },
}
const { compiled, runs } = syntheticRuns(problem, laws, { count: 60, noise: 0.01, seed: 5 })
const holdout = syntheticRuns(problem, laws, {
  count: 30,
  noise: 0.01,
  seed: 6,
  name: 'later',
}).runs

function input(
  method: Optimizer,
  overrides: Partial<RecommendInput<Record<string, unknown>>> = {},
) {
  const defaults = Value.Default(method.paramsSchema, {}) as Record<string, unknown>
  const cheap = {
    surrogates: {
      'gradient-boosted-trees': { trees: 50 },
      'log-linear': { starts: 30, replicates: 20 },
    },
  }
  return {
    compiled,
    params: { ...defaults, ...cheap, ...(defaults.candidates ? { candidates: 5000 } : {}) },
    completed: runs,
    holdouts: [holdout],
    surrogate: 'auto' as const,
    seed: 11,
    ...overrides,
  }
}

describe.each([...OPTIMIZERS.values()])('$name', (method) => {
  test('gives every parameter a default that its schema accepts', () => {
    const defaults = Value.Default(method.paramsSchema, {})
    expect(Value.Check(method.paramsSchema, defaults)).toBe(true)
    expect(Object.keys(defaults as object).sort()).toEqual(
      Object.keys((method.paramsSchema as unknown as { properties: object }).properties).sort(),
    )
    expect(method.validate(compiled, defaults as Record<string, unknown>)).toEqual([])
  })

  test('recommends a mixture within all constraints, with evidence that fits its schema', () => {
    const { recommendation, models } = method.recommend(input(method))
    expect([...Value.Errors(RecommendationSchema, recommendation)]).toEqual([])
    for (const weights of [recommendation.weights, recommendation.proposal.weights]) {
      expect(
        largestViolation(compiled.space, fromMixture(compiled.space, weights, 1e-9)),
      ).toBeLessThan(1e-9)
    }
    expect(recommendation.epochs.mail).toBeLessThanOrEqual(4 + 1e-6)
    expect(JSON.parse(JSON.stringify(recommendation))).toEqual(recommendation)
    expect(models.map(({ metric }) => metric)).toEqual(['loss', 'accuracy'])
  })

  test('gives the same answer again from the same seed and data', () => {
    expect(method.recommend(input(method))).toEqual(method.recommend(input(method)))
  })

  test('hands out models that predict what the recommendation says', () => {
    const { recommendation, models } = method.recommend(input(method))
    const point = fromMixture(compiled.space, recommendation.weights)
    for (const { metric, model } of models) {
      const restored = restoreMetricModel(JSON.parse(model))
      const { mean, sd } = restored.predict({ data: point, rows: 1, columns: 4 })
      const stated = recommendation.predictions.find((p) => p.metric === metric)
      expect(mean[0]).toBeCloseTo(stated?.mean as number, 12)
      expect(sd[0]).toBeCloseTo(stated?.sd as number, 12)
    }
  })

  test('compares every surrogate with the single-domain control, on every metric and hold-out', () => {
    const { evidence } = method.recommend(input(method)).recommendation
    const learnsFromOne = [
      'gradient-boosted-trees',
      'least-squares',
      'log-linear',
      'ridge',
      'single-domain',
    ]
    const standsOnProcess = method.surrogates.includes('gaussian-process')
    const names = standsOnProcess ? ['gaussian-process', 'single-domain'] : learnsFromOne
    for (const metric of ['loss', 'accuracy']) {
      const compared = evidence.surrogates.filter((s) => s.metric === metric)
      expect(compared.map(({ surrogate }) => surrogate).sort()).toEqual(names)
      expect(compared.filter(({ chosen }) => chosen)).toHaveLength(1)
      const scored = evidence.holdouts.filter((h) => h.metric === metric && h.name === 'later')
      expect(scored.map(({ surrogate }) => surrogate).sort()).toEqual(names)
    }
  })

  test('reports progress that never falls and ends at its total', () => {
    const seen: [number, number][] = []
    method.recommend(input(method, { onProgress: ({ done, total }) => seen.push([done, total]) }))
    seen.slice(1).forEach(([done], i) => {
      expect(done).toBeGreaterThanOrEqual(seen[i][0])
    })
    expect(seen.at(-1)?.[0]).toBe(seen.at(-1)?.[1])
  })

  test('refuses too few distinct mixtures with the reason, or does with few', () => {
    const few = firstRows(runs, [0, 1, 2, 3, 0, 1, 2, 3])
    const attempt = () => method.recommend(input(method, { completed: few }))
    if (method.needsRuns) expect(attempt).toThrow(/at least 5 distinct mixtures/)
    else {
      const { predictions, warnings } = attempt().recommendation
      // A Gaussian process has a prior to go by, and says how little else there is.
      if (method.surrogates.includes('gaussian-process')) {
        expect(warnings.map(({ code }) => code)).toContain('too-few-runs')
      } else expect(predictions).toEqual([])
    }
  })

  test('suggests feasible mixtures that are neither measured nor being tried, the same again from the same seed', () => {
    const params = Value.Default(method.paramsSchema, {}) as Record<string, unknown>
    const suggest = (tried: { weights: Record<string, number>; fidelity: string }[]) => {
      const active = tried.map(({ weights, fidelity }) => ({
        fidelity,
        normalised: rowMatrixFrom([fromMixture(compiled.space, weights)]),
      }))
      return method.suggest({
        compiled,
        params,
        completed: [runs],
        active,
        fidelities: ['default'],
        count: 5,
        rng: createRng(1),
      })
    }
    const first = suggest([])
    expect(first.length).toBeGreaterThan(0)
    expect(suggest([])).toEqual(first)
    const second = suggest(first)
    for (const { weights } of [...first, ...second]) {
      expect(
        largestViolation(compiled.space, fromMixture(compiled.space, weights, 1e-9)),
      ).toBeLessThan(1e-9)
    }
    for (const { weights } of second) {
      for (const other of first) expect(weights).not.toEqual(other.weights)
    }
  })
})

function firstRows(table: RunTable, rows: number[]): RunTable {
  return {
    ...table,
    runIds: rows.map((_, i) => String(i)),
    raw: selectRows(table.raw, rows),
    normalised: selectRows(table.normalised, rows),
    values: new Map(
      [...table.values].map(([metric, values]) => [
        metric,
        Float64Array.from(rows, (i) => values[i]),
      ]),
    ),
  }
}
