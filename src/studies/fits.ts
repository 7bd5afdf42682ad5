import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import type { SurrogateName } from '../optimizers/surrogates/types.js'
import type { Optimizer } from '../optimizers/types.js'
import type { FitRecord, JobRecord, StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { dataOfFit, type FitData, learnsFromFidelities } from './fit-data.js'
import { fittableRuns } from './fittable-runs.js'
import { completeParams, findMethod, refuseParams, refuseSurrogate } from './methods.js'
import type { Doorbell } from './ports.js'
import { refusePrevious } from './previous-studies.js'
import { compileStored } from './problem.js'
import { requireStudy } from './studies.js'

export interface FitRequest {
  /** A fit that has the id already was made by an earlier try: it is the one that is wanted. Default: a new id. */
  id?: string
  /** Default: the study's. */
  method?: string
  /** Default `auto`. */
  surrogate?: SurrogateName | 'auto'
  /** Default: the study's, when the method is the study's. */
  params?: Record<string, unknown>
  /** Default: the study's. */
  seed?: number
  /** The fidelity whose training runs are fitted. Default: the one closest to the target run that has training runs. */
  fidelity?: string
}

export interface FitService {
  /**
   * Stores the fit and its job, then wakes a worker.
   * @throws MixwrightError, and stores nothing then: `study-not-found` also when a previous study of the study's own parameters was deleted
   */
  request(studyId: string, input: FitRequest): Promise<{ fit: FitRecord; job: JobRecord }>
  /** @throws MixwrightError `fit-not-found` or `study-not-found` */
  get(studyId: string, fitId: string): Promise<FitRecord>
}

export function createFitService(store: Store, doorbell: Doorbell): FitService {
  return {
    async request(studyId, input) {
      const study = await requireStudy(store, studyId)
      const made = input.id === undefined ? undefined : await madeBefore(store, input.id)
      if (made) {
        await doorbell.ring('fit', made.job.id)
        return made
      }
      const method = findMethod(input.method ?? study.method, '/method')
      const given = input.params ?? (method.name === study.method ? study.params : {})
      const params = completeParams(method, given, '/params')
      refuseParams(method, compileStored(study.problem), params, '')
      const used = { method: method.name, params }
      // Those of the study were checked when it was created; that one was deleted since is found where they are read.
      if (given !== study.params) await refusePrevious(store, study.problem, used, studyId)
      const surrogate = input.surrogate ?? 'auto'
      refuseSurrogate(method, surrogate, '/surrogate')
      const runs = await fittableRuns(store, studyId)
      const fidelity = chooseFidelity(study, runs.fidelities, input.fidelity)
      const data = await dataOfFit(store, study, runs, { ...used, fidelity })
      if (method.needsRuns) requireRuns(study, method, data)
      const jobId = uuid()
      const inserted = await store.fits
        .insertWithJob(
          {
            id: input.id ?? uuid(),
            studyId,
            jobId,
            ...used,
            surrogate,
            seed: input.seed ?? study.seed,
            fidelity,
            importIds: data.importIds,
            trialIds: data.trialIds,
            dataHash: data.dataHash,
          },
          { id: jobId, kind: 'fit' },
        )
        .catch(async (error) => {
          await requireStudy(store, studyId)
          throw error
        })
      await doorbell.ring('fit', jobId)
      return inserted
    },
    async get(studyId, fitId) {
      await requireStudy(store, studyId)
      const fit = await store.fits.get(fitId)
      if (fit?.studyId === studyId) return fit
      throw new MixwrightError(
        'fit-not-found',
        `There is no fit with the id ${fitId} in this study.`,
      )
    },
  }
}

async function madeBefore(store: Store, id: string) {
  const fit = await store.fits.get(id)
  const job = fit && (await store.jobs.get(fit.jobId))
  return job && { fit, job }
}

/**
 * @param withRuns fidelities that have training runs
 * @throws MixwrightError `validation-failed` for a fidelity that the problem does not have
 */
export function chooseFidelity(
  study: Pick<StudyRecord, 'problem'>,
  withRuns: ReadonlySet<string>,
  asked?: string,
): string {
  const { fidelities } = study.problem
  const names = fidelities.map(({ name }) => name)
  if (asked !== undefined) {
    if (names.includes(asked)) return asked
    throw new MixwrightError('validation-failed', 'The fidelity is not known.', [
      { pointer: '/fidelity', detail: `"${asked}" is not among ${names.join(', ')}.` },
    ])
  }
  const fittable = fidelities.filter(({ name }) => withRuns.has(name))
  const [closest] = (fittable.length > 0 ? fittable : fidelities).toSorted(
    (a, b) => b.order - a.order,
  )
  return closest.name
}

function requireRuns(study: StudyRecord, method: Optimizer, data: FitData): void {
  const needed = study.problem.domains.length + 1
  const isAny = learnsFromFidelities({ method: method.name })
  const runs = isAny ? data.runs + data.otherRuns : data.runs
  if (runs >= needed) return
  const where = isAny ? 'at all fidelities together' : `at fidelity "${data.fidelity}"`
  throw new MixwrightError(
    'too-few-runs',
    `The study has ${runs} training run${runs === 1 ? '' : 's'} ${where}; ` +
      `fitting ${needed - 1} domains takes at least ${needed} distinct mixtures.`,
  )
}
