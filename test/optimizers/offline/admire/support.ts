import { Value } from 'typebox/value'
import { compileProblem } from '../../../../src/optimizers/complete-problem.js'
import { fitModel, type Model } from '../../../../src/optimizers/offline/admire/model.js'
import {
  type AdmireParams,
  AdmireParamsSchema,
} from '../../../../src/optimizers/offline/admire/params.js'
import { assess, type Situation } from '../../../../src/optimizers/offline/admire/situation.js'
import type { Fidelity, Problem } from '../../../../src/optimizers/problem.js'
import { createRng, permutation, type Rng } from '../../../../src/optimizers/random.js'
import { createRowMatrix, rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import type { ActiveTable, CompiledProblem, RunTable } from '../../../../src/optimizers/types.js'
import { randomMixture } from '../../surrogates/gaussian-process/support.js'

export function paramsWith(overrides: Partial<AdmireParams> = {}): AdmireParams {
  return Value.Default(AdmireParamsSchema, structuredClone(overrides)) as AdmireParams
}

export const SMALL_AND_LARGE: Fidelity[] = [
  { name: 'small', evaluator: 'table', cost: 0.1 },
  { name: 'large', evaluator: 'table', cost: 1 },
]

/** Domains d0, d1, … and one metric, `loss`. */
export function problemOf(
  domains: number,
  fidelities: Fidelity[] = [{ name: 'large', evaluator: 'table' }],
  rest: Partial<Problem> = {},
): CompiledProblem {
  return compileProblem({
    domains: Array.from({ length: domains }, (_, j) => ({ name: `d${j}` })),
    metrics: [{ name: 'loss' }],
    fidelities,
    ...rest,
  })
}

export function runTable(
  fidelity: string,
  rows: readonly ArrayLike<number>[],
  losses: ArrayLike<number>,
  rest: Partial<RunTable> = {},
): RunTable {
  const mixtures = rowMatrixFrom(rows)
  return {
    name: '',
    fidelity,
    runIds: rows.map((_, i) => String(i)),
    raw: mixtures,
    normalised: mixtures,
    values: new Map([['loss', Float64Array.from(losses)]]),
    ...rest,
  }
}

export function noRuns(fidelity: string, domains: number): RunTable {
  const none = createRowMatrix(0, domains)
  return { ...runTable(fidelity, [], []), raw: none, normalised: none }
}

export const tried = (fidelity: string, rows: readonly ArrayLike<number>[]): ActiveTable => ({
  fidelity,
  normalised: rowMatrixFrom(rows),
})

export function drawnMixtures(count: number, domains: number, seed: number): number[][] {
  const rng = createRng(seed, 'mixtures')
  return Array.from({ length: count }, () => randomMixture(domains, rng))
}

/** Smallest, 2, at its optimum. */
export const bowl =
  (optimum: ArrayLike<number>, steepness = 3) =>
  (weights: ArrayLike<number>): number =>
    2 + steepness * Array.from(weights).reduce((sum, w, j) => sum + (w - optimum[j]) ** 2, 0)

export function shuffled<T>(values: readonly T[], rng: Rng): T[] {
  return Array.from(permutation(values.length, rng), (i) => values[i])
}

export interface Setting {
  compiled: CompiledProblem
  params: AdmireParams
  completed: readonly RunTable[]
  active?: readonly ActiveTable[]
}

/** A model of all fidelities of the problem, as a search would fit it. */
export function fitted({ compiled, params, completed, active = [] }: Setting): {
  model: Model
  situation: Situation
} {
  const offered = compiled.problem.fidelities.map(({ name }) => name)
  const situation = assess({ compiled, params, completed, active, offered })
  const { runs, costs } = situation
  const options = { space: compiled.space, params, costs, rng: createRng(1, 'fit') }
  return { model: fitModel(runs, options), situation }
}

/** L of A = L Lᵀ, row by row. */
export function choleskyByHand(matrix: readonly (readonly number[])[]): number[][] {
  const factor: number[][] = []
  matrix.forEach((row, i) => {
    factor.push([])
    for (let j = 0; j <= i; j++) {
      let left = row[j]
      for (let k = 0; k < j; k++) left -= factor[i][k] * factor[j][k]
      factor[i].push(i === j ? Math.sqrt(left) : left / factor[j][j])
    }
  })
  return factor
}

/** |actual − expected| within the tolerance, relative above 1. */
export function worstError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  return Array.from(actual).reduce((worst, value, i) => {
    const error = Math.abs(value - expected[i]) / Math.max(1, Math.abs(expected[i]))
    return Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error)
  }, 0)
}
