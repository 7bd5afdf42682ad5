import { Value } from 'typebox/value'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Explanation } from '../../../../src/optimizers/explanation.js'
import { largestViolation } from '../../../../src/optimizers/mixture/index.js'
import type { AdmireParams } from '../../../../src/optimizers/offline/admire/params.js'
import { recommend } from '../../../../src/optimizers/offline/admire/recommend.js'
import { createRng } from '../../../../src/optimizers/random.js'
import { RecommendationSchema } from '../../../../src/optimizers/recommendation.js'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import { restoreMetricModel } from '../../../../src/optimizers/surrogates/index.js'
import type { CompiledProblem, RecommendInput, RunTable } from '../../../../src/optimizers/types.js'
import {
  bowl,
  drawnMixtures,
  noRuns,
  paramsWith,
  problemOf,
  runTable,
  SMALL_AND_LARGE,
  shuffled,
} from './support.js'

function recommended(
  compiled: CompiledProblem,
  completed: RunTable,
  rest: Partial<RecommendInput<AdmireParams>> = {},
) {
  return recommend({
    compiled,
    params: paramsWith({ candidates: 500 }),
    completed,
    holdouts: [],
    surrogate: 'auto',
    seed: 5,
    ...rest,
  })
}

const weightsOf = ({ space }: CompiledProblem, mixture: Record<string, number>) =>
  space.names.map((name) => mixture[name])

describe('on a known function within bounds and a group', () => {
  const compiled = problemOf(3, SMALL_AND_LARGE.slice(1), {
    domains: [{ name: 'd0', maxWeight: 0.45 }, { name: 'd1', minWeight: 0.1 }, { name: 'd2' }],
    groups: [{ name: 'tail', domains: ['d1', 'd2'], maxWeight: 0.62 }],
  })
  // Its free optimum is outside: d0 wants 0.7.
  const loss = (row: ArrayLike<number>) =>
    2 + 3 * (row[0] - 0.7) ** 2 + 2 * (row[1] - 0.25) ** 2 + (row[2] - 0.05) ** 2 + row[1] * row[2]
  const rows = drawnMixtures(24, 3, 2)
  const optimum = bestOnGrid(compiled, loss)

  test('proposes the best mixture that meets all constraints', () => {
    const { recommendation } = recommended(compiled, runTable('large', rows, rows.map(loss)))
    const proposal = weightsOf(compiled, recommendation.proposal.weights)
    expect(largestViolation(compiled.space, proposal)).toBeLessThanOrEqual(1e-9)
    const distance = proposal.reduce((sum, weight, j) => sum + Math.abs(weight - optimum[j]), 0)
    expect(distance).toBeLessThan(0.04)
    expect(loss(proposal) - loss(optimum)).toBeLessThan(1e-3)
    expect(recommendation.proposal.objective).toBeCloseTo(loss(proposal), 2)
    // A bound is what keeps it from more of d0, and that costs something.
    const binding = recommendation.activeConstraints.find(({ name }) => name === 'd0')
    expect(binding?.kind).toBe('maxWeight')
    expect(binding?.cost).toBeGreaterThan(0.05)
  })

  test('begins with runs that meet no constraint, too', () => {
    const outside = rows.filter((row) => largestViolation(compiled.space, row) > 0.05)
    expect(outside.length).toBeGreaterThan(8)
    const { recommendation } = recommended(compiled, runTable('large', outside, outside.map(loss)))
    const proposal = weightsOf(compiled, recommendation.proposal.weights)
    expect(largestViolation(compiled.space, proposal)).toBeLessThanOrEqual(1e-9)
    expect(loss(proposal) - loss(optimum)).toBeLessThan(0.02)
  })
})

/** Of all multiples of 1/500 that meet the constraints. */
function bestOnGrid({ space }: CompiledProblem, loss: (row: number[]) => number): number[] {
  let best: number[] = []
  let lowest = Number.POSITIVE_INFINITY
  for (let i = 0; i <= 500; i++)
    for (let k = 0; k <= 500 - i; k++) {
      const row = [i / 500, k / 500, (500 - i - k) / 500]
      if (loss(row) >= lowest || largestViolation(space, row) > 1e-9) continue
      best = row
      lowest = loss(row)
    }
  return best
}

