import { type RowMatrix, selectRows, stackRows } from '../../row-matrix.js'
import { mean } from '../../surrogates/statistics.js'
import type { ActiveTable, CompiledProblem, RunTable } from '../../types.js'
import type { AdmireParams } from './params.js'
import { gatherRuns, objectiveScoring, type Runs } from './runs.js'

/** Mixtures (k × m), each at a fidelity of the model. */
export interface Placed {
  readonly weights: RowMatrix
  readonly fidelity: Int32Array
}

/** What a search has come to, with the fidelities that the model is about. */
export interface Situation {
  readonly compiled: CompiledProblem
  /** Of all fidelities of the model, furthest from the target first; the target is last. */
  readonly runs: Runs
  /** By fidelity, in one unit; those of earlier studies cost nothing, as they are never run. */
  readonly costs: readonly number[]
  /** Places of the fidelities that can be run and are worth it. */
  readonly offered: readonly number[]
  /** Places of those that can be run and cost no less than the target, which tells more. */
  readonly dear: readonly number[]
  /** Trials under way at fidelities of the model. */
  readonly pending: Placed
  /** Runs that have no score and will get none: trials that failed or were given up, and those that lack a metric. */
  readonly unscored: Placed
}

export interface SituationInput {
  compiled: CompiledProblem
  params: AdmireParams
  completed: readonly RunTable[]
  active: readonly ActiveTable[]
  /** Tried without a result. */
  avoid?: readonly ActiveTable[]
  /** Names of those that can be run. */
  offered: readonly string[]
  /** The fidelity that the mixture is for. Default: of those offered or run, the one closest to the target run. */
  target?: string
}

export function assess(input: SituationInput): Situation {
  const { compiled, params, completed, active, avoid = [], offered } = input
  const fidelities = fidelitiesOf(input)
  const place = new Map(fidelities.map((name, m) => [name, m]))
  const placed = (tables: readonly ActiveTable[]) =>
    placeAll(tables, place, compiled.space.names.length)
  const { costs, isAwaited } = costsOf(compiled, params, completed, fidelities)
  const places = fidelities.flatMap((name, m) => (offered.includes(name) ? [m] : []))
  // What was never run was never measured.
  const dear = isAwaited ? [] : dearOnes(places, costs)
  return {
    compiled,
    runs: gatherRuns(
      compiled.space.names.length,
      completed,
      fidelities,
      objectiveScoring(compiled),
    ),
    costs,
    offered: places.filter((m) => !dear.includes(m)),
    dear,
    pending: placed(active),
    unscored: placed([...avoid, ...withoutScore(compiled, completed)]),
  }
}

function dearOnes(offered: readonly number[], costs: readonly number[]): number[] {
  const target = costs.length - 1
  if (!offered.includes(target)) return []
  return offered.filter((m) => m !== target && costs[m] >= costs[target])
}

/** Those of the model's fidelities, in their order: it must not matter in how many tables they come. */
function placeAll(
  tables: readonly ActiveTable[],
  place: ReadonlyMap<string, number>,
  domains: number,
): Placed {
  const placeOf = ({ fidelity }: ActiveTable) => place.get(fidelity) ?? -1
  const own = tables
    .filter((table) => placeOf(table) >= 0)
    .toSorted((a, b) => placeOf(a) - placeOf(b))
  return {
    weights: stackRows(
      own.map(({ normalised }) => normalised),
      domains,
    ),
    fidelity: Int32Array.from(
      own.flatMap((table) => new Array<number>(table.normalised.rows).fill(placeOf(table))),
    ),
  }
}

/** The rows that the model cannot learn from. */
function withoutScore(compiled: CompiledProblem, completed: readonly RunTable[]): ActiveTable[] {
  const scoring = objectiveScoring(compiled)
  return completed.map((table) => {
    const { values } = scoring(table)
    const rows = [...values.keys()].filter((i) => !Number.isFinite(values[i]))
    return { fidelity: table.fidelity, normalised: selectRows(table.normalised, rows) }
  })
}

/** The situation with only some of its fidelities. */
export function restrictSituation(
  situation: Situation,
  runs: Runs,
  kept: readonly number[],
): Situation {
  const { pending, unscored, costs, offered, dear } = situation
  const place = new Map(kept.map((m, k) => [m, k]))
  return {
    ...situation,
    runs,
    costs: kept.map((m) => costs[m]),
    offered: offered.flatMap((m) => place.get(m) ?? []),
    dear: dear.flatMap((m) => place.get(m) ?? []),
    pending: restrictPlaced(pending, place),
    unscored: restrictPlaced(unscored, place),
  }
}

function restrictPlaced({ weights, fidelity }: Placed, place: ReadonlyMap<number, number>): Placed {
  const rows = [...fidelity.keys()].filter((i) => place.has(fidelity[i]))
  return {
    weights: selectRows(weights, rows),
    fidelity: Int32Array.from(rows, (i) => place.get(fidelity[i]) as number),
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
  // One fidelity: where runs can be made; of those that are made, the one that the mixture is for, or else the closest to it.
  const made = names.filter((name) => withRuns.has(name))
  if (target !== undefined) return [withRuns.has(target) ? target : (made.at(-1) ?? target)]
  return [names.findLast((name) => offered.includes(name)) ?? made.at(-1) ?? last]
}

/** `isAwaited`: they are to be measured, and not all have been. */
function costsOf(
  { problem }: CompiledProblem,
  { costs }: AdmireParams,
  completed: readonly RunTable[],
  fidelities: readonly string[],
): { costs: number[]; isAwaited: boolean } {
  const configured = new Map(problem.fidelities.map(({ name, cost }) => [name, cost]))
  const own = fidelities.filter((name) => configured.has(name))
  const measured = new Map(own.map((name) => [name, meanSeconds(completed, name)]))
  const isComplete = [...measured.values()].every((seconds) => seconds > 0)
  const known = costs === 'measured' && isComplete ? measured : configured
  return {
    costs: fidelities.map((name) => known.get(name) ?? 0),
    isAwaited: costs === 'measured' && !isComplete,
  }
}

/** NaN where no run says how long it took. */
function meanSeconds(completed: readonly RunTable[], name: string): number {
  const seconds = completed
    .filter(({ fidelity }) => fidelity === name)
    .flatMap((table) => [...(table.seconds ?? [])].filter((s) => s > 0))
  return mean(seconds)
}
