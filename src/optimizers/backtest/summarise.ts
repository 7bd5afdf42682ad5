import { measuredObjective } from '../objective.js'
import { mean } from '../surrogates/statistics.js'
import { estimate, medianOrNever, shareKnown } from './estimates.js'
import { isWithin } from './limits.js'
import { runsAt } from './table.js'
import type {
  BacktestEntry,
  BacktestReport,
  BacktestTable,
  BudgetSummary,
  EntrySummary,
  Replay,
  ReplayEnd,
} from './types.js'

/** What the replays are judged by. */
interface Truth {
  readonly target: string
  /** The objective of every row of the target's table, lower is better; NaN where it is not known. */
  readonly scores: Float64Array
  readonly best: number
  readonly tolerance: number
}

/**
 * Judges replays by the true objective at the target (lower is better; where it is scaled, by the target's table), entry by entry:
 * the four numbers after each budget, and when the optimum was found. A replay counts with what it had reached after the last run
 * within the budget, also when it had ended by then.
 * @param replays in any order; of every entry one a seed
 * @param options budgets ≥ 0, in the unit of the fidelities' costs; tolerance ≥ 0, in the unit of the objective
 * @throws RangeError when the target has no table or no candidates, or a replay is of no entry
 */
export function summarise(
  table: BacktestTable,
  entries: readonly BacktestEntry[],
  replays: readonly Replay[],
  options: { budgets: readonly number[]; tolerance: number },
): BacktestReport {
  const scores = measuredObjective(table.compiled.problem, runsAt(table, table.target))
  const finite = scores.filter(Number.isFinite)
  if (finite.length === 0) throw new RangeError(`no run at "${table.target}" has the objective`)
  const labels = new Set(entries.map(({ label }) => label))
  const stray = replays.find(({ label }) => !labels.has(label))
  if (stray) throw new RangeError(`there is a replay of "${stray.label}", which is no entry`)
  const { budgets, tolerance } = options
  const truth = {
    target: table.target,
    scores,
    best: finite.reduce((a, b) => Math.min(a, b)),
    tolerance,
  }
  const inOrder = replays.toSorted((a, b) => a.seed - b.seed)
  return {
    target: table.target,
    candidates: finite.length,
    best: truth.best,
    mean: mean(finite),
    tolerance,
    seeds: [...new Set(inOrder.map(({ seed }) => seed))],
    entries: entries.map((entry) => {
      const own = inOrder.filter(({ label }) => label === entry.label)
      return summariseEntry(table, entry, own, budgets, truth)
    }),
  }
}

function summariseEntry(
  { tables }: BacktestTable,
  { label, method }: BacktestEntry,
  replays: readonly Replay[],
  budgets: readonly number[],
  truth: Truth,
): EntrySummary {
  const paid = replays.map((replay) => firstOptimum(replay, truth))
  const within = replays.map((replay) => costToStay(replay, truth))
  return {
    label,
    method: method.name,
    budgets: budgets.map((budget) => summariseBudget(replays, budget, truth)),
    runs: Object.fromEntries(
      tables.map(({ fidelity }) => [fidelity, meanRuns(replays, fidelity)] as const),
    ),
    ends: countEnds(replays),
    optimumPaid: {
      share: shareKnown(paid),
      medianTargetRuns: medianOrNever(paid.map((found) => found?.targetRuns ?? null)),
      medianCost: medianOrNever(paid.map((found) => found?.cost ?? null)),
    },
    withinTolerance: { share: shareKnown(within), medianCost: medianOrNever(within) },
  }
}

function summariseBudget(replays: readonly Replay[], budget: number, truth: Truth): BudgetSummary {
  const standings = replays.map((replay) => standingAt(replay, budget, truth))
  return {
    cost: budget,
    runningBest: estimate(standings.map(({ runningBest }) => runningBest)),
    pick: estimate(standings.map(({ pick }) => pick)),
    paid: estimate(standings.map(({ paid }) => paid)),
    regret: estimate(standings.map(({ pick }) => (pick === null ? null : pick - truth.best))),
  }
}

interface Standing {
  runningBest: number | null
  pick: number | null
  paid: number | null
}

function standingAt({ first, steps }: Replay, budget: number, truth: Truth): Standing {
  const { scores, target } = truth
  const done = steps.filter(({ cost }) => isWithin(cost, budget))
  const picks = picksOf({ first, steps: done })
  const scored = picks.filter((pick) => pick !== null).map((pick) => scores[pick])
  const current = picks[picks.length - 1]
  const paid = done.filter(({ fidelity }) => fidelity === target).map(({ row }) => scores[row])
  return {
    runningBest: lowest(scored),
    pick: current === null ? null : scores[current],
    paid: lowest(paid),
  }
}

/** The pick before any run, and after each. */
function picksOf({ first, steps }: Pick<Replay, 'first' | 'steps'>): (number | null)[] {
  return [first, ...steps.map(({ pick }) => pick)]
}

function lowest(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => Math.min(a, b))
}

/** Where the optimum was run at the target for the first time; any of them, where several rows share it. */
function firstOptimum(
  { steps }: Replay,
  { scores, best, target }: Truth,
): { targetRuns: number; cost: number } | null {
  let targetRuns = 0
  for (const { fidelity, row, cost } of steps) {
    if (fidelity !== target) continue
    targetRuns += 1
    if (scores[row] === best) return { targetRuns, cost }
  }
  return null
}

/** The cost from which on the pick stays within the tolerance to the end; null when it ends outside. */
function costToStay(replay: Replay, { scores, best, tolerance }: Truth): number | null {
  const picks = picksOf(replay)
  const good = picks.map((pick) => pick !== null && isWithin(scores[pick] - best, tolerance))
  const from = good.lastIndexOf(false) + 1
  if (from === picks.length) return null
  return from === 0 ? 0 : replay.steps[from - 1].cost
}

function countEnds(replays: readonly Replay[]): Record<ReplayEnd, number> {
  const ends = { budget: 0, runs: 0, 'nothing-left': 0, stopped: 0 }
  for (const { end } of replays) ends[end] += 1
  return ends
}

function meanRuns(replays: readonly Replay[], fidelity: string): number {
  if (replays.length === 0) return 0
  const runs = replays.flatMap(({ steps }) => steps.filter((step) => step.fidelity === fidelity))
  return runs.length / replays.length
}
