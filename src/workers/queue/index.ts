export {
  type JobQueue,
  openQueue,
  type QueueHealth,
  type QueueKind,
  type QueueOptions,
} from './job-queue.js'
export type { QueueWorker } from './worker.js'
