import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import { fromMixture, groupSum, type Space } from '../optimizers/mixture/index.js'
import type { Mixture } from '../optimizers/problem.js'
import { createRng } from '../optimizers/random.js'
import type {
  AttemptRecord,
  LeaseRecord,
  MeasurementRecord,
  StudyRecord,
  TrialRecord,
} from '../store/records.js'
import type { Store } from '../store/store.js'
import { latestMeasurement } from './latest-measurement.js'
import { refuseAsMixwrightError } from './problem.js'
import { noTrial } from './report-refusals.js'
import { completeMeasurement, type NewMeasurement, refuseIncomplete } from './reported-metrics.js'
import { isSame, LARGEST_SEED, normalised } from './search-plan.js'
import { requireStudy } from './studies.js'
import type { StudyFacts, StudyFactsCache } from './study-facts.js'
import { externalFidelity, grantFor } from './suggestions.js'
import { trialAttached, trialCompleted } from './trial-events.js'

/** A mixture that a client has chosen itself. */
export interface NewAttachedTrial {
  /** A trial that has the id already was made by an earlier try: it is the one that is wanted. Default: a new id. */
  id?: string
  /** Domains left out have weight 0. It need not meet the constraints. */
  mixture: Mixture
  /** A fidelity with the evaluator `external`. Default: that of the trial it repeats, or the cheapest one. */
  fidelity?: string
  label?: string
  client?: string
  /** Id of a trial whose mixture this one repeats on purpose. */
  replicateOf?: string
  /** What was measured at its end: the trial is completed. */
  result?: NewMeasurement
  /** Whether the client trains it itself, now. Default false: it waits to be handed out. */
  lease?: boolean
}

/** Something that does not keep the trial from being taken. */
export interface AttachmentWarning {
  code: 'outside-constraints'
  message: string
}

export interface AttachedTrial {
  trial: TrialRecord
  study: StudyRecord
  measurement: MeasurementRecord | undefined
  /** When it was asked for. */
  held: { attempt: AttemptRecord; lease: LeaseRecord } | undefined
  warnings: AttachmentWarning[]
}

/** Who brings results without saying who it is. */
const UNNAMED = 'unnamed'

export async function attachTrial(
  { store, facts: cache }: { store: Store; facts: StudyFactsCache },
  studyId: string,
  input: NewAttachedTrial,
): Promise<AttachedTrial> {
  const facts = await cache.get(studyId)
  const { study, compiled } = facts
  const { id = uuid(), label = '', client = UNNAMED, replicateOf = null } = input
  refuseContradictions(input)
  const weights = weightsOf(compiled.space, input.mixture)
  const original = replicateOf ? await originalOf(store, studyId, replicateOf, weights) : undefined
  const fidelity = fidelityOf(study, input.fidelity, original)
  const result = input.result && completeMeasurement(facts, input.result, '/result')
  if (result) refuseIncomplete(facts, result, '/result/values')
  const event = result ? trialCompleted(facts, result.values) : trialAttached(fidelity, label)
  const attached = await store.externalTrials.attach(
    studyId,
    {
      id,
      fidelity,
      label,
      reason: reasonOf(original),
      weights,
      seed: seedOf(study, id),
      replicateOf,
    },
    {
      grant: input.lease ? grantFor(study, client) : undefined,
      result,
      client,
      maxTrials: study.trialPolicy.maxTrials,
    },
    event,
  )
  switch (attached.outcome) {
    case 'attached':
    case 'exists': {
      const { trial, attempt, lease } = attached
      const held = input.lease && attempt && lease ? { attempt, lease } : undefined
      const measurement = await latestMeasurement(store, trial.id)
      const warnings = warningsOf(compiled.space, weights)
      return { trial, study, measurement, held, warnings }
    }
    case 'duplicate':
      throw alreadyTried(attached.trial)
    case 'full':
      throw usedUp(facts)
    case 'no-study':
      await requireStudy(store, studyId)
      throw new MixwrightError('unavailable', 'The study could not be written to.')
  }
}

