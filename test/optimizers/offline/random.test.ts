import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { compileProblem } from '../../../src/optimizers/complete-problem.js'
import { largestViolation } from '../../../src/optimizers/mixture/index.js'
import { baselines } from '../../../src/optimizers/offline/baselines/index.js'
import { random } from '../../../src/optimizers/offline/random/index.js'
import type { Mixture, Problem } from '../../../src/optimizers/problem.js'
import { createRng } from '../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'
import type { SuggestInput } from '../../../src/optimizers/types.js'
import { syntheticRuns } from '../../support/synthetic-runs.js'

const params = { folds: 5, surrogates: {} }
const FREE: Problem = {
  domains: [{ name: 'web' }, { name: 'code' }, { name: 'books' }],
  metrics: [{ name: 'loss' }],
}
const CAPPED: Problem = {
  ...FREE,
  domains: [{ name: 'web', maxWeight: 0.3 }, { name: 'code' }, { name: 'books', minWeight: 0.1 }],
  groups: [{ name: 'open', domains: ['web', 'code'], maxWeight: 0.6 }],
}

function suggest(
  problem: Problem,
  known: readonly Mixture[],
  count: number,
  rest: Partial<SuggestInput<typeof params>> = {},
) {
  const compiled = compileProblem(problem)
  const rows = known.map((weights) => problem.domains.map(({ name }) => weights[name]))
  const normalised = rowMatrixFrom(rows, problem.domains.length)
  return random.suggest({
    compiled,
    params,
    completed: [],
    active: [{ fidelity: 'default', normalised }],
    fidelities: compiled.problem.fidelities.map(({ name }) => name),
    count,
    rng: createRng(7, 'suggest'),
    ...rest,
  })
}

const mixtures = (...args: Parameters<typeof suggest>) =>
  suggest(...args).map(({ weights }) => weights)

