import { compileProblem } from '../../src/optimizers/complete-problem.js'
import type { Problem } from '../../src/optimizers/problem.js'
import { createRng } from '../../src/optimizers/random.js'
import { createRowMatrix, rowOf } from '../../src/optimizers/row-matrix.js'
import type { CompiledProblem, RunTable } from '../../src/optimizers/types.js'

/** A known law f(p) = floor + exp(t·p) a metric, in the order of the domains. */
export interface KnownLaw {
  floor: number
  t: number[]
}

/** Runs drawn uniformly from the simplex, measured by known laws with normal noise. */
export function syntheticRuns(
  problem: Problem,
  laws: Record<string, KnownLaw>,
  { count, noise, seed, name = '' }: { count: number; noise: number; seed: number; name?: string },
): { compiled: CompiledProblem; runs: RunTable } {
  const compiled = compileProblem(problem)
  const m = problem.domains.length
  const rng = createRng(seed, 'synthetic runs')
  const mixtures = createRowMatrix(count, m)
  for (let i = 0; i < count; i++) {
    const row = rowOf(mixtures, i)
    for (let j = 0; j < m; j++) row[j] = -Math.log(rng.uniformOpen())
    const total = row.reduce((sum, value) => sum + value, 0)
    for (let j = 0; j < m; j++) row[j] /= total
  }
  const values = new Map(
    Object.entries(laws).map(([metric, law]) => [
      metric,
      Float64Array.from(
        { length: count },
        (_, i) => evaluate(law, rowOf(mixtures, i)) + noise * rng.normal(),
      ),
    ]),
  )
  return {
    compiled,
    runs: {
      name,
      fidelity: compiled.problem.fidelities[0].name,
      runIds: Array.from({ length: count }, (_, i) => String(i + 1)),
      raw: mixtures,
      normalised: mixtures,
      values,
    },
  }
}

export function evaluate({ floor, t }: KnownLaw, weights: ArrayLike<number>): number {
  return floor + Math.exp(t.reduce((sum, slope, j) => sum + slope * weights[j], 0))
}
