import type { HandOutEvent, Reported, TrialEvent } from '../store/external-trial-contract.js'
import type { StudyEvent } from './events.js'
import type { StudyFacts } from './study-facts.js'

/**
 * What watchers are told of trials that others run. The store writes each together with what it tells of, and adds the
 * position of the trial.
 */
type Told = {
  [T in StudyEvent['type']]: {
    type: T
    data: Omit<Extract<StudyEvent, { type: T }>['data'], 'position'>
  }
}[StudyEvent['type']]

const about = ({ id }: { id: string }) => ({ trialId: id, searchId: null })

export const trialSuggested = (({ trial, attempt, lease }): Told => {
  const { fidelity, label } = trial
  const data = { ...about(trial), fidelity, label, attempt: attempt.number }
  return { type: 'trial-suggested', data: { ...data, client: lease.holder } }
}) satisfies HandOutEvent

export function trialAttached(fidelity: string, label: string): TrialEvent {
  return (trial): Told => {
    const data = { ...about(trial), fidelity, label, state: trial.state }
    return { type: 'trial-attached', data }
  }
}

export function trialMeasured(facts: StudyFacts, { tokens, values }: Reported): TrialEvent {
  return (trial): Told => {
    const objective = objectiveOf(facts, values)
    return { type: 'trial-measured', data: { ...about(trial), tokens, values, objective } }
  }
}

/** @param values the last that were measured; undefined when nothing was */
export function trialCompleted(
  facts: StudyFacts,
  values: Reported['values'] | undefined,
): TrialEvent {
  return (trial): Told => {
    const objective = values ? objectiveOf(facts, values) : null
    return { type: 'trial-completed', data: { ...about(trial), objective } }
  }
}

export function trialStopped(reason: string | null): TrialEvent {
  return (trial): Told => ({ type: 'trial-stopped', data: { ...about(trial), reason } })
}

export function stopRequested(trialId: string, reason: string): Told {
  return { type: 'trial-stop-requested', data: { ...about({ id: trialId }), reason } }
}

export function trialFailed(detail: string): TrialEvent {
  return (trial): Told => ({
    type: 'trial-failed',
    data: { ...about(trial), code: 'trial-failed', detail },
  })
}

export const trialExpired = ((trial): Told => ({
  type: 'trial-expired',
  data: about(trial),
})) satisfies TrialEvent

export const trialResumed = ((trial): Told => ({
  type: 'trial-resumed',
  data: about(trial),
})) satisfies TrialEvent

export function trialAbandoned(reason: string | null): TrialEvent {
  return (trial): Told => ({ type: 'trial-abandoned', data: { ...about(trial), reason } })
}

export const trialCancelled = ((trial): Told => ({
  type: 'trial-cancelled',
  data: about(trial),
})) satisfies TrialEvent

function objectiveOf(facts: StudyFacts, values: Reported['values']): number | null {
  const objective = facts.objective(values)
  return Number.isFinite(objective) ? objective : null
}
