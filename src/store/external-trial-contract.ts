import type {
  AttemptRecord,
  LeaseRecord,
  MeasurementRecord,
  TrialRecord,
  TrialState,
} from './records.js'
import type { NewEvent } from './trial-contract.js'

/** A trial in the hands of a client. */
export interface LeasedTrial {
  trial: TrialRecord
  attempt: AttemptRecord
  lease: LeaseRecord
}

/** Who is given trials, and for how many seconds, by the clock of the database, that is believed without a sign of life. */
export interface Grant {
  client: string
  seconds: number
}

/** What a client had in hands when it asked for new trials: at a fidelity, or at any. */
export interface Holdings {
  count: number
  fidelity: string | undefined
}

export interface NewExternalTrial {
  id: string
  fidelity: string
  label: string
  reason: string
  /** In the study's domain order; they sum to 1. */
  weights: number[]
  seed: number
  replicateOf: string | null
}

/**
 * The event that tells of a change. Of the trial it is given what is known before the change is written, so that both travel
 * to the database together. `lateResultOf`: the completed trial whose second result the trial holds, when it is made for that.
 */
export type TrialEvent = (trial: {
  id: string
  state: TrialState
  lateResultOf: string | null
}) => NewEvent

/** The event that tells that a trial is handed out. */
export type HandOutEvent = (given: {
  trial: Pick<TrialRecord, 'id' | 'fidelity' | 'label' | 'replicateOf'>
  attempt: Pick<AttemptRecord, 'id' | 'number'>
  lease: Pick<LeaseRecord, 'id' | 'holder'>
}) => NewEvent

/** When a new mixture was chosen. */
export interface TriedVersion {
  /** How many external trials the study had. */
  externalTrials: number
  /** Raised by whatever adds to what was tried, or takes away from it. */
  triedVersion: number
}

/** What choosing a new mixture depends on. */
export interface TriedSnapshot extends TriedVersion {
  /**
   * Every mixture at the fidelity that was tried, is being tried or waits for it, by anyone (proxies and imported runs
   * included; not what was cancelled), in the study's domain order.
   */
  tried: number[][]
}

/** Metrics at a number of tokens, as a client reports them. */
export type Reported = Pick<
  MeasurementRecord,
  'tokens' | 'values' | 'standardErrors' | 'details'
> & {
  /** The study's objective at it, lower is better; null when a metric of it is missing. */
  objective: number | null
}

export type InsertOutcome =
  | { outcome: 'inserted'; trials: LeasedTrial[] }
  /** These clients have been given trials since they asked. */
  | { outcome: 'held'; clients: string[] }
  /** The study may not have so many. */
  | { outcome: 'full'; maxTrials: number }
  /** Something else was tried meanwhile, or the study is gone. */
  | { outcome: 'stale' }

/** Why a report was not taken. In the order in which they are looked for. */
export type ReportRefusal =
  /** There is no such trial in the study, or others do not run it. */
  | { outcome: 'no-trial' }
  /** The lease is not one of this trial, or was given to another client. */
  | { outcome: 'not-your-lease' }
  /** The trial was given to another client after this lease had expired; it has that one's attempt number. */
  | { outcome: 'lease-lost'; trial: TrialRecord }
  /** The state machine does not allow it. */
  | { outcome: 'illegal'; trial: TrialRecord }

export type Kept = {
  outcome: 'kept'
  trial: TrialRecord
  attempt: AttemptRecord
  lease: LeaseRecord
}

export type RenewOutcome = Kept | ReportRefusal

export type MeasureOutcome =
  | Kept
  /**
   * The attempt has a measurement at or beyond these tokens; `last` is the furthest. `same` when one is equal to what was
   * sent, as in a request sent twice, which renews the lease.
   */
  | {
      outcome: 'tokens-backwards'
      trial: TrialRecord
      last: MeasurementRecord
      same: boolean
      lease: LeaseRecord
    }
  | ReportRefusal

