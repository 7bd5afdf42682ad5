import { type ErrorCode, MixwrightError, problemDocument } from '../../errors.js'
import { UNMONITORED, type WorkMonitor, type WorkOutcome } from '../../metrics/work.js'
import type { JobKind, JobRecord } from '../../store/records.js'
import type { Store } from '../../store/store.js'
import { JOB_CATALOGUE, type JobContext, type JobOutcome, type JobSettings } from '../catalogue.js'
import type { Logger } from '../logger.js'
import { startHeartbeats } from './heartbeats.js'
import { withRetries } from './retries.js'

/** What all processors work with. */
export interface ProcessorOptions {
  store: Store
  /** Names this process in the store: unique to it, and new at every start. */
  worker: string
  logger: Logger
  /** Told of the work on jobs. Default: nobody. */
  monitor?: WorkMonitor
  settings?: Partial<JobSettings>
}

export type Progress = NonNullable<JobRecord['progress']>

export type Interruption =
  /** Asked for by somebody. */
  | 'cancelled'
  /** Another worker has the job, or what it is about was deleted. */
  | 'lost'
  /** This process is closing. */
  | 'stopped'

/** Why a job ended: by itself, or interrupted. */
export type Ending<T> =
  | { kind: 'finished'; result: T }
  | { kind: 'refused'; error: MixwrightError }
  | { kind: Interruption }

/** A job that this worker has claimed. */
export interface HeldJob {
  readonly job: JobRecord
  readonly settings: JobSettings
  /** Aborted, with an Interruption as reason, when the work is to stop. */
  readonly signal: AbortSignal
  report(progress: Progress): void
}

/**
 * What is particular to one kind of job. The methods that write its end are called again when the store has failed.
 * @typeParam L what it works with
 * @typeParam T its result
 */
export interface JobPlan<L, T> {
  /** Reads what the work takes; undefined when what the job is about is gone. A rejection puts the job back. */
  load(): Promise<L | undefined>
  /** Does the work. Ends soon when the signal is aborted. A rejection is a refusal, or with a status of 503 puts the job back. */
  perform(loaded: L): Promise<T>
  /** Writes the result with the end of the job. False when the job is no longer this worker's. */
  finish(result: T): Promise<boolean>
  /** Default: the job fails. */
  refuse?(error: MixwrightError): Promise<JobOutcome>
  /** Default: the job is cancelled. */
  cancel?(): Promise<void>
  /** Gives the job back. Default: it is queued again. */
  putBack?(): Promise<void>
  /** Whatever else a heartbeat renews. False when the work is no longer this worker's. */
  renew?(): Promise<boolean>
  /** Told when the end has been written, by this worker. */
  ended?(ending: Ending<T>): Promise<void>
}

export interface JobKindSettings<L, T> {
  kind: JobKind
  /** For logs: "a fit failed". */
  title: string
  /** What a failure is called that has no better name. */
  failure: ErrorCode
  plan: (held: HeldJob) => JobPlan<L, T>
}

/**
 * The course every job takes: it is claimed, worked on under heartbeats, and its end is written. Whoever else is told of
 * the same job finds it claimed or ended, so deliveries may be repeated.
 */
export function jobHandler<L, T>(
  options: ProcessorOptions,
  kind: JobKindSettings<L, T>,
): (payload: { jobId: string }, context: JobContext) => Promise<JobOutcome> {
  const atWork = new Set<string>()
  return async ({ jobId }, { signal }) => {
    if (atWork.has(jobId)) return 'done'
    atWork.add(jobId)
    try {
      return await new JobCourse(options, kind, jobId).run(signal)
    } finally {
      atWork.delete(jobId)
    }
  }
}

/** @throws MixwrightError for a job that ends its worker every time */
export function requireStartsLeft(
  { job, settings: { maxStarts } }: HeldJob,
  code: ErrorCode,
  title: string,
): void {
  if (job.attempts <= maxStarts) return
  throw new MixwrightError(
    code,
    `The ${title} was started ${maxStarts} times and never came to its end: its worker was stopped or died each time.`,
  )
}

class JobCourse<L, T> {
  readonly #store: Store
  readonly #options: ProcessorOptions
  readonly #kind: JobKindSettings<L, T>
  readonly #settings: JobSettings
  readonly #id: string
  readonly #interrupt = new AbortController()
  #isFinishedHere = false
  #outcome: WorkOutcome = 'failed'

  constructor(options: ProcessorOptions, kind: JobKindSettings<L, T>, id: string) {
    this.#store = options.store
    this.#options = options
    this.#kind = kind
    this.#settings = { ...JOB_CATALOGUE[kind.kind], ...options.settings }
    this.#id = id
  }

