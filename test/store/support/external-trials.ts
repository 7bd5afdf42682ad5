import type { DEFAULT_TRIAL_POLICY } from '../../../src/optimizers/trial-policy.js'
import type {
  Grant,
  HandOutEvent,
  InsertOutcome,
  LeasedTrial,
  NewExternalTrial,
  Reported,
  ReportTarget,
  TrialEvent,
} from '../../../src/store/external-trial-contract.js'
import type { OpenStore, StudyRecord, TrialRecord } from '../../../src/store/index.js'
import { newId, newStudy } from './records.js'

/** Trials that others run, made up for tests. */

/** Seconds of a lease. */
export const HOUR = 3_600
/** Of one that is due. */
export const OVERDUE = -100_000_000

export const grantFor = (client: string, seconds = HOUR): Grant => ({ client, seconds })

/** Tells all that an event may be made of. */
export const news =
  (type: string): TrialEvent =>
  (trial) => ({ type, data: { ...trial } })

export const given: HandOutEvent = ({ trial, attempt, lease }) => ({
  type: 'given',
  data: { id: trial.id, fidelity: trial.fidelity, attempt: attempt.number, client: lease.holder },
})

/** Tells that an expired lease came back. */
export const resumed = news('resumed')

export function newExternalTrial(
  index: number,
  change: Partial<NewExternalTrial> = {},
): NewExternalTrial {
  const web = ((index * 37) % 101) / 101
  return {
    id: newId(),
    fidelity: 'full',
    label: '',
    reason: 'a "mixture"\nto try',
    weights: [web, 1 - web],
    seed: 2 ** 52 + index,
    replicateOf: null,
    ...change,
  }
}

export function externalStudy(
  store: OpenStore,
  policy: Partial<typeof DEFAULT_TRIAL_POLICY> = {},
): Promise<StudyRecord> {
  const trialPolicy = { leaseSeconds: 60, maxAttempts: 3, maxTrials: null, earlyStopping: null }
  return store.studies.insert(newStudy({ trialPolicy: { ...trialPolicy, ...policy } }))
}

/** New trials in the hands of the client. */
export async function suggest(
  store: OpenStore,
  study: { id: string },
  client: string,
  count = 1,
): Promise<LeasedTrial[]> {
  const version = (await store.studies.get(study.id))!
  const { externalTrials } = version
  const trials = Array.from({ length: count }, (_, index) => ({
    ...newExternalTrial(externalTrials + index),
    grant: grantFor(client),
  }))
  const { insertSuggested } = store.externalTrials
  return insertedOf(await insertSuggested(study.id, version, trials, given))
}

/** What was written. */
export function insertedOf(answer: InsertOutcome): LeasedTrial[] {
  if (answer.outcome !== 'inserted') throw new Error(`it is ${answer.outcome}`)
  return answer.trials
}

export async function suggestOne(
  store: OpenStore,
  study: { id: string },
  client = 'a',
): Promise<LeasedTrial> {
  return (await suggest(store, study, client))[0]
}

/** A trial of the client's own, that nobody has. */
export async function attachWaiting(
  store: OpenStore,
  study: { id: string },
  trial?: NewExternalTrial,
): Promise<TrialRecord> {
  const { externalTrials } = (await store.studies.get(study.id))!
  const attached = await store.externalTrials.attach(
    study.id,
    trial ?? newExternalTrial(50 + externalTrials),
    { client: 'someone', maxTrials: null },
    news('attached'),
  )
  if (attached.outcome !== 'attached') throw new Error(`it is ${attached.outcome}`)
  return attached.trial
}

/** The first trial that the client is offered. */
export async function takeOffer(
  store: OpenStore,
  study: { id: string },
  client: string,
  maxAttempts = 3,
): Promise<LeasedTrial | undefined> {
  const options = { limit: 1, maxAttempts }
  const { offered } = await store.externalTrials.handOut(
    study.id,
    undefined,
    grantFor(client),
    options,
    given,
    resumed,
  )
  return offered[0]
}

export function targetOf(
  { trial, lease }: Pick<LeasedTrial, 'trial' | 'lease'>,
  change: Partial<ReportTarget> = {},
): ReportTarget {
  return {
    studyId: trial.studyId,
    trialId: trial.id,
    leaseId: lease.id,
    client: lease.holder,
    ...change,
  }
}

export const reported = (tokens: number, loss = 3 + 1 / (tokens + 1)): Reported => ({
  tokens,
  values: { 'loss/web': loss, accuracy: loss / 7 },
  standardErrors: { 'loss/web': 0.01 },
  details: { step: tokens / 10 },
  objective: loss,
})

/** As it is read: without the objective, which only rules look at. */
export const recorded = ({ objective, ...measurement }: Reported) => measurement

export const measure = (store: OpenStore, leased: LeasedTrial, given = reported(1_000)) =>
  store.externalTrials.measure(targetOf(leased), given, HOUR, news('measured'), resumed)

type Ending = Parameters<OpenStore['externalTrials']['complete']>[1]

export const complete = (store: OpenStore, leased: LeasedTrial, end: Partial<Ending> = {}) =>
  store.externalTrials.complete(
    targetOf(leased),
    { kind: 'completed', reason: null, replicateId: newId(), ...end },
    news('completed'),
  )

export const fail = (store: OpenStore, leased: LeasedTrial, maxAttempts = 3) =>
  store.externalTrials.fail(targetOf(leased), { code: 'x' }, maxAttempts, news('failed'))

/** Lets the lease be due, and expires it. */
export async function expire(store: OpenStore, leased: LeasedTrial): Promise<void> {
  await store.externalTrials.renew(targetOf(leased), OVERDUE, resumed)
  await store.externalTrials.expireDue(news('expired'), leased.trial.studyId)
}

/** Everything that is known of a trial, with all events of its study. */
export async function allOf(store: OpenStore, { id, studyId }: { id: string; studyId: string }) {
  const attempts = await store.trials.attempts(id)
  return {
    trial: (await store.trials.get(id))!,
    attempts,
    leases: (await Promise.all(attempts.map((attempt) => store.trials.leases(attempt.id)))).flat(),
    measurements: await store.trials.measurements(id),
    events: await store.events.after(studyId, 0, 1_000),
  }
}

/** What tests of trials in the hands of clients begin with. */
export const trialsOf = (store: () => OpenStore) => ({
  trials: () => store().externalTrials,
  oneTrial: async () => suggestOne(store(), await externalStudy(store())),
  all: ({ trial }: Pick<LeasedTrial, 'trial'>) => allOf(store(), trial),
})
