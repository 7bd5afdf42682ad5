import { createHash } from 'node:crypto'
import { v7 } from 'uuid'
import type { RunRow } from '../../../src/formats/run-row.js'
import type { CompleteProblem } from '../../../src/optimizers/problem.js'
import { DEFAULT_TRIAL_POLICY } from '../../../src/optimizers/trial-policy.js'
import type { OpenStore } from '../../../src/store/index.js'
import type { FitRecord, ImportRecord, JobRecord, StudyRecord } from '../../../src/store/records.js'

export const newId = (): string => v7()
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Keys neither sorted nor sorted by length, so that a column that reorders them is noticed. */
export const problem: CompleteProblem = {
  targetTokens: 1e12,
  domains: [
    { tokens: 2e11, name: 'web' },
    { name: 'code', maxEpochs: 2.5 },
  ],
  metrics: [{ unit: 'nats/token', name: 'metric/zebra', direction: 'minimize' }],
  objective: { type: 'mean', scale: 'none' },
  fidelities: [{ name: 'small', evaluator: 'table', cost: 1, order: 0 }],
}

type NewStudy = Parameters<OpenStore['studies']['insert']>[0]

export function newStudy(change: Partial<NewStudy> = {}): NewStudy {
  return {
    id: newId(),
    owner: null,
    name: 'a study',
    labels: {},
    problem,
    problemHash: hashOf('problem'),
    method: 'regmix',
    params: { samples: 1000, bestK: 10 },
    seed: 42,
    corpusId: null,
    ingestionId: null,
    trialPolicy: DEFAULT_TRIAL_POLICY,
    ...change,
  }
}

export function newImport(
  study: { id: string },
  change: Partial<ImportRecord> = {},
): Parameters<OpenStore['imports']['begin']>[0] {
  return {
    id: newId(),
    studyId: study.id,
    role: 'train',
    holdout: '',
    fidelity: 'small',
    format: 'json',
    warnings: [],
    evaluations: null,
    contentHash: hashOf('content'),
    ...change,
  }
}

export function runRow(index: number, change: Partial<RunRow> = {}): RunRow {
  const web = ((index * 37) % 101) / 101
  return {
    runId: `run-${index}`,
    weights: [web, 1 - web],
    values: { 'metric/zebra': 3 + web / 7, accuracy: index / 10 - 1 },
    tokens: 1e9,
    ...change,
  }
}

export const runRows = (count: number, from = 0): RunRow[] =>
  Array.from({ length: count }, (_, index) => runRow(from + index))

/** Writes a complete import of the rows. */
export async function importRows(
  store: OpenStore,
  study: StudyRecord,
  rows: readonly RunRow[],
  change: Partial<ImportRecord> = {},
): Promise<ImportRecord> {
  const record = newImport(study, change)
  await store.imports.begin(record)
  await store.imports.appendRows(record.id, JSON.stringify(rows))
  return store.imports.complete(record.id, { rowCount: rows.length, warnings: [] })
}

export async function readAll(
  store: OpenStore,
  importIds: string[],
  pageRows?: number,
): Promise<(RunRow & { importId: string })[]> {
  const rows: (RunRow & { importId: string })[] = []
  for await (const page of store.imports.readRows(importIds, pageRows))
    rows.push(...JSON.parse(page))
  return rows
}

export function newFit(study: StudyRecord, importIds: string[] = []) {
  const id = newId()
  return {
    id,
    studyId: study.id,
    jobId: newId(),
    method: 'regmix',
    surrogate: 'auto',
    params: { z: 1, a: { y: 2, b: [3] } },
    seed: 7,
    fidelity: 'small',
    importIds,
    trialIds: [] as string[],
    dataHash: hashOf(id),
  }
}

/** A queued fit with its job. */
export async function queueFit(
  store: OpenStore,
  study: StudyRecord,
  importIds: string[] = [],
): Promise<{ fit: FitRecord; job: JobRecord }> {
  const fit = newFit(study, importIds)
  return store.fits.insertWithJob(fit, { id: fit.jobId, kind: 'fit' })
}

/** A queued fit taken through to its end. */
export async function finishFit(
  store: OpenStore,
  study: StudyRecord,
  importIds: string[] = [],
): Promise<FitRecord> {
  const { fit, job } = await queueFit(store, study, importIds)
  await store.jobs.claim(job.id, 'a worker', new Date(0))
  await store.fits.finish(fit.id, 'a worker', {
    recommendation: { weights: { web: 0.75, code: 0.25 } },
    models: [{ metric: 'metric/zebra', surrogate: 'ridge', model: '{"a":[1]}' }],
  })
  return (await store.fits.get(fit.id))!
}
