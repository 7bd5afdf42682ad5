import { MixwrightError } from '../errors.js'
import { didYouMean } from '../formats/nearest-name.js'
import type { Fidelity } from '../optimizers/problem.js'
import type { Grant, LeasedTrial } from '../store/external-trial-contract.js'
import type { MeasurementRecord, StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { choosesFidelities } from './adaptive-choice.js'
import { InTurn } from './in-turn.js'
import type { Limits } from './limits.js'
import type { Compute } from './ports.js'
import { requireStudy } from './studies.js'
import type { StudyFacts, StudyFactsCache } from './study-facts.js'
import { type NewTrials, SuggestionBatches } from './suggestion-batches.js'
import { trialExpired, trialResumed, trialSuggested } from './trial-events.js'

export interface SuggestionRequest {
  /** Names who will train the trials: whoever asks again under the name gets its unfinished trials back. */
  client: string
  /** 1 to 100. Default 1. */
  count?: number
  /**
   * A fidelity with the evaluator `external`. Default: for new mixtures the cheapest one, or those that the study's method chooses
   * where it chooses fidelities.
   */
  fidelity?: string
}

/** A trial handed out, with the latest of what was measured of it. */
export interface HandedTrial extends LeasedTrial {
  measurement: MeasurementRecord | undefined
}

export interface Suggestions {
  study: StudyRecord
  /** Those that the client holds already, then those offered again, then new ones. */
  trials: HandedTrial[]
  /** How many of them are new. */
  created: number
  /** There is nothing to hand out, now or later, unless somebody attaches a trial or the study is changed. */
  exhausted: boolean
  /** Nothing could be handed out now; after so many seconds it may be different. Undefined otherwise. */
  retryAfter: number | undefined
}

export interface SuggestionService {
  /**
   * Trials for a client, with leases. Parallel clients get different ones.
   * @throws MixwrightError `study-not-found`, `validation-failed`, `overloaded`
   */
  suggest(studyId: string, request: SuggestionRequest): Promise<Suggestions>
}

export interface SuggestionServiceOptions {
  store: Store
  compute: Pick<Compute, 'suggest'>
  limits: Pick<Limits, 'choiceSeconds'>
  facts: StudyFactsCache
}

/** Clients that found nothing come back after this at the latest. */
const LONGEST_RETRY_SECONDS = 30

const NOTHING_NEW: NewTrials = { trials: [], awaitsResults: false }

export function createSuggestionService(options: SuggestionServiceOptions): SuggestionService {
  const { store, compute, limits, facts: cache } = options
  const batches = new SuggestionBatches({ store, compute, limits })
  const inTurn = new InTurn()
  return {
    async suggest(studyId, request) {
      const facts = await cache.get(studyId)
      const fidelities = fidelitiesOfNew(facts.study, request.fidelity)
      // One after the other: the second of two at a time would not see what the first is about to get.
      return inTurn.run(`${studyId} ${request.client}`, () =>
        handOut(options, batches, facts, { ...request, fidelitiesOfNew: fidelities }),
      )
    },
  }
}

/**
 * The fidelity asked for, or the cheapest that others run.
 * @throws MixwrightError `validation-failed`
 */
export function externalFidelity({ problem }: StudyRecord, asked?: string): Fidelity {
  const externals = problem.fidelities.filter(({ evaluator }) => evaluator === 'external')
  const [cheapest] = externals.toSorted((a, b) => a.cost - b.cost)
  const found = asked === undefined ? cheapest : externals.find(({ name }) => name === asked)
  if (found) return found
  const names = externals.map(({ name }) => name)
  const detail =
    names.length === 0
      ? 'The study has no fidelity with the evaluator `external`; only there do others run trials.'
      : `"${asked}" is not among the fidelities with the evaluator \`external\`: ${names.join(', ')}` +
        (didYouMean(asked ?? '', names) || '.')
  throw new MixwrightError('validation-failed', 'No trials can be handed out there.', [
    { pointer: '/fidelity', detail },
  ])
}

/** Names of the fidelities that new mixtures may be for. @throws MixwrightError `validation-failed` */
function fidelitiesOfNew(study: StudyRecord, asked?: string): string[] {
  const { name } = externalFidelity(study, asked)
  if (asked !== undefined || !choosesFidelities(study)) return [name]
  return study.problem.fidelities
    .filter(({ evaluator }) => evaluator === 'external')
    .map((fidelity) => fidelity.name)
}

async function handOut(
  options: SuggestionServiceOptions,
  batches: SuggestionBatches,
  facts: StudyFacts,
  request: SuggestionRequest & { fidelitiesOfNew: string[] },
): Promise<Suggestions> {
  const { store } = options
  const { study } = facts
  const { client, count = 1, fidelity, fidelitiesOfNew: fidelities } = request
  const grant = grantFor(study, client)
  const old = await oldTrials(store, study, fidelity, grant, count)
  const missing = count - old.length
  const holds = { count: old.length, fidelity }
  const asked = { facts, fidelities, grant, holds, count: missing }
  const answer = missing > 0 ? await batches.request(asked) : NOTHING_NEW
  // Under the same name another process was asked, and has given: that is what the client has.
  if (answer === 'held') return handOut(options, batches, facts, request)
  const { trials: created, awaitsResults } = answer
  if (old.length + created.length === 0) {
    // The timer may not have seen yet that a lease is due.
    const { expired } = await store.externalTrials.expireDue(trialExpired, study.id)
    if (expired.length > 0) old.push(...(await oldTrials(store, study, fidelity, grant, count)))
  }
  const isEmpty = old.length + created.length === 0
  const wait = isEmpty ? await retryAfter(store, study, fidelity, awaitsResults) : undefined
  return {
    study,
    trials: [
      ...(await withMeasurements(store, old)),
      ...created.map((given) => ({ ...given, measurement: undefined })),
    ],
    created: created.length,
    exhausted: isEmpty && wait === undefined,
    retryAfter: wait,
  }
}

/** Those that the client holds, and then those that can be offered again. */
async function oldTrials(
  { externalTrials }: Store,
  { id, trialPolicy }: StudyRecord,
  fidelity: string | undefined,
  grant: Grant,
  limit: number,
): Promise<LeasedTrial[]> {
  const options = { limit, maxAttempts: trialPolicy.maxAttempts }
  const found = await externalTrials.handOut(
    id,
    fidelity,
    grant,
    options,
    trialSuggested,
    trialResumed,
  )
  return [...found.held, ...found.offered]
}

/** @param client who gets the trials */
export function grantFor({ trialPolicy }: StudyRecord, client: string): Grant {
  return { client, seconds: trialPolicy.leaseSeconds }
}

async function withMeasurements(
  { trials }: Store,
  given: readonly LeasedTrial[],
): Promise<HandedTrial[]> {
  const latest = await trials.latestMeasurements(given.map(({ trial }) => trial.id))
  return given.map((leased) => ({ ...leased, measurement: latest.get(leased.trial.id) }))
}

/**
 * A trial in the hands of another client may fail or expire, and is then offered again. One that can be offered was not a moment
 * ago: somebody was just telling about it.
 * @param awaitsResults what is being tried, or was a moment ago, may make the method suggest more
 */
async function retryAfter(
  store: Store,
  { id }: StudyRecord,
  fidelity: string | undefined,
  awaitsResults: boolean,
): Promise<number | undefined> {
  const { trialPolicy } = await requireStudy(store, id)
  const { states, offerable } = await store.externalTrials.counts(id, fidelity)
  if (states.running + offerable === 0 && !awaitsResults) return undefined
  return Math.ceil(Math.min(trialPolicy.leaseSeconds, LONGEST_RETRY_SECONDS))
}
