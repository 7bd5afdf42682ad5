import { describe, expect, test } from 'vitest'
import { fitModel, pointsOf } from '../../../../src/optimizers/offline/admire/model.js'
import type { AdmireParams } from '../../../../src/optimizers/offline/admire/params.js'
import { pick } from '../../../../src/optimizers/offline/admire/pick.js'
import { assess } from '../../../../src/optimizers/offline/admire/situation.js'
import { fitGuarded } from '../../../../src/optimizers/offline/admire/surrogate.js'
import { createRng } from '../../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import { spearman } from '../../../../src/optimizers/surrogates/statistics.js'
import type { CompiledProblem, RunTable } from '../../../../src/optimizers/types.js'
import {
  bowl,
  drawnMixtures,
  fitted,
  paramsWith,
  problemOf,
  runTable,
  SMALL_AND_LARGE,
  shuffled,
  worstError,
} from './support.js'

const loss = bowl([0.5, 0.3, 0.2])

function situationOf(
  compiled: CompiledProblem,
  completed: RunTable[],
  overrides: Partial<AdmireParams> = {},
) {
  const offered = compiled.problem.fidelities.map(({ name }) => name)
  return assess({ compiled, params: paramsWith(overrides), completed, active: [], offered })
}

describe('costs', () => {
  const compiled = problemOf(3, SMALL_AND_LARGE)
  const rows = drawnMixtures(4, 3, 1)
  const withSeconds = (name: string, seconds: number[]) =>
    runTable(name, rows, rows.map(loss), { seconds: Float64Array.from(seconds) })
  const small = withSeconds('small', [10, 20, Number.NaN, 30])

  test('are as configured, unless they are to be measured', () => {
    const timed = [small, withSeconds('large', [100, 300, 200, 200])]
    expect(situationOf(compiled, timed).costs).toEqual([0.1, 1])
    expect(situationOf(compiled, timed, { costs: 'measured' }).costs).toEqual([20, 200])
  })

  test('are measured only where every fidelity was', () => {
    const untimed = runTable('large', rows, rows.map(loss))
    const unknown = withSeconds('large', [Number.NaN, Number.NaN, Number.NaN, Number.NaN])
    for (const large of [untimed, unknown]) {
      expect(situationOf(compiled, [small, large], { costs: 'measured' }).costs).toEqual([0.1, 1])
    }
    expect(situationOf(compiled, [small], { costs: 'measured' }).costs).toEqual([0.1, 1])
  })
})

describe('known standard errors', () => {
  const compiled = problemOf(3)
  const rows = drawnMixtures(16, 3, 2)
  const queries = rowMatrixFrom(drawnMixtures(20, 3, 3))
  const rng = createRng(2, 'noise')
  const losses = rows.map((row) => loss(row) + 0.02 * rng.normal())

  function predictions(table: RunTable) {
    const { model } = fitted({ compiled, params: paramsWith(), completed: [table] })
    const { means } = model.posterior.at(pointsOf(model, queries, 0))
    const { means: offsets, deviations: scales } = model.standardisation
    return means.map((mean) => -(offsets[0] + scales[0] * mean))
  }

  const errorsOf = (predicted: Float64Array) => {
    const off = predicted.map((value, i) =>
      Math.abs(value - loss(queries.data.slice(3 * i, 3 * i + 3))),
    )
    return off.reduce((sum, value) => sum + value, 0) / off.length
  }

  test.each([-30, -3, 3, 30])('of a run that is off by as much let it hardly count: %d', (off) => {
    const wrong = losses.map((value, i) => (i === 4 ? value + off : value))
    const errors = (of: number) =>
      new Map([['loss', Float64Array.from(rows, (_, i) => (i === 4 ? of : 0.02))]])
    const without = rows.filter((_, i) => i !== 4)
    const alone = errorsOf(
      predictions(
        runTable(
          'large',
          without,
          losses.filter((_, i) => i !== 4),
        ),
      ),
    )
    const trusted = errorsOf(
      predictions(runTable('large', rows, wrong, { standardErrors: errors(0.02) })),
    )
    const doubted = errorsOf(
      predictions(runTable('large', rows, wrong, { standardErrors: errors(Math.abs(off)) })),
    )
    expect(doubted).toBeLessThan(1.2 * alone)
    expect(trusted).toBeGreaterThan(2 * doubted)
  })

  test('are in the unit of the standardised scores, and 0 where unknown', () => {
    const standardErrors = new Map([
      ['loss', Float64Array.from(rows, (_, i) => (i % 2 === 0 ? 0.1 : Number.NaN))],
    ])
    // 0, 1, …, 15 have the variance 16 · 17/12; none is far off.
    const even = rows.map((_, i) => i)
    const table = runTable('large', rows, even, { standardErrors })
    const { model } = fitted({ compiled, params: paramsWith(), completed: [table] })
    const variance = (16 * 17) / 12
    const expected = rows.map((_, i) => (i % 2 === 0 ? 0.01 / variance : 0))
    expect(worstError(model.observations.knownNoise, expected)).toBeLessThan(1e-12)
  })

  test('of the metrics are those of their mean, as if they were independent', () => {
    const both = problemOf(3, SMALL_AND_LARGE.slice(1), {
      metrics: [{ name: 'loss' }, { name: 'score', direction: 'maximize' }],
      objective: { type: 'mean', weights: { loss: 3, score: 1 } },
    })
    const table = runTable('large', rows.slice(0, 2), [2, 3], {
      values: new Map([
        ['loss', Float64Array.of(2, 3)],
        ['score', Float64Array.of(0.5, 0.25)],
      ]),
      standardErrors: new Map([
        ['loss', Float64Array.of(0.1, Number.NaN)],
        ['score', Float64Array.of(0.2, 0.4)],
      ]),
    })
    const { runs } = situationOf(both, [table])
    expect(
      worstError(runs.scores, [-(0.75 * 2 - 0.25 * 0.5), -(0.75 * 3 - 0.25 * 0.25)]),
    ).toBeLessThan(1e-12)
    const expected = [(0.75 * 0.1) ** 2 + (0.25 * 0.2) ** 2, (0.25 * 0.4) ** 2]
    expect(worstError(runs.variances, expected)).toBeLessThan(1e-12)
  })
})

