import { v7 as uuid } from 'uuid'
import type { RunRow } from '../../src/formats/run-row.js'
import type { CompleteProblem } from '../../src/optimizers/problem.js'
import type { Recommendation } from '../../src/optimizers/recommendation.js'
import { DEFAULT_TRIAL_POLICY } from '../../src/optimizers/trial-policy.js'
import type { ImportRecord, JobRecord, JobState } from '../../src/store/records.js'
import type { Store } from '../../src/store/store.js'
import type { RecommendOutcome } from '../../src/studies/ports.js'
import type { JobQueue } from '../../src/workers/index.js'

export const HASH = '0'.repeat(64)

export const PROBLEM: CompleteProblem = {
  domains: [{ name: 'web' }, { name: 'code' }],
  metrics: [{ name: 'loss', direction: 'minimize' }],
  objective: { type: 'mean', scale: 'none' },
  fidelities: [
    { name: '1M', evaluator: 'table', cost: 1, order: 0 },
    { name: '60M', evaluator: 'table', cost: 60, order: 1 },
  ],
}

export const OUTCOME = {
  recommendation: { weights: { web: 0.4, code: 0.6 } } as unknown as Recommendation,
  models: [{ metric: 'loss', surrogate: 'ridge', model: '{"version":1}' }],
} satisfies RecommendOutcome

export const IMPORT: Omit<
  ImportRecord,
  'id' | 'studyId' | 'state' | 'rowCount' | 'createdAt' | 'completedAt'
> = {
  role: 'train',
  holdout: '',
  fidelity: '1M',
  format: 'json',
  warnings: [],
  evaluations: null,
  contentHash: HASH,
}

export async function insertStudy(store: Store): Promise<string> {
  const id = uuid()
  await store.studies.insert({
    id,
    owner: null,
    name: 'a study',
    labels: {},
    problem: PROBLEM,
    problemHash: HASH,
    method: 'mixing-laws',
    params: {},
    seed: 7,
    corpusId: null,
    ingestionId: null,
    trialPolicy: DEFAULT_TRIAL_POLICY,
  })
  return id
}

export async function importRuns(
  store: Store,
  studyId: string,
  about: { role?: 'holdout'; holdout?: string; fidelity: string },
  runIds: string[],
): Promise<string> {
  const id = uuid()
  await store.imports.begin({ ...IMPORT, ...about, id, studyId })
  const rows: RunRow[] = runIds.map((runId) => ({
    runId,
    weights: [0.25, 0.75],
    values: { loss: 3 },
  }))
  await store.imports.appendRows(id, JSON.stringify(rows))
  await store.imports.complete(id, { rowCount: rows.length, warnings: [] })
  return id
}

export async function requestFit(
  store: Store,
  studyId: string,
  importIds: string[],
): Promise<{ jobId: string; fitId: string }> {
  const [jobId, fitId] = [uuid(), uuid()]
  const fit = {
    id: fitId,
    studyId,
    jobId,
    method: 'mixing-laws',
    surrogate: 'auto',
    params: { lambda: 0.5 },
    seed: 7,
    fidelity: '1M',
    importIds,
    trialIds: [],
    dataHash: HASH,
  }
  await store.fits.insertWithJob(fit, { id: jobId, kind: 'fit' })
  return { jobId, fitId }
}

/** Looks until the job is as it should be; the test's own time limit ends the wait. */
export async function waitFor(
  store: Store,
  jobId: string,
  isThere: (job: JobRecord) => boolean,
): Promise<JobRecord> {
  for (;;) {
    const job = await store.jobs.get(jobId)
    if (job && isThere(job)) return job
    await pause()
  }
}

export function waitForState(store: Store, jobId: string, state: JobState): Promise<JobRecord> {
  return waitFor(store, jobId, (job) => job.state === state)
}

/** Until the queue has nothing waiting and at most `atWork` jobs at work. */
export async function idleBut(queue: JobQueue, atWork: number): Promise<void> {
  for (;;) {
    const { waiting, active, delayed } = await queue.health()
    if (waiting + delayed === 0 && active <= atWork) return
    await pause()
  }
}

export function idle(queue: JobQueue): Promise<void> {
  return idleBut(queue, 0)
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}

export function untilAborted(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
  })
}
