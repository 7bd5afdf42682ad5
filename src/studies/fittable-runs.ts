import type { ImportRecord, TrialRecord } from '../store/records.js'
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

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
