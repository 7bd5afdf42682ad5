import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import { optimizerByName } from '../optimizers/registry.js'
import type { DataFolder } from '../store/data-folder.js'
import type { SearchRecord, StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { modelConfig, parameterCount } from '../training/index.js'
import { choosesFidelities, readFound } from './adaptive-choice.js'
import { newTrials, nextTrials, ringForAll } from './adaptive-searches.js'
import type { EventService } from './events.js'
import { fittableRuns } from './fittable-runs.js'
import type { Limits } from './limits.js'
import type { Compute, Doorbell } from './ports.js'
import { comparisonPlan, type ProxyFidelity, proxyFidelity, refuseTooFew } from './search-checks.js'
import { advanceSearch } from './search-course.js'
import { type PlannedTrial, planSearch } from './search-plan.js'
import { type SearchTerms, searchTerms } from './search-terms.js'
import type { NewComparison, NewSearch } from './searches.js'
import { requireStudy } from './studies.js'

export interface SearchStartOptions {
  store: Store
  compute: Pick<Compute, 'suggest'>
  doorbell: Doorbell
  events: Pick<EventService, 'publish'>
  dataFolder: DataFolder
  /** Trials in training at the same time, each with a checkpoint. */
  trainingThreads: number
  limits: Pick<Limits, 'choiceSeconds'>
}

/** @throws MixwrightError as `SearchService.start` */
export async function startSearch(
  options: SearchStartOptions,
  study: StudyRecord,
  input: NewSearch,
): Promise<SearchRecord> {
  const { store, compute, trainingThreads, limits } = options
  const terms = searchTerms(study, input, trainingThreads)
  await refuseWhileRunning(store, study.id)
  const { parallel } = terms
  const plan =
    parallel === null
      ? await planAll(store, compute, study, terms)
      : await planFirst(store, compute, study, { ...terms, parallel, ...limits })
  const search = await begin(options, study, { id: input.id, purpose: 'search', terms, plan })
  // A method that has nothing to try may have something to fit.
  if (plan.length === 0) await advanceSearch(options, search.id)
  return (await store.searches.get(search.id)) ?? search
}

/** Of a method that chooses by the mixtures alone. */
async function planAll(
  store: Store,
  compute: Pick<Compute, 'suggest'>,
  study: StudyRecord,
  { target: { name: fidelity }, trials: count, seed }: SearchTerms,
): Promise<PlannedTrial[]> {
  const runs = await fittableRuns(store, study.id)
  const tried = runs.trials.filter(({ fidelity: at }) => at === fidelity)
  const plan = await planSearch(compute, study, {
    fidelity,
    count,
    seed,
    tried: tried.map(({ weights }) => weights),
  })
  refuseTooFew(study, fidelity, plan.length, runs)
  return plan
}

/** Of a method that looks at results: as many as are in flight at a time. */
async function planFirst(
  store: Store,
  compute: Pick<Compute, 'suggest'>,
  study: StudyRecord,
  terms: SearchTerms & { parallel: number } & Pick<Limits, 'choiceSeconds'>,
): Promise<PlannedTrial[]> {
  const { target, trials, choiceSeconds: mostSeconds } = terms
  if (optimizerByName(study.method).needsRuns) {
    const fitted = choosesFidelities(study) ? undefined : target.name
    refuseTooFew(study, fitted, trials, await fittableRuns(store, study.id))
  }
  const found = await readFound(store, study)
  if (!found) return []
  return nextTrials(compute, study, { ...terms, fidelity: target.name, mostSeconds }, found, [])
}

const DEFAULT_REPLICATES = 2

/** @throws MixwrightError as `SearchService.compare` */
export async function startComparison(
  options: SearchStartOptions,
  study: StudyRecord,
  { id, mixtures, replicates = DEFAULT_REPLICATES, fidelity, seed = study.seed }: NewComparison,
): Promise<SearchRecord> {
  const target = proxyFidelity(study, fidelity)
  await refuseWhileRunning(options.store, study.id)
  const plan = comparisonPlan(study, mixtures, { fidelity: target.name, replicates, seed })
  const terms: SearchTerms = {
    target,
    places: [target],
    fidelities: null,
    trials: plan.length,
    budget: null,
    parallel: null,
    seed,
  }
  return begin(options, study, { id, purpose: 'comparison', terms, plan })
}

/** Asked first because choosing mixtures takes a while; the store asks again. */
async function refuseWhileRunning(store: Store, studyId: string): Promise<void> {
  const unfinished = await store.searches.unfinished()
  const running = unfinished.find((search) => search.studyId === studyId)
  if (running) throw searchRunning(running.id)
}

function searchRunning(id?: string): MixwrightError {
  const named = id === undefined ? 'A search' : `The search ${id}`
  return new MixwrightError('search-running', `${named} of the study has not ended.`)
}

async function begin(
  options: SearchStartOptions,
  study: StudyRecord,
  asked: Pick<SearchRecord, 'purpose'> & { id?: string; terms: SearchTerms; plan: PlannedTrial[] },
): Promise<SearchRecord> {
  const { store, doorbell, events, dataFolder } = options
  const { id = uuid(), purpose, terms, plan } = asked
  const { target, places, ...stored } = terms
  await dataFolder.requireRoom(await bytesInFlight(options, study, asked))
  const about = { id, studyId: study.id, purpose, fidelity: target.name }
  const trials = newTrials(about, plan)
  // Where all trials are chosen now, the space may have fewer than were asked for.
  const most = terms.parallel === null ? trials.length : terms.trials
  const search = await store.searches.insert({ ...stored, ...about, trials: most }, trials)
  if (!search) {
    await requireStudy(store, study.id)
    throw searchRunning()
  }
  const data = { searchId: id, purpose, fidelity: target.name, trials: most }
  await events.publish(study.id, { type: 'search-started', data })
  // Nobody waits for hundreds of bells; the reconciler finds what was not rung for.
  void ringForAll(doorbell, trials)
  return search
}

/** Of one parameter in a checkpoint: its value and two moments, four bytes each. */
const STATE_BYTES = 12

/** Of the checkpoints of the trials that are trained at the same time, were all of them the largest. */
async function bytesInFlight(
  { store, trainingThreads }: SearchStartOptions,
  { ingestionId }: StudyRecord,
  { terms: { places, parallel, trials }, plan }: { terms: SearchTerms; plan: PlannedTrial[] },
): Promise<number> {
  const ingestion = ingestionId ? await store.corpora.ingestion(ingestionId) : undefined
  const vocabulary = ingestion?.manifest?.tokenizer.vocabularySize
  if (vocabulary === undefined) return 0
  const sizes = places.map(({ proxy }: ProxyFidelity) =>
    proxy ? STATE_BYTES * parameterCount(modelConfig(proxy.model, vocabulary)) : 0,
  )
  const inFlight =
    parallel === null ? Math.min(trainingThreads, plan.length) : Math.min(parallel, trials)
  return inFlight * Math.max(...sizes)
}
