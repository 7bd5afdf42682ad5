import { expect } from 'vitest'
import { largestViolation } from '../../../../src/optimizers/mixture/index.js'
import { admire } from '../../../../src/optimizers/offline/admire/index.js'
import type { AdmireParams } from '../../../../src/optimizers/offline/admire/params.js'
import { createRng } from '../../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import type { CompiledProblem, RunTable } from '../../../../src/optimizers/types.js'
import { faultsOf } from './searching.js'
import { drawnMixtures, noRuns, paramsWith } from './support.js'

export interface Given {
  compiled: CompiledProblem
  completed: readonly RunTable[]
  overrides?: Partial<AdmireParams>
}

const quick: Partial<AdmireParams> = { candidates: 200 }

/** Suggestions as rows, which are feasible and new. */
export function suggested({ compiled, completed, overrides }: Given, count = 3): number[][] {
  const { space, problem } = compiled
  const suggestions = admire.suggest({
    compiled,
    params: paramsWith({ ...quick, ...overrides }),
    completed,
    active: [],
    fidelities: problem.fidelities.map(({ name }) => name),
    count,
    rng: createRng(1, 'suggest'),
  })
  const rows = suggestions.map(({ weights }) => space.names.map((name) => weights[name]))
  const all = [
    ...completed.flatMap(({ fidelity, normalised: { data, columns, rows: count } }) =>
      Array.from({ length: count }, (_, i) => ({
        fidelity,
        row: Array.from(data.subarray(i * columns, (i + 1) * columns)),
      })),
    ),
    ...rows.map((row, i) => ({ fidelity: suggestions[i].fidelity, row })),
  ]
  const tables = completed.reduce((sum, { normalised }) => sum + normalised.rows, 0)
  // The runs given may repeat and violate what they like.
  expect(faultsOf(compiled, all.slice(tables)).violation).toBeLessThanOrEqual(1e-9)
  expect(faultsOf(compiled, all).duplicates).toBe(
    faultsOf(compiled, all.slice(0, tables)).duplicates,
  )
  return rows
}

export function picked({ compiled, completed, overrides }: Given): number | undefined {
  const domains = compiled.space.names.length
  return admire.pick({
    compiled,
    params: paramsWith({ ...quick, ...overrides }),
    completed,
    active: [],
    target: compiled.problem.fidelities.at(-1)?.name ?? '',
    candidates: rowMatrixFrom(drawnMixtures(5, domains, 44)),
    rng: createRng(1, 'suggest'),
  })
}

/** What is recommended, which meets all constraints. */
export function recommended({ compiled, completed, overrides }: Given) {
  const target = compiled.problem.fidelities.at(-1)?.name ?? ''
  const own = completed.find(({ fidelity }) => fidelity === target)
  const { recommendation } = admire.recommend({
    compiled,
    params: paramsWith({ ...quick, ...overrides }),
    completed: own ?? noRuns(target, compiled.space.names.length),
    others: completed.filter((table) => table !== own),
    holdouts: [],
    surrogate: 'auto',
    seed: 1,
  })
  const weights = compiled.space.names.map((name) => recommendation.weights[name])
  expect(largestViolation(compiled.space, weights)).toBeLessThanOrEqual(1e-9)
  return { weights, warnings: recommendation.warnings.map(({ code }) => code), recommendation }
}