describe('with many runs at a cheap fidelity and few at the target', () => {
  const DOMAINS = 5
  const compiled = problemOf(DOMAINS, SMALL_AND_LARGE)

  /** Losses at two scales with optima close to each other. */
  function tablesOf(seed: number) {
    const rng = createRng(seed, 'optimum')
    const raw = Array.from({ length: DOMAINS }, () => 0.3 + rng.uniform())
    const total = raw.reduce((a, b) => a + b)
    const optimum = raw.map((value) => value / total)
    const near = optimum.map((weight, j) => weight + (j === 0 ? 0.02 : -0.005))
    const [large, small] = [bowl(optimum), bowl(near, 2)]
    const rows = drawnMixtures(30, DOMAINS, seed)
    const noisy = (value: number) => value + 0.01 * rng.normal()
    return {
      large,
      few: runTable(
        'large',
        rows.slice(0, 5),
        rows.slice(0, 5).map((row) => noisy(large(row))),
      ),
      many: runTable(
        'small',
        rows,
        rows.map((row) => noisy(1 + small(row))),
      ),
    }
  }

  const seeds = [1, 2, 3, 4, 5, 6]
  const proposed = (few: RunTable, others: RunTable[]) =>
    weightsOf(compiled, recommended(compiled, few, { others }).recommendation.proposal.weights)

  test('proposes better mixtures than from the few alone', () => {
    const gaps = seeds.map((seed) => {
      const { large, few, many } = tablesOf(seed)
      return [large(proposed(few, [])) - 2, large(proposed(few, [many])) - 2]
    })
    expect(gaps.filter(([alone, both]) => both < alone).length).toBeGreaterThanOrEqual(5)
    const mean = (k: number) => gaps.reduce((sum, gap) => sum + gap[k], 0) / seeds.length
    expect(mean(1)).toBeLessThan(0.3 * mean(0))
  })

  test('does with none at the target', () => {
    const { large, many } = tablesOf(1)
    const { recommendation } = recommended(compiled, noRuns('large', DOMAINS), { others: [many] })
    expect(large(weightsOf(compiled, recommendation.proposal.weights)) - 2).toBeLessThan(0.05)
    expect(recommendation.evidence.fidelity).toBe('large')
    // The level of the small runs is not that of the large ones: it has to be said.
    const said = recommendation.warnings.find(({ code }) => code === 'level-unknown')
    expect(said?.message).toContain('No run at large')
    const { few } = tablesOf(1)
    const codes = recommended(compiled, few, { others: [many] }).recommendation.warnings
    expect(codes.map(({ code }) => code)).not.toContain('level-unknown')
  })

  test('leaves out what does not inform, and says so', () => {
    const warned = seeds.map((seed) => {
      const { few, many } = tablesOf(seed)
      const losses = many.values.get('loss') as Float64Array
      const permuted = new Map([
        ['loss', Float64Array.from(shuffled([...losses], createRng(seed, 'shuffle')))],
      ])
      const { recommendation } = recommended(compiled, few, {
        others: [{ ...many, values: permuted }],
      })
      const dropped = recommendation.warnings.some(({ code }) => code === 'fidelity-dropped')
      const [small, target] = recommendation.explanation?.fidelities ?? []
      expect([small.name, target.name]).toEqual(['small', 'large'])
      expect(small.used).toBe(!dropped)
      expect(small.best === null).toBe(dropped)
      expect(recommendation.explanation?.correlations).toHaveLength(dropped ? 0 : 1)
      if (dropped)
        expect(proposed(few, [])).toEqual(weightsOf(compiled, recommendation.proposal.weights))
      return dropped
    })
    // How often the guard sees it is in its own tests.
    expect(warned.filter(Boolean).length).toBeGreaterThanOrEqual(3)
  })
})