test('a memo saves a fit and changes nothing', () => {
  const compiled = problemOf(3)
  const rows = drawnMixtures(12, 3, 4)
  const { runs, costs } = situationOf(compiled, [runTable('large', rows, rows.map(loss))])
  const params = paramsWith()
  const given = { space: compiled.space, params, costs, rng: createRng(1) }
  const kept = new Map<string, unknown>()
  let made = 0
  const memo = {
    get<T>(key: string, make: () => T): T {
      if (!kept.has(key)) made += kept.set(key, make()) ? 1 : 0
      return kept.get(key) as T
    },
  }
  const plain = fitModel(runs, given).hyperparameters
  expect(fitModel(runs, { ...given, memo }).hyperparameters).toEqual(plain)
  expect(fitModel(runs, { ...given, memo }).hyperparameters).toEqual(plain)
  expect(made).toBe(1)
  // Whatever else it is fitted to, or by, is another matter.
  const other = { ...runs, scores: runs.scores.map((score) => 2 * score ** 3) }
  fitModel(other, { ...given, memo })
  fitModel(runs, { ...given, params: paramsWith({ kernel: 'rbf' }), memo })
  fitModel(runs, { ...given, rng: createRng(2), memo })
  expect(made).toBe(4)
})

describe('an earlier study', () => {
  const DOMAINS = 6
  const compiled = problemOf(DOMAINS)
  const params = paramsWith()
  const name = 'previous:0190a1b2-0000-7000-8000-000000000000:large'
  const queries = drawnMixtures(60, DOMAINS, 77)

  function lossOf(seed: number) {
    const rng = createRng(seed, 'loss')
    const slopes = Array.from({ length: DOMAINS }, () => rng.normal())
    return (row: readonly number[]) =>
      Math.exp(-row.reduce((sum, weight, j) => sum + slopes[j] * Math.sqrt(weight), 0))
  }

  /** 6 runs of this study and 30 of the one before, at other mixtures. */
  function tablesOf(seed: number) {
    const own = drawnMixtures(6, DOMAINS, seed)
    const before = drawnMixtures(30, DOMAINS, seed + 50)
    const of = lossOf(seed)
    const losses = before.map((row) => 5 + 0.5 * of(row))
    const rng = createRng(seed, 'shuffle')
    return {
      now: runTable('large', own, own.map(of)),
      alike: runTable(name, before, losses),
      unlike: runTable(name, before, shuffled(losses, rng)),
    }
  }

  function guarded(seed: number, completed: RunTable[]) {
    const { judgements, model } = fitGuarded(
      situationOf(compiled, completed),
      params,
      createRng(seed),
    )
    if (!model) throw new Error('there is a run to learn from')
    const { means } = model.posterior.at(pointsOf(model, rowMatrixFrom(queries), model.target))
    const agreement = spearman(
      means,
      queries.map((row) => -lossOf(seed)(row)),
    ) as number
    return { agreement, kept: judgements.map((judgement) => judgement.kept), model }
  }

  const seeds = [1, 2, 3, 4, 5, 6, 7, 8]

  test('helps when it is alike', () => {
    const gains = seeds.map((seed) => {
      const { now, alike } = tablesOf(seed)
      const together = guarded(seed, [now, alike])
      expect(together.kept).toEqual([true])
      expect(together.model.runs.fidelities).toEqual([name, 'large'])
      return together.agreement - guarded(seed, [now]).agreement
    })
    expect(gains.filter((gain) => gain > 0).length).toBeGreaterThanOrEqual(7)
    expect(gains.reduce((a, b) => a + b) / seeds.length).toBeGreaterThan(0.1)
  })

  test('is dropped when it is not, and then as good as absent', () => {
    const dropped = seeds.filter((seed) => {
      const { now, unlike } = tablesOf(seed)
      const together = guarded(seed, [now, unlike])
      if (together.kept[0]) return false
      expect(together.model.runs.fidelities).toEqual(['large'])
      expect(together.agreement).toBeCloseTo(guarded(seed, [now]).agreement, 12)
      return true
    })
    expect(dropped.length).toBeGreaterThanOrEqual(6)
  })

  test('costs nothing and is never suggested, and picks are for this study', () => {
    const { now, alike } = tablesOf(1)
    const { costs, offered, runs } = situationOf(compiled, [now, alike])
    expect([costs, offered, runs.fidelities]).toEqual([[0, 1], [1], [name, 'large']])
    const candidates = rowMatrixFrom(queries)
    const given = { compiled, params, completed: [alike], active: [], rng: createRng(1) }
    const picked = pick({ ...given, target: 'large', candidates }) as number
    const ranked = queries.map(lossOf(1)).toSorted((a, b) => a - b)
    expect(lossOf(1)(queries[picked])).toBeLessThanOrEqual(ranked[9])
  })
})
