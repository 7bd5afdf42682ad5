import { MixwrightError } from '../../errors.js'
import type { TrainingMonitor } from '../../metrics/work.js'
import { lossMetric } from '../../optimizers/complete-problem.js'
import type { MeasurementRecord } from '../../store/records.js'
import type { Store } from '../../store/store.js'
import type { EventService } from '../../studies/events.js'
import { objectiveOf } from '../../studies/objective.js'
import type { TrainEvent } from '../../studies/ports.js'
import type { ProxyMeasurement } from '../../training/types.js'
import type { Logger } from '../logger.js'
import type { Progress } from './job-course.js'
import { withRetries } from './retries.js'
import type { LoadedTrial } from './trial-task.js'

/** Watchers hear of a trial's progress at most this often. */
const PROGRESS_MS = 2000

export interface TrialReportOptions {
  store: Store
  events: Pick<EventService, 'publish'>
  logger: Logger
  onProgress: (progress: Progress) => void
}

/** Passes on what a training tells: progress to watchers and the job, measurements to the store. */
export interface TrialReports {
  report(event: TrainEvent): void
  /** Resolves when every measurement is stored. @throws MixwrightError `unavailable` when one could not be */
  settle(): Promise<void>
}

export function createTrialReports(
  { trial, study, attempt }: LoadedTrial,
  { store, events, logger, onProgress }: TrialReportOptions,
): TrialReports {
  const { id: trialId, searchId } = trial
  let publishedAt = Number.NEGATIVE_INFINITY
  let stored: Promise<void> = Promise.resolve()

  /** Whoever settles hears of a failure; until then it is nobody's unhandled rejection. */
  function inOrder(write: () => Promise<void>): void {
    stored = stored.then(write)
    stored.catch(() => {})
  }

  function progress(event: TrainEvent & { type: 'progress' }): void {
    const { step, steps, tokens, totalTokens, loss, tokensPerSecond } = event
    onProgress({ done: tokens, total: totalTokens, message: `step ${step} of ${steps}` })
    const now = performance.now()
    if (now - publishedAt < PROGRESS_MS) return
    publishedAt = now
    const data = { trialId, searchId, tokens, totalTokens, loss, tokensPerSecond }
    inOrder(() => events.publish(study.id, { type: 'trial-progress', data }))
  }

  async function measure(measurement: ProxyMeasurement): Promise<void> {
    const record = measurementRecord(measurement)
    const isNew = await withRetries(
      () => store.trials.measure({ ...record, trialId, attemptId: attempt.id }),
      (error) => logger.warn({ trial: trialId, err: error }, 'a measurement cannot be stored'),
    )
    if (!isNew) return
    const { tokens, values } = record
    const objective = objectiveOf(study.problem, values)
    const data = { trialId, searchId, tokens, values, objective }
    await events.publish(study.id, { type: 'trial-measured', data })
  }

  return {
    report(event) {
      if (event.type === 'progress') progress(event)
      else if (event.type === 'warning') logger.warn({ trial: trialId }, event.message)
      else inOrder(() => measure(event.measurement))
    },
    async settle() {
      await stored.catch((error) => {
        throw new MixwrightError('unavailable', `A measurement cannot be stored: ${error.message}`)
      })
    },
  }
}

/**
 * Tells a monitor how many tokens were trained on since the last event. What a training resumes from was counted by an attempt
 * before it: of a resumed one the first event only says where it stands.
 */
export function monitorTraining(
  monitor: TrainingMonitor,
  { earlier }: Pick<LoadedTrial, 'earlier'>,
): { report(event: TrainEvent): void; ended(): void } {
  let counted = earlier.length > 0 ? undefined : 0
  return {
    report(event) {
      if (event.type !== 'progress') return
      monitor.progress(Math.max(0, event.tokens - (counted ?? event.tokens)), event.tokensPerSecond)
      counted = event.tokens
    },
    ended: () => monitor.ended(),
  }
}

/** Domains as the metrics `loss/<domain>`. */
export function measurementRecord({
  step,
  tokens,
  domains,
  trainingLoss,
  epochs,
}: ProxyMeasurement): Omit<MeasurementRecord, 'createdAt' | 'attemptId' | 'trialId'> {
  const losses = Object.entries(domains)
  const ofDomains = (value: (loss: (typeof losses)[0][1]) => number) =>
    Object.fromEntries(losses.map(([domain, loss]) => [domain, value(loss)]))
  return {
    tokens,
    values: Object.fromEntries(losses.map(([domain, { loss }]) => [lossMetric(domain), loss])),
    standardErrors: Object.fromEntries(
      losses.map(([domain, { standardError }]) => [lossMetric(domain), standardError]),
    ),
    details: {
      step,
      trainingLoss,
      epochs,
      bitsPerByte: ofDomains(({ bitsPerByte }) => bitsPerByte),
      sequences: ofDomains(({ sequences }) => sequences),
    },
  }
}
