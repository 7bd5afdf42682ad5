import type { RowMatrix } from '../../row-matrix.js'
import { mean } from '../../surrogates/statistics.js'
import type { ActiveTable, CompiledProblem, RunTable } from '../../types.js'
import type { AdmireParams } from './params.js'
import { gatherRuns, objectiveScoring, type Runs, stack } from './runs.js'

/** What a search has come to, with the fidelities that the model is about. */
export interface Situation {
  readonly compiled: CompiledProblem
  /** Of all fidelities of the model, furthest from the target first; the target is last. */
  readonly runs: Runs
  /** By fidelity, in one unit; those of earlier studies cost nothing, as they are never run. */
  readonly costs: readonly number[]
  /** Places of the fidelities that can be run. */
  readonly offered: readonly number[]
  /** Trials under way at fidelities of the model. */
  readonly pending: { readonly weights: RowMatrix; readonly fidelity: Int32Array }
}

export interface SituationInput {
  compiled: CompiledProblem
  params: AdmireParams
  completed: readonly RunTable[]
  active: readonly ActiveTable[]
  /** Names of those that can be run. */
  offered: readonly string[]
  /** The fidelity that the mixture is for. Default: of those offered or run, the one closest to the target run. */
  target?: string
}

export function assess(input: SituationInput): Situation {
  const { compiled, params, completed, active, offered } = input
  const fidelities = fidelitiesOf(input)
  const place = new Map(fidelities.map((name, m) => [name, m]))
  const underway = active.filter(({ fidelity }) => place.has(fidelity))
  return {
    compiled,
    runs: gatherRuns(
      compiled.space.names.length,
      completed,
      fidelities,
      objectiveScoring(compiled),
    ),
    costs: costsOf(compiled, params, completed, fidelities),
    offered: fidelities.flatMap((name, m) => (offered.includes(name) ? [m] : [])),
    pending: {
      weights: stack(
        underway.map(({ normalised }) => normalised),
        compiled.space.names.length,
      ),
      fidelity: Int32Array.from(
        underway.flatMap(({ fidelity, normalised }) =>
          new Array<number>(normalised.rows).fill(place.get(fidelity) as number),
        ),
      ),
    },
  }
}

/** The situation with only some of its fidelities. */
export function restrictSituation(
  situation: Situation,
  runs: Runs,
  kept: readonly number[],
): Situation {
  const { pending, costs, offered } = situation
  const place = new Map(kept.map((m, k) => [m, k]))
  const rows = [...pending.fidelity.keys()].filter((i) => place.has(pending.fidelity[i]))
  const columns = pending.weights.columns
  return {
    ...situation,
    runs,
    costs: kept.map((m) => costs[m]),
    offered: offered.flatMap((m) => place.get(m) ?? []),
    pending: {
      weights: {
        data: Float64Array.from(
          rows.flatMap((i) => [...pending.weights.data.subarray(i * columns, (i + 1) * columns)]),
        ),
        rows: rows.length,
        columns,
      },
      fidelity: Int32Array.from(rows, (i) => place.get(pending.fidelity[i]) as number),
    },
  }
}

/** Earlier studies' fidelities come first; then the problem's by order; the target last, whatever its order. */
function fidelitiesOf({ compiled, params, completed, offered, target }: SituationInput): string[] {
  const known = compiled.problem.fidelities.toSorted((a, b) => a.order - b.order)
  const names = known.map(({ name }) => name)
  const withRuns = new Set(
    completed.filter(({ normalised }) => normalised.rows > 0).map(({ fidelity }) => fidelity),
  )
  const own = names.filter((name) => offered.includes(name) || withRuns.has(name))
  const earlier = [...withRuns].filter((name) => !names.includes(name)).sort()
  const all = [...earlier, ...own]
  const last = target ?? own.at(-1) ?? names.at(-1) ?? ''
  if (params.form !== 'bo') return [...all.filter((name) => name !== last), last]
  // One fidelity: where runs can be made, or else where they were.
  const possible = names.filter((name) => offered.includes(name))
  const made = names.filter((name) => withRuns.has(name))
  return [possible.at(-1) ?? made.at(-1) ?? last]
}

function costsOf(
  { problem }: CompiledProblem,
  { costs }: AdmireParams,
  completed: readonly RunTable[],
  fidelities: readonly string[],
): number[] {
  const configured = new Map(problem.fidelities.map(({ name, cost }) => [name, cost]))
  const own = fidelities.filter((name) => configured.has(name))
  const measured = new Map(own.map((name) => [name, meanSeconds(completed, name)]))
  const isMeasured = costs === 'measured' && [...measured.values()].every((seconds) => seconds > 0)
  return fidelities.map((name) => (isMeasured ? measured : configured).get(name) ?? 0)
}

/** NaN where no run says how long it took. */
function meanSeconds(completed: readonly RunTable[], name: string): number {
  const seconds = completed
    .filter(({ fidelity }) => fidelity === name)
    .flatMap((table) => [...(table.seconds ?? [])].filter((s) => s > 0))
  return mean(seconds)
}