describe('random search', () => {
  test('suggests the same mixtures one by one, a few at a time, or all at once', () => {
    const atOnce = mixtures(CAPPED, [], 24)
    expect(atOnce).toHaveLength(24)
    for (const step of [1, 5]) {
      const inSteps: Mixture[] = []
      while (inSteps.length < 24) {
        inSteps.push(...mixtures(CAPPED, inSteps, Math.min(step, 24 - inSteps.length)))
      }
      expect(inSteps).toEqual(atOnce)
    }
    expect(mixtures(CAPPED, [], 24, { rng: createRng(8, 'suggest') })).not.toEqual(atOnce)
  })

  test.each([
    ['the simplex', FREE],
    ['a polytope', CAPPED],
  ])('is uniform on %s', (_, problem) => {
    const { space } = compileProblem(problem)
    const drawn = mixtures(problem, [], 3000).map(Object.values)
    for (const weights of drawn) expect(largestViolation(space, weights)).toBeLessThan(1e-9)
    // A fine grid over web and code: the share of area below each threshold.
    const grid: number[][] = []
    for (let i = 0; i < 200; i++) {
      for (let j = 0; j < 200; j++) {
        const [web, code] = [(i + 0.5) / 200, (j + 0.5) / 200]
        const weights = [web, code, 1 - web - code]
        if (largestViolation(space, weights) <= 1e-12) grid.push(weights)
      }
    }
    for (const domain of [0, 1, 2]) {
      for (const threshold of [0.1, 0.2, 0.4, 0.6]) {
        const below = (rows: number[][]) =>
          rows.filter((weights) => weights[domain] < threshold).length / rows.length
        // Three standard errors of a share of 3000, and the grid's cells.
        expect(Math.abs(below(drawn) - below(grid))).toBeLessThan(0.028 + 0.01)
      }
    }
  })

  test('gives fewer where there are no more, none that was given up, and none twice', () => {
    const fixed: Problem = {
      ...FREE,
      domains: [
        { name: 'web', fixedWeight: 0.6 },
        { name: 'code', fixedWeight: 0.3 },
        { name: 'books', fixedWeight: 0.1 },
      ],
    }
    const only = { web: 0.6, code: 0.3, books: 0.1 }
    expect(mixtures(fixed, [], 5)).toEqual([only])
    expect(mixtures(fixed, [only], 5)).toEqual([])
    const givenUp = [{ fidelity: 'default', normalised: rowMatrixFrom([[0.6, 0.3, 0.1]]) }]
    expect(mixtures(fixed, [], 5, { avoid: givenUp })).toEqual([])
    const narrow = {
      ...FREE,
      domains: [
        { name: 'web', minWeight: 0.4995, maxWeight: 0.5005 },
        { name: 'code', fixedWeight: 0.2 },
        { name: 'books' },
      ],
    }
    const apart = mixtures(narrow, [], 5)
    // Mixtures that differ by less than 0.001 in L1 are the same; the set is 0.002 long.
    expect(apart.length).toBeGreaterThan(0)
    expect(apart.length).toBeLessThan(4)
  })

  test('runs at the fidelity closest to the target of those it may use', () => {
    const fidelities = [
      { name: 'big', evaluator: 'table' as const, cost: 9, order: 2 },
      { name: 'tiny', evaluator: 'table' as const, cost: 1, order: 0 },
      { name: 'small', evaluator: 'table' as const, cost: 20, order: 1 },
    ]
    const problem = { ...FREE, fidelities }
    const at = (names: string[], rest = {}) =>
      suggest(problem, [], 1, { fidelities: names, ...rest })[0].fidelity
    expect(at(['tiny', 'big', 'small'])).toBe('big')
    expect(at(['tiny', 'small'])).toBe('small')
    expect(at(['tiny'])).toBe('tiny')
    const rows = rowMatrixFrom([
      [0.2, 0.3, 0.5],
      [0.5, 0.4, 0.1],
    ])
    const candidates = new Map(fidelities.map(({ name }) => [name, rows]))
    expect(at(['tiny', 'big', 'small'], { candidates })).toBe('big')
    const [{ row, weights }] = suggest(problem, [], 1, { candidates })
    expect(Object.values(weights)).toEqual(row === 0 ? [0.2, 0.3, 0.5] : [0.5, 0.4, 0.1])
  })

  test('recommends and picks the best run measured, as the baseline does, under its own name', () => {
    const law = { loss: { floor: 2, t: [0.2, -0.5, -2] } }
    const { compiled, runs } = syntheticRuns(FREE, law, { count: 3, noise: 0.1, seed: 4 })
    const best =
      runs.values.get('loss')?.indexOf(Math.min(...(runs.values.get('loss') ?? []))) ?? -1
    const input = { compiled, completed: runs, holdouts: [], surrogate: 'auto' as const, seed: 1 }
    const { recommendation, models } = random.recommend({ ...input, params })
    expect(Object.values(recommendation.weights)).toEqual([
      ...runs.normalised.data.subarray(3 * best, 3 * best + 3),
    ])
    expect(recommendation).toMatchObject({ method: 'random', params })
    expect(models).toEqual([])
    const baseline = baselines.recommend({
      ...input,
      params: { ...params, baseline: 'best-observed', temperature: 2, maxEpochs: 4 },
    }).recommendation
    expect({ ...recommendation, method: '', params: {} }).toEqual({
      ...baseline,
      method: '',
      params: {},
    })
    const state = { compiled, params, completed: [runs], active: [], rng: createRng(1) }
    const pick = { ...state, target: 'default', candidates: runs.normalised }
    expect(random.pick(pick)).toBe(best)
    expect(random.pick({ ...pick, completed: [] })).toBeUndefined()
  })

  test('without a run there is nothing to recommend, and the parameters are those of the evidence', () => {
    const { compiled, runs } = syntheticRuns(
      FREE,
      { loss: { floor: 2, t: [1, 2, 3] } },
      { count: 0, noise: 0, seed: 1 },
    )
    const input = { compiled, completed: runs, holdouts: [], surrogate: 'auto' as const, seed: 1 }
    expect(() => random.recommend({ ...input, params })).toThrow(/no run to take the best of/)
    expect(Value.Default(random.paramsSchema, {})).toEqual(params)
    expect(Value.Check(random.paramsSchema, { ...params, baseline: 'uniform' })).toBe(false)
  })
})
