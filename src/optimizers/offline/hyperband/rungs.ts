import { groupReplicates } from '../../distinct-mixtures.js'
import { measuredObjective } from '../../objective.js'
import { type RowMatrix, rowMatrixFrom, rowOf } from '../../row-matrix.js'
import type { SearchState, SuggestInput } from '../../types.js'

/** A mixture at a fidelity: all its runs there, replicates included. */
export interface TriedMixture {
  /** (m) normalised. */
  readonly weights: Float64Array
  /** Whether one of its runs has ended, with a result or without. */
  readonly hasEnded: boolean
  /** Mean objective of its runs, lower is better; NaN where none has a result. */
  readonly objective: number
}

/** The fidelities in the order of their closeness to the target, the closest last. */
export function orderedFidelities<P>({ compiled }: SearchState<P>): string[] {
  const { fidelities } = compiled.problem
  return fidelities.toSorted((a, b) => a.order - b.order || a.cost - b.cost).map(({ name }) => name)
}

/** The fidelities that make up the ladder: those that suggestions may be for and those that have runs. */
export function rungFidelities<P>(input: SuggestInput<P>): string[] {
  const tables = [...input.completed, ...input.active, ...(input.avoid ?? [])]
  const used = new Set(tables.filter((t) => t.normalised.rows > 0).map((t) => t.fidelity))
  return orderedFidelities(input).filter(
    (name) => used.has(name) || input.fidelities.includes(name),
  )
}

/** What was tried at a fidelity: mixtures in the order of their first runs, completed ones first; and the number of runs. */
export function triedAt<P>(
  { compiled, completed, active, avoid = [] }: SearchState<P>,
  fidelity: string,
): { mixtures: TriedMixture[]; runs: number } {
  const isHere = (table: { fidelity: string }) => table.fidelity === fidelity
  const measured = completed
    .filter(isHere)
    .flatMap((runs) => withObjectives(runs.normalised, measuredObjective(compiled.problem, runs)))
  const failed = avoid.filter(isHere).flatMap(({ normalised }) => withObjectives(normalised))
  const pending = active.filter(isHere).flatMap(({ normalised }) => withObjectives(normalised))
  const runs = [...measured, ...failed, ...pending]
  const { groupOf, count } = groupReplicates(rowMatrixFrom(runs.map(({ weights }) => weights)))
  const ended = measured.length + failed.length
  const mixtures = Array.from({ length: count }, () => ({ first: -1, sum: 0, results: 0 }))
  runs.forEach(({ objective }, i) => {
    const mixture = mixtures[groupOf[i]]
    if (mixture.first < 0) mixture.first = i
    if (!Number.isFinite(objective)) return
    mixture.sum += objective
    mixture.results += 1
  })
  return {
    runs: runs.length,
    mixtures: mixtures.map(({ first, sum, results }) => ({
      weights: runs[first].weights,
      hasEnded: first < ended,
      objective: sum / results,
    })),
  }
}

function withObjectives(rows: RowMatrix, objective?: Float64Array) {
  return Array.from({ length: rows.rows }, (_, i) => ({
    weights: rowOf(rows, i),
    objective: objective ? objective[i] : Number.NaN,
  }))
}