  async run(signal: AbortSignal): Promise<JobOutcome> {
    const staleBefore = new Date(Date.now() - this.#settings.staleMs)
    const job = await this.#store.jobs.claim(this.#id, this.#options.worker, staleBefore)
    if (!job) return 'done'
    const { monitor = UNMONITORED } = this.#options
    const ended = monitor.began(this.#kind.kind)
    const onStop = () => this.#interruptAs('stopped')
    signal.addEventListener('abort', onStop, { once: true })
    if (signal.aborted) onStop()
    let plan: JobPlan<L, T> | undefined
    const heartbeats = this.#startHeartbeats(async () => (await plan?.renew?.()) ?? true)
    plan = this.#kind.plan({
      job,
      settings: this.#settings,
      signal: this.#interrupt.signal,
      report: (progress) => heartbeats.report(progress),
    })
    try {
      return await this.#work(plan, job)
    } catch (error) {
      await this.#giveBack(plan)
      throw error
    } finally {
      ended(this.#outcome)
      signal.removeEventListener('abort', onStop)
      await heartbeats.stop()
    }
  }

  async #work(plan: JobPlan<L, T>, job: JobRecord): Promise<JobOutcome> {
    const ending = await this.#ending(plan, job)
    this.#outcome = ending.kind
    const outcome = await withRetries(
      () => this.#record(plan, ending),
      (error) =>
        this.#warn(error, `the end of a ${this.#kind.title} cannot be stored; it is tried again`),
    )
    if (ending.kind === 'finished' && !this.#isFinishedHere) return outcome
    await plan
      .ended?.(ending)
      .catch((error) => this.#warn(error, `what follows a ${this.#kind.title} was put off`))
    return outcome
  }

  #startHeartbeats(renew: () => Promise<boolean>) {
    return startHeartbeats({
      beat: async (progress) => {
        const beat = await this.#store.jobs.heartbeat(this.#id, this.#options.worker, progress)
        return { ...beat, held: beat.held && (await renew()) }
      },
      intervalMs: this.#settings.heartbeatMs,
      onLost: () => this.#interruptAs('lost'),
      onCancelRequested: () => this.#interruptAs('cancelled'),
      onError: (error) => this.#warn(error, 'a heartbeat cannot be stored'),
    })
  }

  /** The first interruption counts. */
  #interruptAs(reason: Interruption): void {
    this.#interrupt.abort(reason)
  }

  /** Rejects for want of the infrastructure only. */
  async #ending(plan: JobPlan<L, T>, job: JobRecord): Promise<Ending<T>> {
    if (job.cancelRequestedAt) return { kind: 'cancelled' }
    const { signal } = this.#interrupt
    const loaded = await plan.load()
    if (loaded === undefined) return { kind: 'lost' }
    try {
      return { kind: 'finished', result: await plan.perform(loaded) }
    } catch (error) {
      if (signal.aborted) return { kind: signal.reason as Interruption }
      return { kind: 'refused', error: this.#asRefusal(error) }
    }
  }

  /** A refusal with a status of 503 (no thread to be had) is about this process, not about the job. */
  #asRefusal(error: unknown): MixwrightError {
    if (error instanceof MixwrightError) {
      if (error.status === 503) throw error
      return error
    }
    const { title, failure } = this.#kind
    this.#options.logger.error({ job: this.#id, err: error }, `a ${title} failed`)
    return new MixwrightError(failure, error instanceof Error ? error.message : String(error))
  }

  async #record(plan: JobPlan<L, T>, ending: Ending<T>): Promise<JobOutcome> {
    switch (ending.kind) {
      case 'finished':
        this.#isFinishedHere = (await plan.finish(ending.result)) || (await this.#explainLoss())
        return 'done'
      case 'refused':
        return plan.refuse ? plan.refuse(ending.error) : this.#fail(ending.error)
      case 'cancelled':
        await (plan.cancel ? plan.cancel() : this.#cancel())
        return 'done'
      case 'stopped':
        await this.#putBack(plan)
        return 'released'
      case 'lost':
        return 'done'
    }
  }

  async #fail(error: MixwrightError): Promise<JobOutcome> {
    const problem = { ...problemDocument(error) }
    await this.#store.jobs.end(this.#id, this.#options.worker, { state: 'failed', problem })
    return 'done'
  }

  async #cancel(): Promise<void> {
    const end = { state: 'cancelled', problem: null } as const
    await this.#store.jobs.end(this.#id, this.#options.worker, end)
  }

  async #putBack(plan: JobPlan<L, T>): Promise<void> {
    if (plan.putBack) await plan.putBack()
    else await this.#store.jobs.release(this.#id, this.#options.worker)
  }

  /** A first try to finish may have been stored although its answer was lost; then all is well. */
  async #explainLoss(): Promise<boolean> {
    const job = await this.#store.jobs.get(this.#id)
    if (job?.state === 'succeeded') return true
    const fields = { job: this.#id, state: job?.state, worker: job?.worker }
    this.#options.logger.warn(
      fields,
      `a ${this.#kind.title} was computed, but its job is no longer held here`,
    )
    return false
  }

  async #giveBack(plan: JobPlan<L, T>): Promise<void> {
    try {
      await this.#putBack(plan)
    } catch (error) {
      this.#warn(error, 'a job cannot be put back; it is taken up again when its heartbeat is old')
    }
  }

  #warn(error: unknown, message: string): void {
    this.#options.logger.warn({ job: this.#id, err: error }, message)
  }
}
