import { MixwrightError, problemDocument } from '../errors.js'
import type { Kept, Reported, ReportTarget } from '../store/external-trial-contract.js'
import type { LeaseRecord, MeasurementRecord, StudyRecord, TrialRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { type AttachedTrial, attachTrial, type NewAttachedTrial } from './attached-trials.js'
import { createEarlyStoppingService, type EarlyStoppingService } from './early-stopping.js'
import { latestMeasurement } from './latest-measurement.js'
import {
  alreadyEnded,
  endOf,
  isRefusal,
  noTrial,
  refusedReport,
  tokensBackwards,
} from './report-refusals.js'
import { completeMeasurement, type NewMeasurement } from './reported-metrics.js'
import type { StudyFacts, StudyFactsCache } from './study-facts.js'
import { completeTrial } from './trial-completion.js'
import {
  trialAbandoned,
  trialExpired,
  trialFailed,
  trialMeasured,
  trialResumed,
} from './trial-events.js'

/** By what a client shows that a trial is its own. */
export interface Holding {
  client: string
  /** Id of the lease that came with the trial. */
  lease: string
}

/** What a client is told after a sign of life. */
export interface Directive {
  trial: TrialRecord
  directive: 'continue' | 'stop'
  /** Why it is to stop; null when it is not. */
  reason: string | null
  /** Null when there is nothing left to hold. */
  lease: LeaseRecord | null
  leaseSeconds: number
}

export interface Completion extends Holding {
  /** The last one. Default: what was measured before. */
  measurement?: NewMeasurement
  /** Default `completed`. */
  outcome?: 'completed' | 'stopped' | 'without-metrics'
  /** For people. */
  reason?: string
}

export interface Failure extends Holding {
  detail: string
  /** The client's own word for the kind of failure. */
  code?: string
  /** Whether the trial may be offered again. Default true. */
  retry?: boolean
}

/** A trial as a report left it. */
export interface ReportedTrial {
  trial: TrialRecord
  study: StudyRecord
  measurement: MeasurementRecord | undefined
}

export interface ExternalTrialService {
  /**
   * Takes a mixture of the client's own: to be handed out, to be trained by itself, or with its result.
   * @throws MixwrightError `study-not-found`, `trial-not-found`, `validation-failed`, `mixture-already-tried`, `trials-used-up`
   */
  attach(studyId: string, input: NewAttachedTrial): Promise<AttachedTrial>
  /**
   * A sign of life; renews the lease. Of a trial that has ended meanwhile it is answered with `stop`.
   * @throws MixwrightError `study-not-found`, `trial-not-found`, `not-your-lease`, `lease-lost`
   */
  heartbeat(studyId: string, trialId: string, holding: Holding): Promise<Directive>
  /**
   * Appends a measurement, and asks the study's rule whether the trial should go on. The same one sent again changes nothing.
   * @throws MixwrightError as `heartbeat`, and `validation-failed`, `tokens-backwards`, `trial-already-ended`
   */
  measure(studyId: string, trialId: string, report: Holding & NewMeasurement): Promise<Directive>
  /**
   * Ends a trial. `isReplicate`: another attempt had completed it before, and `trial` is a new one that holds this result.
   * @throws MixwrightError as `measure`, and `trial-already-completed`
   */
  complete(
    studyId: string,
    trialId: string,
    completion: Completion,
  ): Promise<ReportedTrial & { isReplicate: boolean }>
  /** @throws MixwrightError as `heartbeat`, and `trial-already-ended` */
  fail(studyId: string, trialId: string, failure: Failure): Promise<ReportedTrial>
  /**
   * By anyone: the trial is never offered again.
   * @throws MixwrightError `study-not-found`, `trial-not-found`, `trial-already-ended`
   */
  abandon(studyId: string, trialId: string, reason?: string): Promise<ReportedTrial>
  /**
   * Expires all leases that are due, of all studies.
   * @returns what expired, and in how many milliseconds the next lease is due
   */
  expireDue(): Promise<{ expired: TrialRecord[]; nextDueInMs: number | undefined }>
}

export interface ExternalTrialServiceOptions {
  store: Store
  facts: StudyFactsCache
}

export function createExternalTrialService(
  options: ExternalTrialServiceOptions,
): ExternalTrialService {
  const { store, facts: cache } = options
  const { externalTrials } = store
  const stopping = createEarlyStoppingService(store)
  return {
    attach: (studyId, input) => attachTrial(options, studyId, input),

    async heartbeat(studyId, trialId, holding) {
      const { study } = await cache.get(studyId)
      const target = targetOf(studyId, trialId, holding)
      const renewed = await externalTrials.renew(
        target,
        study.trialPolicy.leaseSeconds,
        trialResumed,
      )
      if (renewed.outcome === 'kept') return directiveOf(study, renewed)
      if (renewed.outcome === 'illegal') return ended(study, renewed.trial)
      throw await refusedReport(store, target, renewed)
    },

    async measure(studyId, trialId, { client, lease, ...measurement }) {
      const facts = await cache.get(studyId)
      const target = targetOf(studyId, trialId, { client, lease })
      return measure(store, stopping, facts, target, completeMeasurement(facts, measurement))
    },

    async complete(studyId, trialId, completion) {
      const facts = await cache.get(studyId)
      return completeTrial(store, facts, targetOf(studyId, trialId, completion), completion)
    },

    async fail(studyId, trialId, { detail, code, retry = true, ...holding }) {
      const { study } = await cache.get(studyId)
      const target = targetOf(studyId, trialId, holding)
      const said = code === undefined ? detail : `${code}: ${detail}`
      const problem = { ...problemDocument(new MixwrightError('trial-failed', said)) }
      const maxAttempts = retry ? study.trialPolicy.maxAttempts : 0
      const failed = await externalTrials.fail(target, problem, maxAttempts, trialFailed(said))
      if (isRefusal(failed)) throw await refusedReport(store, target, failed)
      return reported(store, study, failed.trial)
    },

    async abandon(studyId, trialId, reason) {
      const { study } = await cache.get(studyId)
      const why = reason ?? null
      const outcome = await externalTrials.abandon(studyId, trialId, why, trialAbandoned(why))
      if (outcome.outcome === 'no-trial') throw await noTrial(store, studyId, trialId)
      if (outcome.outcome === 'illegal') throw alreadyEnded(outcome.trial)
      return reported(store, study, outcome.trial)
    },

    expireDue: () => externalTrials.expireDue(trialExpired),
  }
}

function targetOf(studyId: string, trialId: string, { client, lease }: Holding): ReportTarget {
  return { studyId, trialId, leaseId: lease, client }
}

function directiveOf(
  { trialPolicy }: StudyRecord,
  { trial, lease }: Pick<Kept, 'trial' | 'lease'>,
  stopNow?: string,
): Directive {
  const isToStop = stopNow !== undefined || trial.stopRequestedAt !== null
  return {
    trial,
    directive: isToStop ? 'stop' : 'continue',
    reason: isToStop ? (stopNow ?? trial.endReason ?? 'It was asked to stop.') : null,
    lease,
    leaseSeconds: trialPolicy.leaseSeconds,
  }
}

function ended({ trialPolicy }: StudyRecord, trial: TrialRecord): Directive {
  const { leaseSeconds } = trialPolicy
  return { trial, directive: 'stop', reason: endOf(trial), lease: null, leaseSeconds }
}

async function measure(
  store: Store,
  stopping: EarlyStoppingService,
  facts: StudyFacts,
  target: ReportTarget,
  reported: Reported,
): Promise<Directive> {
  const { study } = facts
  const { leaseSeconds } = study.trialPolicy
  const event = trialMeasured(facts, reported)
  const measured = await store.externalTrials.measure(
    target,
    reported,
    leaseSeconds,
    event,
    trialResumed,
  )
  if (isRefusal(measured)) throw await refusedReport(store, target, measured)
  const { trial } = measured
  let { tokens } = reported
  if (measured.outcome === 'tokens-backwards') {
    // The answer to one that is sent again may have been lost, or the rule may not have been asked before a crash.
    if (!measured.same) throw tokensBackwards(trial, measured.last)
    tokens = measured.last.tokens
  }
  const stop = trial.stopRequestedAt
    ? undefined
    : await stopping.afterMeasurement(facts, trial, tokens)
  return directiveOf(study, measured, stop)
}

async function reported(
  store: Store,
  study: StudyRecord,
  trial: TrialRecord,
): Promise<ReportedTrial> {
  return { trial, study, measurement: await latestMeasurement(store, trial.id) }
}