describe('what a recommendation says', () => {
  const compiled = problemOf(4, SMALL_AND_LARGE, {
    domains: [
      { name: 'd0' },
      { name: 'd1', maxWeight: 0.5 },
      { name: 'd2', fixedWeight: 0.1 },
      { name: 'd3' },
    ],
    metrics: [{ name: 'loss' }, { name: 'accuracy', direction: 'maximize' }],
  })
  const loss = bowl([0.5, 0.3, 0.1, 0.1])
  const noise = createRng(1, 'noise')
  const measured = (name: string, rows: number[][], offset: number, rest: Partial<RunTable> = {}) =>
    runTable(name, rows, [], {
      values: new Map([
        ['loss', Float64Array.from(rows, (row) => offset + loss(row) + 0.01 * noise.normal())],
        [
          'accuracy',
          Float64Array.from(rows, (row) => 0.6 - 0.1 * loss(row) + 0.002 * noise.normal()),
        ],
      ]),
      ...rest,
    })
  const rows = drawnMixtures(24, 4, 9)
  const small = measured('small', rows, 1)
  const large = measured('large', rows.slice(0, 10), 0)
  const holdout = measured('large', drawnMixtures(12, 4, 10), 0, { name: 'later' })
  let answer: ReturnType<typeof recommend>
  let explanation: Explanation

  beforeAll(() => {
    answer = recommended(compiled, large, { others: [small], holdouts: [holdout] })
    explanation = answer.recommendation.explanation as Explanation
  })

  test('fits its schema, explanation included', () => {
    expect([...Value.Errors(RecommendationSchema, answer.recommendation)]).toEqual([])
    expect(explanation.fidelities.map(({ name }) => name)).toEqual(['small', 'large'])
    expect(JSON.parse(JSON.stringify(answer.recommendation))).toEqual(answer.recommendation)
  })

  test('tells what each fidelity cost, shared and found so far', () => {
    const [first, target] = explanation.fidelities
    expect([first.runs, first.cost, first.shared]).toEqual([24, 0.1, 10])
    expect(first.spent).toBeCloseTo(2.4, 12)
    expect([target.runs, target.spent, target.shared, target.withTarget]).toEqual([10, 10, 0, null])
    expect(first.withTarget?.pairs).toBe(10)
    expect(explanation.correlations[0].between).toEqual(['small', 'large'])
    expect(explanation.correlations[0].correlation).toBeGreaterThan(0.8)
    // The objective is the mean of both metrics, the accuracy with a minus sign.
    const value = (table: RunTable, i: number) =>
      ((table.values.get('loss')?.[i] ?? 0) - (table.values.get('accuracy')?.[i] ?? 0)) / 2
    let best = Number.POSITIVE_INFINITY
    const trace = rows.flatMap((_, i) => {
      if (value(small, i) >= best) return []
      best = value(small, i)
      return [{ run: i + 1, objective: best }]
    })
    expect(first.trace.map(({ run }) => run)).toEqual(trace.map(({ run }) => run))
    first.trace.forEach(({ objective }, k) => {
      expect(objective).toBeCloseTo(trace[k].objective, 12)
    })
  })

  test('has a response curve for each weight that can change, as the models predict it', () => {
    expect(explanation.responses.map(({ domain }) => domain)).toEqual(['d0', 'd1', 'd3'])
    const proposal = weightsOf(compiled, answer.recommendation.proposal.weights)
    const [lossModel, accuracyModel] = answer.models.map(({ model }) =>
      restoreMetricModel(JSON.parse(model)),
    )
    for (const { domain, points } of explanation.responses) {
      const j = compiled.space.names.indexOf(domain)
      const line = points.map(({ weight }) =>
        proposal.map((own, k) => (k === j ? weight : (own * (1 - weight)) / (1 - proposal[j]))),
      )
      const predicted = lossModel
        .predictMean(rowMatrixFrom(line))
        .map((value, i) => (value - accuracyModel.predictMean(rowMatrixFrom(line))[i]) / 2)
      expect(points.map(({ weight }) => weight)).toHaveLength(21)
      expect([points[0].weight, points[20].weight]).toEqual([0, domain === 'd1' ? 0.5 : 1])
      points.forEach(({ mean, lower, upper }, i) => {
        expect(lower).toBeLessThan(mean)
        expect(upper).toBeGreaterThan(mean)
        // The objective has a process of its own: predictions agree within its band.
        expect(Math.abs(mean - predicted[i])).toBeLessThan(Math.max(0.02, upper - lower))
      })
    }
  })

  test('names the mixture with the best prediction at each fidelity', () => {
    for (const { best } of explanation.fidelities) {
      expect(best).not.toBeNull()
      const weights = weightsOf(compiled, best?.weights ?? {})
      expect(largestViolation(compiled.space, weights)).toBeLessThanOrEqual(1e-9)
    }
    const target = explanation.fidelities[1].best
    const proposal = answer.recommendation.proposal.solver.predicted as number
    expect(proposal).toBeLessThanOrEqual((target?.mean ?? Number.NaN) + 1e-9)
  })

  test('is scored on runs that it has not seen, beside the control', () => {
    const { holdouts, surrogates } = answer.recommendation.evidence
    const scored = holdouts.map(({ metric, surrogate, name, runs }) =>
      [metric, surrogate, name, runs].join(),
    )
    expect(scored.toSorted()).toEqual([
      'accuracy,gaussian-process,later,12',
      'accuracy,single-domain,later,12',
      'loss,gaussian-process,later,12',
      'loss,single-domain,later,12',
    ])
    const process = holdouts.filter(({ surrogate }) => surrogate === 'gaussian-process')
    for (const { spearman } of process) expect(spearman).toBeGreaterThan(0.9)
    expect(surrogates.filter(({ chosen }) => chosen).map(({ metric }) => metric)).toEqual([
      'loss',
      'accuracy',
    ])
  })

  test('hands out models that are restored exactly', () => {
    for (const { model, metric } of answer.models) {
      const restored = restoreMetricModel(JSON.parse(model))
      expect(JSON.stringify(restored)).toBe(model)
      const stated = answer.recommendation.predictions.find((one) => one.metric === metric)
      const point = rowMatrixFrom([weightsOf(compiled, answer.recommendation.weights)])
      const { mean, sd } = restored.predict(point)
      expect([mean[0], sd[0]]).toEqual([stated?.mean, stated?.sd])
    }
  })

  test('is the same again', () => {
    expect(recommended(compiled, large, { others: [small], holdouts: [holdout] })).toEqual(answer)
  })
})
