import { MixwrightError, problemDocument } from '../../errors.js'
import { UNMONITORED } from '../../metrics/work.js'
import type { AttemptRecord } from '../../store/records.js'
import type { EventService } from '../../studies/events.js'
import { objectiveOf } from '../../studies/objective.js'
import type { Compute, TrainEvent, TrainOutcome } from '../../studies/ports.js'
import type { SearchService } from '../../studies/searches.js'
import type { Afterwards } from '../afterwards.js'
import type { JobOutcome, Processor } from '../catalogue.js'
import {
  type Ending,
  type HeldJob,
  type JobPlan,
  jobHandler,
  type ProcessorOptions,
} from './job-course.js'
import { createTrialReports, measurementRecord, monitorTraining } from './trial-reports.js'
import { beginTrial, type LoadedTrial, type TrialSetting } from './trial-task.js'

export interface TrialProcessorOptions extends ProcessorOptions, TrialSetting {
  compute: Pick<Compute, 'train'>
  events: Pick<EventService, 'publish'>
  searches: Pick<SearchService, 'advance'>
  /** Where the search goes on once the trial has given its place to another. */
  afterwards: Afterwards
}

/** Attempts that may fail before a trial is set aside. */
const MOST_FAILURES = 3

/** Works off a trial: trains its proxy in a thread, and writes what it measured with the end of the job. */
export function createTrialProcessor(options: TrialProcessorOptions): Processor<'trial'> {
  return {
    job: 'trial',
    handle: jobHandler(options, {
      kind: 'trial',
      title: 'trial',
      failure: 'training-failed',
      plan: (held) => new TrialPlan(options, held),
    }),
  }
}

class TrialPlan implements JobPlan<LoadedTrial, TrainOutcome> {
  readonly #options: TrialProcessorOptions
  readonly #held: HeldJob
  #loaded: LoadedTrial | undefined
  #isSetAside = false

  constructor(options: TrialProcessorOptions, held: HeldJob) {
    this.#options = options
    this.#held = held
  }

  async load(): Promise<LoadedTrial | undefined> {
    this.#loaded = await beginTrial(this.#options, this.#held.job, this.#leaseEnd())
    return this.#loaded
  }

  async perform(loaded: LoadedTrial): Promise<TrainOutcome> {
    const { compute, store, events, logger, monitor = UNMONITORED } = this.#options
    const { trial, study, attempt, task } = loaded
    const { signal, settings, report: onProgress } = this.#held
    if (this.#endsItsWorkers(loaded)) {
      const detail = `The training was started ${settings.maxStarts} times, and its worker died each time.`
      throw new MixwrightError('training-failed', detail)
    }
    await events.publish(study.id, {
      type: 'trial-started',
      data: {
        trialId: trial.id,
        searchId: trial.searchId,
        position: trial.position,
        fidelity: trial.fidelity,
        label: trial.label,
        attempt: attempt.number,
      },
    })
    const reports = createTrialReports(loaded, { store, events, logger, onProgress })
    const training = monitorTraining(monitor.training(), loaded)
    const onEvent = (event: TrainEvent) => {
      training.report(event)
      reports.report(event)
    }
    try {
      return await compute.train(task, { signal, onEvent })
    } finally {
      training.ended()
      await reports.settle()
    }
  }

  renew(): Promise<boolean> {
    if (!this.#loaded) return Promise.resolve(true)
    const { store, worker } = this.#options
    return store.trials.renewLease(this.#loaded.attempt.id, worker, this.#leaseEnd())
  }

  finish({ last }: TrainOutcome): Promise<boolean> {
    const { store, worker } = this.#options
    return store.trials.complete(this.#begun.attempt.id, worker, measurementRecord(last))
  }

  /** What the input is to blame for fails every time; the rest is tried again, but not for ever. */
  async refuse(error: MixwrightError): Promise<JobOutcome> {
    const failures = 1 + earlierAttempts(this.#begun, 'failed')
    this.#isSetAside =
      error.status < 500 || failures >= MOST_FAILURES || this.#endsItsWorkers(this.#begun)
    await this.#endAttempt('failed', { ...problemDocument(error) }, !this.#isSetAside)
    return this.#isSetAside ? 'done' : 'released'
  }

  async cancel(): Promise<void> {
    this.#loaded ??= await this.load()
    if (this.#loaded) await this.#endAttempt('cancelled', null, false)
  }

  async putBack(): Promise<void> {
    const { store, worker } = this.#options
    if (this.#loaded) await this.#endAttempt('interrupted', null, true)
    else await store.jobs.release(this.#held.job.id, worker)
  }

  async ended(ending: Ending<TrainOutcome>): Promise<void> {
    if (!this.#loaded) return
    const { store, searches, dataFolder, afterwards, logger } = this.#options
    const { trial } = this.#loaded
    await this.#publishEnd(ending, this.#loaded)
    // Nothing is resumed from it any more; of trials that did not complete it is kept for a while, to be looked at.
    if (ending.kind === 'finished') await dataFolder.removeCheckpoint(trial.id)
    if (!(await store.trials.get(trial.id))?.finishedAt) return
    afterwards.run(
      () => searches.advance(trial.searchId),
      (error) =>
        logger.warn({ search: trial.searchId, err: error }, 'what follows a trial was put off'),
    )
  }

  async #publishEnd(ending: Ending<TrainOutcome>, { trial, study, attempt }: LoadedTrial) {
    const { events } = this.#options
    const about = { trialId: trial.id, searchId: trial.searchId }
    switch (ending.kind) {
      case 'finished': {
        const { tokens, values } = measurementRecord(ending.result.last)
        const objective = objectiveOf(study.problem, values)
        const measured = { ...about, tokens, values, objective }
        await events.publish(study.id, { type: 'trial-measured', data: measured })
        const completed = { ...about, position: trial.position, objective }
        return events.publish(study.id, { type: 'trial-completed', data: completed })
      }
      case 'refused': {
        const { code, message: detail } = ending.error
        if (this.#isSetAside) {
          return events.publish(study.id, {
            type: 'trial-failed',
            data: { ...about, code, detail },
          })
        }
        const data = { ...about, attempt: attempt.number, detail }
        return events.publish(study.id, { type: 'trial-retried', data })
      }
      case 'cancelled':
        return events.publish(study.id, { type: 'trial-cancelled', data: about })
    }
  }

  get #begun(): LoadedTrial {
    if (!this.#loaded) throw new Error('the trial was not begun')
    return this.#loaded
  }

  #endsItsWorkers(loaded: LoadedTrial): boolean {
    return earlierAttempts(loaded, 'lost') >= this.#held.settings.maxStarts
  }

  async #endAttempt(
    state: 'failed' | 'interrupted' | 'cancelled',
    problem: Record<string, unknown> | null,
    retry: boolean,
  ): Promise<void> {
    const { store, worker } = this.#options
    await store.trials.endAttempt(this.#begun.attempt.id, worker, { state, problem, retry })
  }

  #leaseEnd(): Date {
    return new Date(Date.now() + this.#held.settings.staleMs)
  }
}

function earlierAttempts({ earlier }: LoadedTrial, state: AttemptRecord['state']): number {
  return earlier.filter((attempt) => attempt.state === state).length
}
