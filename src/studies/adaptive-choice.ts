import { MixwrightError } from '../errors.js'
import { fromMixture } from '../optimizers/mixture/index.js'
import type { CompleteProblem } from '../optimizers/problem.js'
import { optimizerByName } from '../optimizers/registry.js'
import { rowMatrixFrom } from '../optimizers/row-matrix.js'
import type { CompiledProblem } from '../optimizers/types.js'
import type { StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { TriedStudy, TriedTrial } from '../store/trial-contract.js'
import type {
  ChosenMixture,
  Compute,
  LearnedRuns,
  MixtureRows,
  RunPages,
  SuggestTask,
} from './ports.js'
import { previousSources } from './previous-studies.js'
import { readSource, sourcesByFidelity } from './run-sources.js'
import type { PlacedMixture } from './search-plan.js'

/** How methods choose that look at what was found: with all runs of the study, and knowing what is being tried. */

export const isAdaptive = ({ method }: Pick<StudyRecord, 'method'>): boolean =>
  optimizerByName(method).capabilities.adaptive

/** Whether the method decides at which fidelity to try a mixture, where it is given several. */
export function choosesFidelities({ method }: Pick<StudyRecord, 'method'>): boolean {
  const { adaptive, fidelities } = optimizerByName(method).capabilities
  return adaptive && fidelities
}

/** A study as a method sees it that looks at results. */
export interface FoundSoFar {
  tried: TriedStudy
  active: MixtureRows[]
  learned: Pick<LearnedRuns, 'completed' | 'avoid'>
}

/**
 * Undefined when there is no such study.
 * @param searchId a search that goes on: mixtures that were cancelled in it are not tried in it again
 * @throws MixwrightError `study-not-found` when an earlier study that the method is to learn from was deleted
 */
export async function readFound(
  store: Store,
  study: StudyRecord,
  searchId?: string,
): Promise<FoundSoFar | undefined> {
  const { problem } = study
  const tried = await store.trials.tried(study.id)
  if (!tried) return undefined
  const { imports, trials } = tried
  const isOver = ({ state, isOpen, searchId: own }: TriedTrial) =>
    !isOpen && state !== 'completed' && (state !== 'cancelled' || own === searchId)
  const completed = trials.filter(({ state }) => state === 'completed')
  const previous = await previousSources(store, problem, study)
  const sources = [...sourcesByFidelity(problem, imports, completed), ...previous]
  const tables: RunPages[] = []
  for (const source of sources) tables.push(await readSource(store, source))
  return {
    tried,
    active: mixtureRows(
      problem,
      trials.filter(({ isOpen }) => isOpen),
    ),
    learned: { completed: tables, avoid: mixtureRows(problem, trials.filter(isOver)) },
  }
}

/** One entry for each fidelity that has some. */
function mixtureRows(
  { fidelities, domains }: CompleteProblem,
  trials: TriedTrial[],
): MixtureRows[] {
  return fidelities.flatMap(({ name: fidelity }) => {
    const rows = trials
      .filter((trial) => trial.fidelity === fidelity)
      .map(({ weights }) => weights!)
    if (rows.length === 0) return []
    return [{ fidelity, weights: rowMatrixFrom(rows, domains.length).data }]
  })
}

interface AskedChoice extends Pick<SuggestTask, 'fidelities' | 'count' | 'seed'> {
  /** Of a choice that somebody waits for: it ends early with fewer mixtures. Default: any number. */
  mostSeconds?: number
}

/** Of the time there is, after which no further mixture is begun: one can take as long as the fit and those before it. */
const ENOUGH = 0.5

/**
 * The baselines, where they were not tried at the cheapest of the fidelities, and then what the method chooses. None when it has
 * stopped, or waits for results.
 * @throws MixwrightError `overloaded` when there is no mixture within `mostSeconds`
 */
export async function chooseMixtures(
  compute: Pick<Compute, 'suggest'>,
  { problem, problemHash, method, params }: StudyRecord,
  { space }: Pick<CompiledProblem, 'space'>,
  { active, learned: found }: FoundSoFar,
  { mostSeconds, ...asked }: AskedChoice,
): Promise<PlacedMixture[]> {
  const learned = { ...found, baselinesAt: cheapest(problem, asked.fidelities) }
  const task = { problem, problemHash, method, params, ...asked, active, learned }
  const chosen = await suggestInTime(compute, task, mostSeconds)
  return chosen.map(({ label, reason, fidelity, weights }) => ({
    label,
    reason,
    fidelity,
    weights: [...fromMixture(space, weights)],
  }))
}

async function suggestInTime(
  compute: Pick<Compute, 'suggest'>,
  task: SuggestTask,
  mostSeconds?: number,
): Promise<ChosenMixture[]> {
  if (mostSeconds === undefined) return compute.suggest(task)
  const signal = AbortSignal.timeout(1000 * mostSeconds)
  const until = Date.now() + 1000 * ENOUGH * mostSeconds
  try {
    return await compute.suggest({ ...task, until }, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
    throw new MixwrightError(
      'overloaded',
      `${task.method} did not choose a mixture within ${mostSeconds} s and was stopped. Ask again when less is at work; if it stays, ` +
        'give the study parameters with which the method computes less, or another method.',
    )
  }
}

function cheapest({ fidelities }: CompleteProblem, names: readonly string[]): string {
  const offered = fidelities.filter(({ name }) => names.includes(name))
  return offered.toSorted((a, b) => a.cost - b.cost)[0].name
}