function refuseContradictions({ lease, result, client }: NewAttachedTrial): void {
  const refuse = (pointer: string, detail: string) => {
    throw new MixwrightError('validation-failed', 'The trial cannot be attached like this.', [
      { pointer, detail },
    ])
  }
  if (lease && result) refuse('/lease', 'A trial that comes with its result is held by nobody.')
  if (lease && client === undefined) refuse('/client', 'A lease needs to know whose it is.')
}

function weightsOf(space: Space, mixture: Mixture): number[] {
  return normalised(refuseAsMixwrightError(() => fromMixture(space, mixture), '/mixture'))
}

async function originalOf(
  store: Store,
  studyId: string,
  id: string,
  weights: readonly number[],
): Promise<TrialRecord> {
  const original = await store.trials.get(id)
  if (original?.studyId !== studyId) throw await noTrial(store, studyId, id)
  if (isSame(original.weights, weights)) return original
  const detail = `The trial ${id} has another mixture; a replicate repeats it to 1e-6 in every weight.`
  throw new MixwrightError('validation-failed', 'The trial is no replicate.', [
    { pointer: '/replicateOf', detail },
  ])
}

function fidelityOf(study: StudyRecord, asked?: string, original?: TrialRecord): string {
  const isExternal = original?.evaluator === 'external'
  return externalFidelity(study, asked ?? (isExternal ? original.fidelity : undefined)).name
}

function reasonOf(original: TrialRecord | undefined): string {
  return original ? `Repeats the mixture of the trial ${original.id}.` : 'Chosen by a client.'
}

/** Named by the trial: its position is known only when it is written, and replicates differ. */
function seedOf({ seed }: StudyRecord, trialId: string): number {
  return createRng(seed, `attached trial ${trialId}`).integer(LARGEST_SEED)
}

function alreadyTried({ id, state, fidelity }: TrialRecord): MixwrightError {
  const detail = `The trial ${id}, which is ${state}, has this mixture at the fidelity "${fidelity}".`
  return new MixwrightError('mixture-already-tried', detail, [
    { pointer: '/mixture', detail: `To try it once more, send "replicateOf": "${id}".` },
  ])
}

function usedUp({ study }: StudyFacts): MixwrightError {
  const detail = `The study may have ${study.trialPolicy.maxTrials} trials that others run, and has them.`
  return new MixwrightError('trials-used-up', detail)
}

const TOLERANCE = 1e-6
const MOST_NAMED = 10

/** Surrogates learn from mixtures outside the constraints as well; but nobody should try one unknowingly. */
function warningsOf(space: Space, weights: readonly number[]): AttachmentWarning[] {
  const broken = [...brokenBounds(space, weights), ...brokenGroups(space, weights)]
  if (broken.length === 0) return []
  const named = broken.slice(0, MOST_NAMED).join('; ')
  const more = broken.length > MOST_NAMED ? `; and ${broken.length - MOST_NAMED} more` : ''
  const message = `The mixture is outside the constraints of the study: ${named}${more}.`
  return [{ code: 'outside-constraints', message }]
}

function brokenBounds({ names, lower, upper, upperSource }: Space, weights: readonly number[]) {
  return names.flatMap((name, j) => {
    if (weights[j] < lower[j] - TOLERANCE) {
      return [`"${name}" has ${weights[j]}, less than ${lower[j]}`]
    }
    if (weights[j] <= upper[j] + TOLERANCE) return []
    return [`"${name}" has ${weights[j]}, more than ${upper[j]} (${upperSource[j]})`]
  })
}

function brokenGroups({ groups }: Space, weights: readonly number[]): string[] {
  return groups.flatMap((group) => {
    const sum = groupSum(group, weights)
    if (sum >= group.minimum - TOLERANCE && sum <= group.maximum + TOLERANCE) return []
    const { name, minimum, maximum } = group
    return [`the group "${name}" has ${sum}, not ${minimum} to ${maximum}`]
  })
}
