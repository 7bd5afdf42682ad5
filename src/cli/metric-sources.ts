import type { Reading, Readings } from '../metrics/index.js'
import type { Store } from '../store/store.js'
import type { JobQueue } from '../workers/index.js'

/** What the store holds, as the gauges take it. */
export async function readStoreCounts({
  statistics,
}: Pick<Store, 'statistics'>): Promise<Readings> {
  const { trials, jobs, leases } = await statistics.counts()
  return {
    trials: trials.map(({ count, ...labels }) => ({ labels, value: count })),
    jobs: jobs.map(({ count, ...labels }) => ({ labels, value: count })),
    leases: Object.entries(leases).map(([state, value]) => ({ labels: { state }, value })),
  }
}

export async function readQueueDepth(queue: Pick<JobQueue, 'health'>): Promise<Readings> {
  const { jobs } = await queue.health()
  const deliveries = Object.entries(jobs).flatMap(([job, depth]) =>
    Object.entries(depth).map(([state, value]): Reading => ({ labels: { job, state }, value })),
  )
  return { deliveries }
}
