import { MixwrightError } from '../errors.js'
import { firstFew } from '../formats/first-few.js'
import type { ReportRefusal, ReportTarget } from '../store/external-trial-contract.js'
import type { MeasurementRecord, TrialRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { requireStudy } from './studies.js'

const REFUSALS: readonly string[] = [
  'no-trial',
  'not-your-lease',
  'lease-lost',
  'illegal',
] satisfies ReportRefusal['outcome'][]

export function isRefusal<T extends { outcome: string }>(
  outcome: T,
): outcome is Extract<T, { outcome: ReportRefusal['outcome'] }> {
  return REFUSALS.includes(outcome.outcome)
}

/** Why a report was not taken, in words. */
export async function refusedReport(
  store: Store,
  target: Omit<ReportTarget, 'leaseId' | 'client'>,
  refusal: ReportRefusal,
): Promise<MixwrightError> {
  switch (refusal.outcome) {
    case 'no-trial':
      return noTrial(store, target.studyId, target.trialId)
    case 'not-your-lease':
      return new MixwrightError(
        'not-your-lease',
        `The lease is not one of the trial ${target.trialId}, or it was given to another client.`,
      )
    case 'lease-lost': {
      const { id, attempts } = refusal.trial
      const detail =
        `The lease on the trial ${id} had expired, and another client was given the trial ` +
        `(attempt ${attempts}).`
      return new MixwrightError('lease-lost', detail)
    }
    case 'illegal':
      return alreadyEnded(refusal.trial)
  }
}

/** There is no such study, no such trial in it, or it is one that others do not run. */
export async function noTrial(
  store: Store,
  studyId: string,
  trialId: string,
): Promise<MixwrightError> {
  await requireStudy(store, studyId)
  const trial = await store.trials.get(trialId)
  if (trial?.studyId !== studyId) {
    const detail = `There is no trial with the id ${trialId} in this study.`
    return new MixwrightError('trial-not-found', detail)
  }
  return new MixwrightError(
    'trial-not-external',
    `The trial ${trialId} is part of a search, whose proxies Mixwright trains itself.`,
  )
}

export function alreadyEnded(trial: TrialRecord): MixwrightError {
  return new MixwrightError('trial-already-ended', endOf(trial))
}

/** For instance `The trial … is abandoned: out of budget.` */
export function endOf({ id, state, endReason }: TrialRecord): string {
  const why = endReason ? `: ${endReason.replace(/\.$/, '')}` : ''
  return `The trial ${id} is ${state}${why}.`
}

export function tokensBackwards(trial: TrialRecord, last: MeasurementRecord): MixwrightError {
  return new MixwrightError(
    'tokens-backwards',
    `The trial ${trial.id} was measured at ${last.tokens} tokens already: ${valuesOf(last)}.`,
    [{ pointer: '/tokens', detail: `It has to be greater than ${last.tokens}.` }],
  )
}

export function alreadyCompleted(
  trial: TrialRecord,
  last: MeasurementRecord | undefined,
): MixwrightError {
  const stored = last ? `with ${valuesOf(last)} at ${last.tokens} tokens` : 'without metrics'
  const detail = `The trial ${trial.id} is ${trial.state} ${stored}.`
  return new MixwrightError('trial-already-completed', detail)
}

function valuesOf({ values }: MeasurementRecord): string {
  return firstFew(Object.entries(values).map(([name, value]) => `${name} = ${value}`))
}
