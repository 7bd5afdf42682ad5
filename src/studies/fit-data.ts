import type { RunRow } from '../formats/run-row.js'
import { hashCanonical } from '../optimizers/canonical-json.js'
import type { ImportRecord, StudyRecord, TrialRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { completeImports } from './imports.js'

/** What a study has to learn from: imported tables, and proxies that were trained to their end. */
export interface FittableRuns {
  imports: ImportRecord[]
  /** Completed trials of searches; what comparisons trained is for judging a fit, not for making it. */
  trials: TrialRecord[]
  /** Those that have training runs. */
  fidelities: ReadonlySet<string>
}

/** The data of one fit, fixed when it is requested. */
export interface FitData {
  fidelity: string
  importIds: string[]
  trialIds: string[]
  /** SHA-256 (hex) over the problem and all runs. */
  dataHash: string
  /** Training runs, of imports and trials together. */
  runs: number
}

export async function fittableRuns(store: Store, studyId: string): Promise<FittableRuns> {
  const imports = await completeImports(store, studyId)
  const trials = await completedTrials(store, studyId)
  const training = imports.filter(({ role }) => role === 'train')
  return {
    imports,
    trials,
    fidelities: new Set([...training, ...trials].map(({ fidelity }) => fidelity)),
  }
}

export async function dataOfFit(
  store: Store,
  { problemHash }: Pick<StudyRecord, 'problemHash'>,
  { imports, trials }: FittableRuns,
  fidelity: string,
): Promise<FitData> {
  const usedImports = imports
    .filter(({ role, fidelity: at }) => role === 'holdout' || at === fidelity)
    .sort(byId)
  const trialIds = trials.filter(({ fidelity: at }) => at === fidelity).map(({ id }) => id)
  const imported = usedImports
    .filter(({ role }) => role === 'train')
    .reduce((sum, { rowCount }) => sum + rowCount, 0)
  const hashes = usedImports.map(({ contentHash }) => contentHash)
  return {
    fidelity,
    importIds: usedImports.map(({ id }) => id),
    trialIds,
    dataHash: hashCanonical([problemHash, hashes, ...(await trialHashes(store, trialIds))]),
    runs: imported + trialIds.length,
  }
}

const PAGE = 500

/** In the order of their searches and positions, which the order of their ids is. */
async function completedTrials(store: Store, studyId: string): Promise<TrialRecord[]> {
  const searches = await allPages((after) => store.searches.list(studyId, { limit: PAGE, after }))
  const ids = new Set(searches.filter(({ purpose }) => purpose === 'search').map(({ id }) => id))
  const completed = await allPages((after) =>
    store.trials.list({ studyId, state: 'completed', limit: PAGE, after }),
  )
  return completed.filter(({ searchId }) => searchId === null || ids.has(searchId)).sort(byId)
}

async function allPages<T extends { id: string }>(
  page: (after: string | undefined) => Promise<T[]>,
): Promise<T[]> {
  const all: T[] = []
  for (;;) {
    const next = await page(all.at(-1)?.id)
    all.push(...next)
    if (next.length < PAGE) return all
  }
}

/** Hashes of what the trials measured, without their ids: the same proxies trained again give the same. */
async function trialHashes(store: Store, trialIds: readonly string[]): Promise<string[]> {
  const hashes: string[] = []
  for await (const page of store.trials.readRows(trialIds)) {
    const rows = JSON.parse(page) as RunRow[]
    hashes.push(
      ...rows.map(({ weights, values, tokens }) => hashCanonical([weights, values, tokens])),
    )
  }
  return hashes
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
