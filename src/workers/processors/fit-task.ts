import type { MixwrightError } from '../../errors.js'
import type { SurrogateName } from '../../optimizers/surrogates/types.js'
import type { FitRecord, ImportRecord, JobRecord, StudyRecord } from '../../store/records.js'
import type { Store } from '../../store/store.js'
import type { RecommendTask } from '../../studies/ports.js'
import { placed, previousGone, previousOf } from '../../studies/previous-studies.js'
import { type RunSource, readSource, sourcesByFidelity } from '../../studies/run-sources.js'

export interface LoadedFit {
  fitId: string
  task: RecommendTask | undefined
  /** Why there is no task. */
  refusal?: MixwrightError
}

/** What the job is to compute, with the rows of its imports and trials; undefined when its study was deleted. */
export async function loadFitTask(store: Store, job: JobRecord): Promise<LoadedFit | undefined> {
  const fit = await store.fits.get(job.subjectId)
  const study = fit && (await store.studies.get(fit.studyId))
  if (!fit || !study) return undefined
  const fitId = fit.id
  const own = await usedOf(store, study, fit)
  const sources = own.sources
  for (const previous of previousOf(fit)) {
    const record = await store.studies.get(previous.study)
    if (!record) return { fitId, task: undefined, refusal: previousGone(previous) }
    const used = await usedOf(store, record, fit)
    sources.push(...placed(study.problem, previous, record, used.sources))
  }
  const { fidelity } = fit
  const isOwn = (source: RunSource) => source.fidelity === fidelity && source.from === undefined
  const training = sources.find(isOwn) ?? { fidelity, importIds: [], trialIds: [] }
  const others = sources.filter((source) => !isOwn(source))
  return {
    fitId,
    task: {
      problem: study.problem,
      problemHash: study.problemHash,
      method: fit.method,
      surrogate: fit.surrogate as SurrogateName | 'auto',
      params: fit.params,
      seed: fit.seed,
      training: await readSource(store, training),
      others: await inOrder(others, (source) => readSource(store, source)),
      holdouts: await inOrder(holdoutGroups(own.imports), async (group) => {
        const [{ holdout: name, fidelity: at }] = group
        const source = { fidelity: at, importIds: group.map(({ id }) => id), trialIds: [] }
        return { name, ...(await readSource(store, source)) }
      }),
    },
  }
}

/** One at a time: pages of many tables at once would be as many statements at once. */
async function inOrder<T, R>(all: readonly T[], read: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const one of all) results.push(await read(one))
  return results
}

/** What the fit is made from of a study. */
async function usedOf(
  store: Store,
  { id: studyId, problem }: StudyRecord,
  fit: FitRecord,
): Promise<{ imports: ImportRecord[]; sources: RunSource[] }> {
  const imports = (await store.imports.list(studyId))
    .filter(({ id }) => fit.importIds.includes(id))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const training = imports.filter(({ role }) => role === 'train')
  const trials = await store.trials.origins(fit.trialIds)
  const ofStudy = trials.filter((trial) => trial.studyId === studyId)
  return { imports, sources: sourcesByFidelity(problem, training, ofStudy) }
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