export type CompleteOutcome =
  | { outcome: 'completed'; trial: TrialRecord; last?: MeasurementRecord }
  /** Another attempt had completed the trial before: the result is kept in a trial of its own. */
  | { outcome: 'replicate'; trial: TrialRecord; last?: MeasurementRecord }
  /** This attempt has told the same before: nothing was written. */
  | { outcome: 'repeated'; trial: TrialRecord; last?: MeasurementRecord }
  /** This attempt has told another result before. */
  | { outcome: 'conflict'; trial: TrialRecord; last: MeasurementRecord | undefined }
  /** As of measurements: the attempt was measured beyond these tokens. */
  | { outcome: 'tokens-backwards'; trial: TrialRecord; last: MeasurementRecord; same: false }
  /** A trial cannot be stopped early, or completed, on the strength of no measurement at all. */
  | { outcome: 'unmeasured'; trial: TrialRecord }
  | ReportRefusal

/** A client's report: which trial, and by which lease it is the client's. */
export interface ReportTarget {
  studyId: string
  trialId: string
  leaseId: string
  client: string
}

/** What a rule that stops trials early compares with. */
export interface RivalQuery {
  /**
   * `mean`: of the objectives up to `tokens`, of trials measured at least as far. `first`: the first objective at `tokens` or
   * beyond.
   */
  of: 'mean' | 'first'
  tokens: number
}

/**
 * Trials that others run: handed out under leases, told about at any time and in any order. Every change is one transaction
 * under a lock on the trial, together with its event, to whose data the trial's `position` is added; what the state machine
 * (trial-states.ts) does not allow changes nothing.
 */
