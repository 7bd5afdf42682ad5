import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import type { ProblemRequest } from '../optimizers/problem.js'
import { DEFAULT_TRIAL_POLICY, type TrialPolicy } from '../optimizers/trial-policy.js'
import type { JobRecord, StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { refuseSmallDomains, resolveProblem } from './corpus-problem.js'
import { completeParams, DEFAULT_METHOD, findMethod, refuseParams } from './methods.js'
import { checkProblem, hashProblem } from './problem.js'
import type { SearchService } from './searches.js'

export interface NewStudy {
  name: string
  labels?: Record<string, string>
  problem: ProblemRequest
  /** Default `mixing-laws`. */
  method?: string
  params?: Record<string, unknown>
  /** Default 42. */
  seed?: number
  owner?: string | null
  /** How trials are handed out to clients. Defaults in DEFAULT_TRIAL_POLICY. */
  trialPolicy?: Partial<TrialPolicy>
}

export interface Listing<T> {
  items: T[]
  hasMore: boolean
}

export interface StudyService {
  /**
   * @throws MixwrightError `validation-failed`, `infeasible-space`, and of a problem with a corpus `corpus-not-found`,
   * `corpus-not-ready`, `domain-too-small`; nothing is stored then
   */
  create(input: NewStudy): Promise<StudyRecord>
  /** @throws MixwrightError `study-not-found` */
  get(id: string): Promise<StudyRecord>
  list(query: {
    limit: number
    after?: string
    label?: [string, string]
  }): Promise<Listing<StudyRecord>>
  /**
   * Cancels its search and all of its jobs that have not ended; what was found stays.
   * @throws MixwrightError `study-not-found`
   */
  cancel(id: string): Promise<StudyRecord>
  /**
   * Removes the study with its runs, searches, trials, fits and jobs; what is at work for it is stopped.
   * @throws MixwrightError `study-not-found`
   */
  delete(id: string): Promise<void>
}

export const DEFAULT_SEED = 42

export function createStudyService(
  store: Store,
  searches: Pick<SearchService, 'cancel'>,
): StudyService {
  return {
    async create(input) {
      const { problem: asked, manifest } = await resolveProblem(store, input.problem, '/problem')
      const compiled = checkProblem(asked, '/problem')
      if (manifest) refuseSmallDomains(compiled.problem, manifest, '/problem')
      const method = findMethod(input.method ?? DEFAULT_METHOD, '/method')
      const params = completeParams(method, input.params ?? {}, '/params')
      refuseParams(method, compiled, params, '')
      const { problem } = compiled
      return store.studies.insert({
        id: uuid(),
        owner: input.owner ?? null,
        name: input.name,
        labels: input.labels ?? {},
        problem,
        problemHash: hashProblem(problem),
        method: method.name,
        params,
        seed: input.seed ?? DEFAULT_SEED,
        corpusId: problem.corpus?.id ?? null,
        ingestionId: problem.corpus?.ingestion ?? null,
        trialPolicy: { ...DEFAULT_TRIAL_POLICY, ...input.trialPolicy },
      })
    },
    get: (id) => requireStudy(store, id),
    async list({ limit, after, label }) {
      return listing(await store.studies.list({ limit: limit + 1, after, label }), limit)
    },
    async cancel(id) {
      const study = await requireStudy(store, id)
      await cancelSearches(store, searches, id)
      for (const job of await unfinishedJobs(store, id)) await store.jobs.requestCancel(job.id)
      return study
    },
    async delete(id) {
      if (!(await store.studies.delete(id))) throw studyNotFound(id)
    },
  }
}

async function cancelSearches(
  store: Store,
  searches: Pick<SearchService, 'cancel'>,
  studyId: string,
): Promise<void> {
  const ofStudy = (await store.searches.unfinished()).filter((search) => search.studyId === studyId)
  for (const { id } of ofStudy) {
    await searches.cancel(studyId, id).catch((error) => {
      // It may have come to its end in the meantime; then there is nothing to cancel.
      if (!(error instanceof MixwrightError && error.code === 'search-already-ended')) throw error
    })
  }
}

const PAGE = 500

async function unfinishedJobs(store: Store, studyId: string): Promise<JobRecord[]> {
  const unfinished: JobRecord[] = []
  let after: string | undefined
  for (;;) {
    const page = await store.jobs.list({ studyId, limit: PAGE, after })
    unfinished.push(...page.filter(({ state }) => state === 'queued' || state === 'running'))
    if (page.length < PAGE) return unfinished
    after = page[page.length - 1].id
  }
}

/** @throws MixwrightError `study-not-found` */
export async function requireStudy(store: Store, id: string): Promise<StudyRecord> {
  const study = await store.studies.get(id)
  if (!study) throw studyNotFound(id)
  return study
}

function studyNotFound(id: string): MixwrightError {
  return new MixwrightError('study-not-found', `There is no study with the id ${id}.`)
}

/** One row more than the limit is asked for, to know whether there is a next page. */
export function listing<T>(rows: T[], limit: number): Listing<T> {
  return { items: rows.slice(0, limit), hasMore: rows.length > limit }
}
