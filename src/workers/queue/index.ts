export {
  type JobQueue,
  openQueue,
  type QueueDepth,
  type QueueHealth,
  type QueueKind,
  type QueueOptions,
} from './job-queue.js'
export type { QueueWorker } from './worker.js'
