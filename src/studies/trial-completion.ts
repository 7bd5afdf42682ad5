import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import type {
  CompleteOutcome,
  ReportRefusal,
  ReportTarget,
} from '../store/external-trial-contract.js'
import type { Store } from '../store/store.js'
import type { Completion, ReportedTrial } from './external-trials.js'
import { alreadyCompleted, isRefusal, refusedReport, tokensBackwards } from './report-refusals.js'
import { completeMeasurement, refuseIncomplete } from './reported-metrics.js'
import type { StudyFacts } from './study-facts.js'
import { trialCompleted, trialStopped } from './trial-events.js'

const KINDS = {
  completed: 'completed',
  stopped: 'stopped',
  'without-metrics': 'completed-without-metrics',
} as const

/** @throws MixwrightError as `ExternalTrialService.complete` */
export async function completeTrial(
  store: Store,
  facts: StudyFacts,
  target: ReportTarget,
  { measurement, outcome = 'completed', reason: why }: Completion,
): Promise<ReportedTrial & { isReplicate: boolean }> {
  const reason = why ?? null
  const last = measurement && completeMeasurement(facts, measurement, '/measurement')
  const latest =
    last ?? (outcome === 'completed' ? await store.externalTrials.lastUnder(target) : undefined)
  if (outcome === 'completed' && latest) {
    refuseIncomplete(facts, latest, last ? '/measurement/values' : '/measurement')
  }
  const completed = await store.externalTrials.complete(
    target,
    { kind: KINDS[outcome], last, reason, replicateId: uuid() },
    outcome === 'stopped' ? trialStopped(reason) : trialCompleted(facts, latest?.values),
  )
  if (isRefusal(completed)) throw await refusedReport(store, target, completed)
  const isReplicate = completed.outcome === 'replicate'
  return { ...taken(completed), study: facts.study, isReplicate }
}

/** @throws MixwrightError what was told does not go with what was told before */
function taken(
  completed: Exclude<CompleteOutcome, ReportRefusal>,
): Pick<ReportedTrial, 'trial' | 'measurement'> {
  switch (completed.outcome) {
    case 'completed':
    case 'replicate':
    case 'repeated':
      return { trial: completed.trial, measurement: completed.last }
    case 'conflict':
      throw alreadyCompleted(completed.trial, completed.last)
    case 'tokens-backwards':
      throw tokensBackwards(completed.trial, completed.last)
    case 'unmeasured': {
      const detail =
        'The trial has no measurement. Send one, or end the trial with the outcome `without-metrics`.'
      throw new MixwrightError(
        'validation-failed',
        'There is nothing to complete the trial with.',
        [{ pointer: '/measurement', detail }],
      )
    }
  }
}
