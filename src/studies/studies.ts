import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import type { Problem } from '../optimizers/problem.js'
import type { StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { completeParams, DEFAULT_METHOD, findMethod, refuseParams } from './methods.js'
import { checkProblem, hashProblem } from './problem.js'

export interface NewStudy {
  name: string
  labels?: Record<string, string>
  problem: Problem
  /** Default `mixing-laws`. */
  method?: string
  params?: Record<string, unknown>
  /** Default 42. */
  seed?: number
  owner?: string | null
}

export interface Listing<T> {
  items: T[]
  hasMore: boolean
}

export interface StudyService {
  /** @throws MixwrightError `validation-failed`, `infeasible-space`; nothing is stored then */
  create(input: NewStudy): Promise<StudyRecord>
  /** @throws MixwrightError `study-not-found` */
  get(id: string): Promise<StudyRecord>
  list(query: {
    limit: number
    after?: string
    label?: [string, string]
  }): Promise<Listing<StudyRecord>>
  /** Removes the study with its runs, fits and jobs. @throws MixwrightError `study-not-found` */
  delete(id: string): Promise<void>
}

export const DEFAULT_SEED = 42

export function createStudyService(store: Store): StudyService {
  return {
    async create(input) {
      const compiled = checkProblem(input.problem, '/problem')
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
      })
    },
    get: (id) => requireStudy(store, id),
    async list({ limit, after, label }) {
      return listing(await store.studies.list({ limit: limit + 1, after, label }), limit)
    },
    async delete(id) {
      if (!(await store.studies.delete(id))) throw studyNotFound(id)
    },
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