export interface ExternalTrialRepository {
  /**
   * What a client that asks for trials is given without a new mixture, up to the limit: first those that it holds a lease on
   * and has not ended, oldest first, whose leases are renewed; then those that expired in its hands (with a new attempt while one
   * is left, otherwise by the same lease); then what else may be offered (waiting; failed or expired with an attempt left; in
   * this order, oldest first within it) with a new attempt and lease each. Two clients at a time are offered different ones. One
   * round trip, shared with other clients of the study, when there is nothing for this one.
   * @param resumed tells that an expired lease came back; such trials are among the held ones
   */
  handOut(
    studyId: string,
    fidelity: string | undefined,
    grant: Grant,
    options: { limit: number; maxAttempts: number },
    event: HandOutEvent,
    resumed: TrialEvent,
  ): Promise<{ held: LeasedTrial[]; offered: LeasedTrial[] }>
  /** Undefined when there is no such study. */
  snapshot(studyId: string, fidelity: string): Promise<TriedSnapshot | undefined>
  /**
   * Writes new trials, `running` with an attempt and a lease each, if nothing else was tried since `version`; positions go on
   * from its number of trials. All of them or none: not when a client that says what it `holds` has more by now, which is so when
   * it has asked two processes, and not beyond the study's `maxTrials`.
   */
  insertSuggested(
    studyId: string,
    version: TriedVersion,
    trials: readonly (NewExternalTrial & { grant: Grant; holds?: Holdings })[],
    event: HandOutEvent,
  ): Promise<InsertOutcome>
  /**
   * Writes a trial that a client has chosen itself: `completed` when there is a result; otherwise `running` under a lease when
   * there is a grant; otherwise `waiting`. `exists` when its id is there already (a request sent twice); `duplicate` when the
   * study has the mixture (within 1e-6 per weight) at the fidelity among its external trials and the new one is no replicate;
   * `full` when it has `maxTrials`, or as many as its policy allows by now.
   * @param options.client who tells the result
   */
  attach(
    studyId: string,
    trial: NewExternalTrial,
    options: { grant?: Grant; result?: Reported; client: string; maxTrials: number | null },
    event: TrialEvent,
  ): Promise<
    | {
        outcome: 'attached' | 'exists'
        trial: TrialRecord
        attempt?: AttemptRecord
        lease?: LeaseRecord
      }
    | { outcome: 'duplicate'; trial: TrialRecord }
    | { outcome: 'full' | 'no-study' }
  >
  /**
   * A sign of life. Brings back the lease of an expired trial that nobody else was given, of which `resumed` tells.
   * @param seconds that the lease lasts from now
   */
  renew(target: ReportTarget, seconds: number, resumed: TrialEvent): Promise<RenewOutcome>
  /** Appends a measurement, and renews the lease. Tokens must exceed those measured before in the attempt. */
  measure(
    target: ReportTarget,
    measurement: Reported,
    seconds: number,
    event: TrialEvent,
    resumed: TrialEvent,
  ): Promise<MeasureOutcome>
  /**
   * Ends the trial with this attempt: `completed` (a measurement is given, or the attempt has one),
   * `completed-without-metrics` (its completion may follow), or `stopped` early. The first completion wins, also one of a lease
   * that had expired; a later one of another attempt becomes a completed trial of its own with `replicateOf`. The two other
   * ends are not taken from a lease that was lost. The same told twice is `repeated`. What was taken comes with the measurement
   * that counts.
   */
  complete(
    target: ReportTarget,
    end: {
      kind: 'completed' | 'completed-without-metrics' | 'stopped'
      last?: Reported
      reason: string | null
      replicateId: string
    },
    event: TrialEvent,
  ): Promise<CompleteOutcome>
  /** The attempt failed: the trial may be offered again while it has attempts left. */
  fail(
    target: ReportTarget,
    problem: Record<string, unknown>,
    maxAttempts: number,
    event: TrialEvent,
  ): Promise<{ outcome: 'failed' | 'repeated'; trial: TrialRecord } | ReportRefusal>
  /** By anyone, without a lease: the trial is never offered again. Abandoning twice is no error. */
  abandon(
    studyId: string,
    trialId: string,
    reason: string | null,
    event: TrialEvent,
  ): Promise<
    { outcome: 'abandoned' | 'repeated' | 'illegal'; trial: TrialRecord } | { outcome: 'no-trial' }
  >
  /** Asks the client, at its next report, to stop early. False when it does not run or was asked before. */
  requestStop(trialId: string, reason: string, event: NewEvent): Promise<boolean>
  /**
   * Cancels all external trials of the study that have not ended, and lets it have no more than it has (`maxTrials`; the version
   * is raised by that). Returns the trials.
   */
  cancelAll(studyId: string, event: TrialEvent): Promise<TrialRecord[]>
  /**
   * Expires leases that are due at the database's clock, with their trials; of all studies or of one. Trials without an attempt left
   * are finished by it. Returns what expired, and when the next lease is due at the earliest (undefined: none is held).
   */
  expireDue(
    event: TrialEvent,
    studyId?: string,
  ): Promise<{ expired: TrialRecord[]; nextDueInMs: number | undefined }>
  /** What the attempt under the lease was measured last; undefined when it was not, or there is no such lease of the trial. */
  lastUnder(
    target: Pick<ReportTarget, 'trialId' | 'leaseId'>,
  ): Promise<MeasurementRecord | undefined>
  /** The objectives that the newest attempt has been measured with, by tokens, ascending. */
  objectives(trialId: string): Promise<{ tokens: number; objective: number }[]>
  /**
   * One number of each other trial of others at the fidelity of this one; of the attempt that counts (the one that completed or
   * stopped it, else the newest). Measurements without an objective count as not there.
   */
  rivals(trialId: string, query: RivalQuery): Promise<number[]>
  /** How many external trials are in which state, and how many can still be offered; at one fidelity where it is given. */
  counts(
    studyId: string,
    fidelity?: string,
  ): Promise<{ states: Record<TrialState, number>; offerable: number }>
}
