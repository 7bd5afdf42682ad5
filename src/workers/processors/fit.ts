import { MixwrightError, problemDocument } from '../../errors.js'
import type { JobRecord } from '../../store/records.js'
import type { Store } from '../../store/store.js'
import type { Compute, RecommendOutcome } from '../../studies/ports.js'
import { JOB_CATALOGUE, type JobOutcome, type JobSettings, type Processor } from '../catalogue.js'
import type { Logger } from '../logger.js'
import { loadFitTask } from './fit-task.js'
import { startHeartbeats } from './heartbeats.js'
import { withRetries } from './retries.js'

export interface FitProcessorOptions {
  store: Store
  compute: Compute
  /** Names this process in the store: unique to it, and new at every start. */
  worker: string
  logger: Logger
  settings?: Partial<JobSettings>
}

/** Why a fit ended: by itself, or interrupted. */
type Ending =
  | { kind: 'computed'; fitId: string; result: RecommendOutcome }
  | { kind: 'refused'; error: MixwrightError }
  /** Asked for by somebody. */
  | { kind: 'cancelled' }
  /** Another worker has the job, or its study was deleted. */
  | { kind: 'lost' }
  /** This process is closing. */
  | { kind: 'stopped' }

type Interruption = 'cancelled' | 'lost' | 'stopped'

/**
 * Works off a fit: claims its job, computes the recommendation in a thread, and writes the result with the end of the
 * job. Whoever else is told of the same job finds it claimed or ended, so deliveries may be repeated.
 */
export function createFitProcessor(options: FitProcessorOptions): Processor<'fit'> {
  const atWork = new Set<string>()
  return {
    job: 'fit',
    async handle({ jobId }, { signal }) {
      if (atWork.has(jobId)) return 'done'
      atWork.add(jobId)
      try {
        return await new FitJob(options, jobId).run(signal)
      } finally {
        atWork.delete(jobId)
      }
    },
  }
}

class FitJob {
  readonly #store: Store
  readonly #options: FitProcessorOptions
  readonly #settings: JobSettings
  readonly #id: string
  readonly #interrupt = new AbortController()

  constructor(options: FitProcessorOptions, id: string) {
    this.#store = options.store
    this.#options = options
    this.#settings = { ...JOB_CATALOGUE.fit, ...options.settings }
    this.#id = id
  }

  async run(signal: AbortSignal): Promise<JobOutcome> {
    const staleBefore = new Date(Date.now() - this.#settings.staleMs)
    const job = await this.#store.jobs.claim(this.#id, this.#options.worker, staleBefore)
    if (!job) return 'done'
    const onStop = () => this.#interruptAs('stopped')
    signal.addEventListener('abort', onStop, { once: true })
    if (signal.aborted) onStop()
    const heartbeats = this.#startHeartbeats()
    try {
      const ending = await this.#ending(job, (progress) => heartbeats.report(progress))
      return await withRetries(
        () => this.#record(ending),
        (error) => this.#warn(error, 'the end of a fit cannot be stored; it is tried again'),
      )
    } catch (error) {
      await this.#release()
      throw error
    } finally {
      signal.removeEventListener('abort', onStop)
      await heartbeats.stop()
    }
  }

  #startHeartbeats() {
    return startHeartbeats({
      beat: (progress) => this.#store.jobs.heartbeat(this.#id, this.#options.worker, progress),
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
  async #ending(job: JobRecord, onProgress: (progress: Progress) => void): Promise<Ending> {
    const { maxStarts } = this.#settings
    if (job.cancelRequestedAt) return { kind: 'cancelled' }
    if (job.attempts > maxStarts) {
      const detail = `The fit was started ${maxStarts} times and never came to its end: its worker was stopped or died each time.`
      return { kind: 'refused', error: new MixwrightError('fit-failed', detail) }
    }
    const loaded = await loadFitTask(this.#store, job)
    if (!loaded) return { kind: 'lost' }
    const { signal } = this.#interrupt
    try {
      const result = await this.#options.compute.recommend(loaded.task, { signal, onProgress })
      return { kind: 'computed', fitId: loaded.fitId, result }
    } catch (error) {
      if (signal.aborted) return { kind: signal.reason as Interruption }
      return { kind: 'refused', error: this.#asRefusal(error) }
    }
  }

  /** A refusal with a status of 503 (no thread to be had) is about this process, not about the fit. */
  #asRefusal(error: unknown): MixwrightError {
    if (error instanceof MixwrightError) {
      if (error.status === 503) throw error
      return error
    }
    this.#options.logger.error({ job: this.#id, err: error }, 'a fit failed')
    return new MixwrightError('fit-failed', error instanceof Error ? error.message : String(error))
  }

  async #record(ending: Ending): Promise<JobOutcome> {
    const { worker } = this.#options
    switch (ending.kind) {
      case 'computed': {
        const { fitId, result } = ending
        if (!(await this.#store.fits.finish(fitId, worker, result))) await this.#explainLoss()
        return 'done'
      }
      case 'refused': {
        const problem = { ...problemDocument(ending.error) }
        await this.#store.jobs.end(this.#id, worker, { state: 'failed', problem })
        return 'done'
      }
      case 'cancelled':
        await this.#store.jobs.end(this.#id, worker, { state: 'cancelled', problem: null })
        return 'done'
      case 'stopped':
        await this.#store.jobs.release(this.#id, worker)
        return 'released'
      case 'lost':
        return 'done'
    }
  }

  /** A first try to finish may have been stored although its answer was lost; then all is well. */
  async #explainLoss(): Promise<void> {
    const job = await this.#store.jobs.get(this.#id)
    if (job?.state === 'succeeded') return
    const fields = { job: this.#id, state: job?.state, worker: job?.worker }
    this.#options.logger.warn(fields, 'a fit was computed, but its job is no longer held here')
  }

  async #release(): Promise<void> {
    try {
      await this.#store.jobs.release(this.#id, this.#options.worker)
    } catch (error) {
      this.#warn(error, 'a job cannot be put back; it is taken up again when its heartbeat is old')
    }
  }

  #warn(error: unknown, message: string): void {
    this.#options.logger.warn({ job: this.#id, err: error }, message)
  }
}

type Progress = NonNullable<JobRecord['progress']>
