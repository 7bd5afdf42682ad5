import {
  type BackendFactory,
  type IQueueBackend,
  type JobsOptions,
  type Processor,
  type WorkerOptions,
  withBackend,
} from 'bullmq'
import type { JobName, JobPayload } from '../catalogue.js'

/** What is used of a BullMQ queue, whatever keeps its jobs. */
export interface BullQueue {
  add(name: JobName, payload: JobPayload<JobName>, options: JobsOptions): Promise<unknown>
  getJobState(id: string): Promise<string>
  getJobCounts(...states: ('waiting' | 'active' | 'delayed')[]): Promise<Record<string, number>>
  waitUntilReady(): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
  close(): Promise<void>
  disconnect(): Promise<void>
}

/** What is used of a BullMQ worker. */
export interface BullWorker {
  waitUntilReady(): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(
    event: 'failed',
    listener: (job: { id?: string; attemptsMade: number } | undefined, error: Error) => void,
  ): unknown
  on(event: 'stalled', listener: (id: string) => void): unknown
  close(): Promise<void>
  disconnect(): Promise<void>
}

export type BullProcessor = Processor<unknown, void, string>

/** BullMQ bound to the place where its jobs are kept. */
export interface Bull {
  queue(name: string): BullQueue
  worker(
    name: string,
    process: BullProcessor,
    options: Omit<WorkerOptions, 'connection'>,
  ): BullWorker
  /** What an operator should know about that place. */
  readonly warnings: readonly string[]
}

/** @param connections the producer's fails fast, the worker's waits for as long as it takes */
export function bindBull<B extends IQueueBackend, C>(
  factory: BackendFactory<B, C>,
  connections: { producer: C; worker: C },
  warnings: readonly string[],
): Bull {
  const { Queue, Worker } = withBackend(factory)
  return {
    queue: (name) =>
      new Queue<JobPayload<JobName>, void, JobName>(name, { connection: connections.producer }),
    worker: (name, process, options) =>
      new Worker<unknown, void, string>(name, process, {
        ...options,
        connection: connections.worker,
      }),
    warnings,
  }
}
