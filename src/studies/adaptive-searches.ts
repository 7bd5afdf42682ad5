import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import type { SearchRecord, StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { NewTrial, TriedTrial } from '../store/trial-contract.js'
import { chooseMixtures, type FoundSoFar, readFound } from './adaptive-choice.js'
import type { Compute, Doorbell } from './ports.js'
import { compileStored } from './problem.js'
import { type PlannedTrial, withSeeds } from './search-plan.js'
import { affordablePlaces, totalCost, withinBudget } from './search-terms.js'

/** Searches of methods that look at results: no process holds one, whoever ends a trial asks for the next. */

type Terms = Pick<SearchRecord, 'fidelity' | 'fidelities' | 'trials' | 'budget' | 'seed'> & {
  parallel: number
  /** Of a choice that somebody waits for. Default: any number. */
  mostSeconds?: number
}

/**
 * The trials that a search has room for now; none when the method has stopped or waits for results.
 * @param made those that the search has
 */
export async function nextTrials(
  compute: Pick<Compute, 'suggest'>,
  study: StudyRecord,
  terms: Terms,
  found: FoundSoFar,
  made: readonly TriedTrial[],
): Promise<PlannedTrial[]> {
  const { problem } = study
  const { fidelity, fidelities: choices, trials, budget, parallel, seed, mostSeconds } = terms
  const open = made.filter(({ isOpen }) => isOpen).length
  const count = Math.min(parallel - open, trials - made.length)
  const purse = { budget: budget ?? Number.POSITIVE_INFINITY, spent: totalCost(problem, made) }
  const fidelities = affordablePlaces(problem, choices ?? [fidelity], purse)
  if (count <= 0 || fidelities.length === 0) return []
  const asked = { fidelities, count, seed, mostSeconds }
  const chosen = await chooseMixtures(compute, study, compileStored(problem), found, asked)
  return withSeeds(withinBudget(problem, chosen, purse), seed, made.length)
}

export function newTrials(
  { id: searchId, studyId }: Pick<SearchRecord, 'id' | 'studyId'>,
  plan: readonly PlannedTrial[],
  first = 0,
): NewTrial[] {
  return plan.map((planned, i) => ({
    ...planned,
    id: uuid(),
    studyId,
    searchId,
    position: first + i,
    jobId: uuid(),
  }))
}

export async function ringForAll(
  doorbell: Doorbell,
  trials: readonly Pick<NewTrial, 'jobId'>[],
): Promise<void> {
  for (const { jobId } of trials) await doorbell.ring('trial', jobId)
}

export interface ExtensionOptions {
  store: Store
  compute: Pick<Compute, 'suggest'>
  doorbell: Doorbell
}

/**
 * Gives a running search the trials that it has room for.
 * @returns whether it goes on by itself: trials of it wait or run, or it has ended meanwhile
 * @throws MixwrightError when none do and none could be chosen: `search-failed`, `study-not-found`; `overloaded`, `unavailable`. With
 *   trials under way the next ones are asked for again when one of them has ended
 */
export async function extendSearch(
  options: ExtensionOptions,
  search: SearchRecord & { parallel: number },
): Promise<boolean> {
  const { store, doorbell } = options
  for (;;) {
    const { total, open } = await countsOf(store, search)
    if (open >= search.parallel || (open > 0 && total >= search.trials)) return true
    const next = await planNext(options, search).catch(async (error) => {
      if (isOfTheMethod(error) && (await countsOf(store, search)).open > 0) return undefined
      throw error
    })
    if (!next) return true
    const { plan, made } = next
    if (plan.length === 0) return made.some(({ isOpen }) => isOpen)
    const trials = newTrials(search, plan, made.length)
    if (await store.searches.extend(search.id, made.length, trials)) {
      await ringForAll(doorbell, trials)
      return true
    }
    if ((await store.searches.get(search.id))?.state !== 'running') return true
  }
}

/** Undefined when the study is gone. */
async function planNext(
  { store, compute }: ExtensionOptions,
  search: SearchRecord & { parallel: number },
): Promise<{ plan: PlannedTrial[]; made: TriedTrial[] } | undefined> {
  const study = await store.studies.get(search.studyId)
  const found = study && (await readFound(store, study, search.id))
  if (!found) return undefined
  const made = found.tried.trials.filter(({ searchId }) => searchId === search.id)
  const plan = await nextTrials(compute, study, search, found, made).catch((error: Error) => {
    if (isOfTheProcess(error)) throw error
    const detail = `${study.method} could not choose a trial: ${error.message}`
    throw new MixwrightError('search-failed', detail)
  })
  return { plan, made }
}

async function countsOf({ searches }: Pick<Store, 'searches'>, { id }: SearchRecord) {
  const counts = await searches.counts(id)
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return { total, open: counts.waiting + counts.running }
}

/** No thread to be had, and nothing that the method or the study has to do with. */
function isOfTheProcess(error: unknown): boolean {
  return error instanceof MixwrightError && error.status === 503
}

function isOfTheMethod(error: unknown): boolean {
  return error instanceof MixwrightError && !isOfTheProcess(error)
}
