import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import type { ProblemRequest } from '../optimizers/problem.js'
import {
  changeTrialPolicy,
  DEFAULT_TRIAL_POLICY,
  type TrialPolicyRequest,
} from '../optimizers/trial-policy.js'
import type { JobRecord, StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { refuseSmallDomains, resolveProblem } from './corpus-problem.js'
import { completeParams, DEFAULT_METHOD, findMethod, refuseParams } from './methods.js'
import { refusePrevious } from './previous-studies.js'
import { checkProblem, hashProblem } from './problem.js'
import type { SearchService } from './searches.js'
import type { StudyFactsCache } from './study-facts.js'
import { trialCancelled } from './trial-events.js'

export interface NewStudy {
  /** A study that has the id already was made by an earlier try: it is the one that is wanted. Default: a new id. */
  id?: string
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
  trialPolicy?: TrialPolicyRequest
}

/** What may change; what is left out stays. */
export interface StudyChange {
  name?: string
  /** Labels to add or to replace; null removes one. */
  labels?: Record<string, string | null>
  trialPolicy?: TrialPolicyRequest
}

/** The versions of a study at which a change is still wanted. */
export type WantedVersions = 'any' | readonly number[]

const MOST_LABELS = 50

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
  /** @throws MixwrightError `study-not-found`, `precondition-failed`, `validation-failed` */
  update(id: string, change: StudyChange, versions: WantedVersions): Promise<StudyRecord>
  /**
   * Cancels its search, the trials that others run and all of its jobs, as far as they have not ended; what was found stays. Where
   * others run trials, the policy's `maxTrials` becomes the number of those there are, so that no client is given a new one until
   * it is raised.
   * @throws MixwrightError `study-not-found`
   */
  cancel(id: string): Promise<StudyRecord>
  /**
   * Removes the study with its runs, searches, trials, fits and jobs; what is at work for it is stopped.
   * @throws MixwrightError `study-not-found`, `precondition-failed`
   */
  delete(id: string, versions?: WantedVersions): Promise<void>
}

export const DEFAULT_SEED = 42

export function createStudyService(
  store: Store,
  searches: Pick<SearchService, 'cancel'>,
  facts: Pick<StudyFactsCache, 'forget'>,
): StudyService {
  return {
    async create(input) {
      const made = input.id === undefined ? undefined : await store.studies.get(input.id)
      if (made) return made
      const { problem: asked, manifest } = await resolveProblem(store, input.problem, '/problem')
      const compiled = checkProblem(asked, '/problem')
      if (manifest) refuseSmallDomains(compiled.problem, manifest, '/problem')
      const method = findMethod(input.method ?? DEFAULT_METHOD, '/method')
      const params = completeParams(method, input.params ?? {}, '/params')
      refuseParams(method, compiled, params, '')
      const { problem } = compiled
      await refusePrevious(store, problem, { method: method.name, params })
      return store.studies.insert({
        id: input.id ?? uuid(),
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
        trialPolicy: changeTrialPolicy(DEFAULT_TRIAL_POLICY, input.trialPolicy ?? {}),
      })
    },
    get: (id) => requireStudy(store, id),
    async list({ limit, after, label }) {
      return listing(await store.studies.list({ limit: limit + 1, after, label }), limit)
    },
    async update(id, change, versions) {
      for (;;) {
        const study = await requireStudy(store, id)
        refuseVersion(study, versions)
        const updated = await store.studies.update(id, study.version, changesOf(study, change))
        if (!updated) continue
        facts.forget(id)
        return updated
      }
    },
    async cancel(id) {
      const study = await requireStudy(store, id)
      await cancelSearches(store, searches, id)
      if (study.problem.fidelities.some(({ evaluator }) => evaluator === 'external')) {
        await store.externalTrials.cancelAll(id, trialCancelled)
        facts.forget(id)
      }
      for (const job of await unfinishedJobs(store, id)) await store.jobs.requestCancel(job.id)
      return requireStudy(store, id)
    },
    async delete(id, versions = 'any') {
      await deleteStudy(store, id, versions)
      facts.forget(id)
    },
  }
}

async function deleteStudy(store: Store, id: string, versions: WantedVersions): Promise<void> {
  if (versions === 'any') {
    if (!(await store.studies.delete(id))) throw studyNotFound(id)
    return
  }
  for (;;) {
    const study = await requireStudy(store, id)
    refuseVersion(study, versions)
    if (await store.studies.delete(id, study.version)) return
  }
}

function refuseVersion({ id, version }: StudyRecord, versions: WantedVersions): void {
  if (versions === 'any' || versions.includes(version)) return
  const detail = `The study ${id} has the version ${version}.`
  throw new MixwrightError('precondition-failed', detail)
}

function changesOf(
  study: StudyRecord,
  { name, labels, trialPolicy }: StudyChange,
): Partial<Pick<StudyRecord, 'name' | 'labels' | 'trialPolicy'>> {
  return {
    ...(name !== undefined && { name }),
    ...(labels && { labels: mergeLabels(study.labels, labels) }),
    ...(trialPolicy && { trialPolicy: changeTrialPolicy(study.trialPolicy, trialPolicy) }),
  }
}

function mergeLabels(
  labels: Record<string, string>,
  change: Record<string, string | null>,
): Record<string, string> {
  const merged = Object.entries({ ...labels, ...change }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  )
  if (merged.length <= MOST_LABELS) return Object.fromEntries(merged)
  throw new MixwrightError('validation-failed', 'The study would have too many labels.', [
    {
      pointer: '/labels',
      detail: `With those that it has they would be ${merged.length}; at most ${MOST_LABELS} are allowed.`,
    },
  ])
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
