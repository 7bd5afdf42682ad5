import { compileObjective, measuredObjective } from '../../objective.js'
import { type RowMatrix, selectRows, stackRows } from '../../row-matrix.js'
import { quantile } from '../../surrogates/statistics.js'
import type { CompiledProblem, RunTable } from '../../types.js'

/** The runs of several fidelities, by one score each. */
export interface Runs {
  /** Names, furthest from the target first; the target is last. */
  readonly fidelities: readonly string[]
  /** (n × m) weights; rows sum to 1. */
  readonly weights: RowMatrix
  /** n; places in `fidelities`. */
  readonly fidelity: Int32Array
  /** n; the objective with a minus sign, so that higher is better. Finite. */
  readonly scores: Float64Array
  /** n known variances of the scores; 0 where nothing is known. */
  readonly variances: Float64Array
}

/** What a run of a table counts as: lower is better, NaN where that is unknown, with the variance that is known of it. */
export type Scoring = (table: RunTable) => { values: Float64Array; variances: Float64Array }

/** Runs at the named fidelities that have a score. Scales of the objective are those of each table: each is standardised by itself anyway. */
export function gatherRuns(
  domains: number,
  completed: readonly RunTable[],
  fidelities: readonly string[],
  scoring: Scoring,
): Runs {
  const parts = fidelities.flatMap((name, m) =>
    completed
      .filter(({ fidelity }) => fidelity === name)
      .map((table) => {
        const { values, variances } = scoring(table)
        const kept = [...values.keys()].filter((i) => Number.isFinite(values[i]))
        const weights = selectRows(table.normalised, kept)
        return { m, kept, weights, values, variances }
      }),
  )
  const joined = (of: (part: (typeof parts)[number], i: number) => number) =>
    Float64Array.from(parts.flatMap((part) => part.kept.map((i) => of(part, i))))
  return {
    fidelities,
    weights: stackRows(
      parts.map(({ weights }) => weights),
      domains,
    ),
    fidelity: Int32Array.from(joined(({ m }) => m)),
    scores: joined(({ values }, i) => -within(values[i])),
    variances: joined(({ variances }, i) => within(variances[i])),
  }
}

/** Its square is a number still; what lies beyond is as bad or as good. */
const MOST = 1e150

const within = (value: number) => Math.max(-MOST, Math.min(MOST, value))

/** By the objective; its variance from the standard errors of a mean's metrics as if they were independent. */
export const objectiveScoring =
  ({ problem }: Pick<CompiledProblem, 'problem'>): Scoring =>
  (table) => {
    const variances = new Float64Array(table.normalised.rows)
    const { type, terms } = compileObjective(problem, table)
    for (const { metric, weight, scale } of type === 'mean' ? terms : []) {
      addVariances(table, metric, weight / scale, variances)
    }
    return { values: measuredObjective(problem, table), variances }
  }

/** By one metric. */
export const metricScoring =
  ({ name, direction }: { name: string; direction: 'minimize' | 'maximize' }): Scoring =>
  (table) => {
    const variances = new Float64Array(table.normalised.rows)
    addVariances(table, name, 1, variances)
    const values = table.values.get(name) ?? new Float64Array(variances.length).fill(Number.NaN)
    return { values: direction === 'maximize' ? values.map((value) => -value) : values, variances }
  }

function addVariances(table: RunTable, metric: string, factor: number, out: Float64Array): void {
  table.standardErrors?.get(metric)?.forEach((error, i) => {
    if (Number.isFinite(error)) out[i] += (factor * error) ** 2
  })
}

/** The runs that are kept, with only the fidelities named (places in `fidelities`, ascending). */
export function restrictRuns(
  runs: Runs,
  fidelities: readonly number[],
  keeps: (i: number) => boolean = () => true,
): Runs {
  const place = new Map(fidelities.map((m, k) => [m, k]))
  const kept = [...runs.scores.keys()].filter((i) => place.has(runs.fidelity[i]) && keeps(i))
  return {
    fidelities: fidelities.map((m) => runs.fidelities[m]),
    weights: selectRows(runs.weights, kept),
    fidelity: Int32Array.from(kept, (i) => place.get(runs.fidelity[i]) as number),
    scores: Float64Array.from(kept, (i) => runs.scores[i]),
    variances: Float64Array.from(kept, (i) => runs.variances[i]),
  }
}

/** Fewer have no quartiles to speak of. */
const LEAST_FOR_QUARTILES = 8

/**
 * The runs with scores below Q1 − 1.5 (Q3 − Q1) of their fidelity raised to it: how bad a bad mixture is does not matter, and one run
 * that went wrong would stretch the scale of all others. Good scores stay as they are.
 */
export function winsorise(runs: Runs): Runs {
  const floors = runs.fidelities.map((_, m) => {
    const own = rowsAt(runs, m).map((i) => runs.scores[i])
    if (own.length < LEAST_FOR_QUARTILES) return Number.NEGATIVE_INFINITY
    const [first, third] = [quantile(own, 0.25), quantile(own, 0.75)]
    return first - 1.5 * (third - first)
  })
  return {
    ...runs,
    scores: runs.scores.map((score, i) => Math.max(score, floors[runs.fidelity[i]])),
  }
}

/** How many runs each fidelity has. */
export function countRuns({ fidelities, fidelity }: Runs): number[] {
  const counts = fidelities.map(() => 0)
  for (const m of fidelity) counts[m] += 1
  return counts
}

/** The rows at a fidelity. */
export function rowsAt({ fidelity }: Pick<Runs, 'fidelity'>, m: number): number[] {
  return [...fidelity.keys()].filter((i) => fidelity[i] === m)
}
