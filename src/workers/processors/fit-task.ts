import type { SurrogateName } from '../../optimizers/surrogates/types.js'
import type { ImportRecord, JobRecord } from '../../store/records.js'
import type { Store } from '../../store/store.js'
import type { RecommendTask } from '../../studies/ports.js'

export interface LoadedFit {
  fitId: string
  task: RecommendTask
}

/** What the job is to compute, with the rows of its imports and trials; undefined when its study was deleted. */
export async function loadFitTask(store: Store, job: JobRecord): Promise<LoadedFit | undefined> {
  const fit = await store.fits.get(job.subjectId)
  const study = fit && (await store.studies.get(fit.studyId))
  if (!fit || !study) return undefined
  const used = (await store.imports.list(study.id)).filter(({ id }) => fit.importIds.includes(id))
  const training = used.filter(
    ({ role, fidelity }) => role === 'train' && fidelity === fit.fidelity,
  )
  const holdouts = []
  for (const group of holdoutGroups(used)) {
    const [{ holdout: name, fidelity }] = group
    holdouts.push({ name, fidelity, pages: await readPages(store, group) })
  }
  return {
    fitId: fit.id,
    task: {
      problem: study.problem,
      problemHash: study.problemHash,
      method: fit.method,
      surrogate: fit.surrogate as SurrogateName | 'auto',
      params: fit.params,
      seed: fit.seed,
      training: {
        fidelity: fit.fidelity,
        pages: [...(await readPages(store, training)), ...(await readTrials(store, fit.trialIds))],
      },
      holdouts,
    },
  }
}

/** Imports of one hold-out at one fidelity belong together. */
function holdoutGroups(imports: readonly ImportRecord[]): ImportRecord[][] {
  const groups = new Map<string, ImportRecord[]>()
  for (const table of imports) {
    if (table.role !== 'holdout') continue
    const key = JSON.stringify([table.holdout, table.fidelity])
    groups.set(key, [...(groups.get(key) ?? []), table])
  }
  return [...groups.values()]
}

/** Oldest import first, whatever order the store lists them in: the same fit reads the same rows. */
async function readPages(store: Store, imports: readonly ImportRecord[]): Promise<string[]> {
  const ids = imports.map(({ id }) => id).sort()
  const pages: string[] = []
  for await (const page of store.imports.readRows(ids)) pages.push(page)
  return pages
}

async function readTrials(store: Store, trialIds: readonly string[]): Promise<string[]> {
  const pages: string[] = []
  for await (const page of store.trials.readRows(trialIds)) pages.push(page)
  return pages
}
