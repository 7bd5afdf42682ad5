import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import type { Problem } from '../optimizers/problem.js'
import type { BacktestRecord, ListedBacktest } from '../store/backtest-contract.js'
import type { JobRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { type BacktestChoices, type BacktestPlan, planBacktest } from './backtest-plan.js'
import {
  findStudyRuns,
  type InlineTable,
  nameTables,
  parseInlineRuns,
  readStudyRuns,
  type StudyRuns,
} from './backtest-runs.js'
import { type RequestShape, settleBacktest } from './backtest-settings.js'
import type { Limits } from './limits.js'
import { DEFAULT_METHOD } from './methods.js'
import type { Compute, Doorbell, RunPages } from './ports.js'
import { withoutPrevious } from './previous-studies.js'
import { checkProblem, compileStored } from './problem.js'
import { type Listing, listing, requireStudy } from './studies.js'

/** Either `study`, or `problem` with `tables`. */
export interface BacktestRequest extends BacktestChoices {
  /** A backtest that has the id already was made by an earlier try: it is the one that is wanted. Default: a new id. */
  id?: string
  /** Id of the study whose runs are replayed. */
  study?: string
  problem?: Problem
  tables?: InlineTable[]
}

export interface BacktestService {
  /**
   * Checks the runs, stores the backtest and its job, then wakes a worker.
   * @throws MixwrightError `validation-failed`, `rows-invalid`, `infeasible-space`, `study-not-found`, `backtest-too-large`, and
   *   stores nothing then
   */
  request(input: BacktestRequest): Promise<{ backtest: BacktestRecord; job: JobRecord }>
  /** @throws MixwrightError `backtest-not-found` */
  get(id: string): Promise<BacktestRecord>
  list(query: { limit: number; after?: string; studyId?: string }): Promise<Listing<ListedBacktest>>
  /** Removes the backtest with its job; one that is at work is stopped. @throws MixwrightError `backtest-not-found` */
  delete(id: string): Promise<void>
}

export interface BacktestServiceOptions {
  store: Store
  compute: Pick<Compute, 'parseTable' | 'surveyRuns'>
  doorbell: Doorbell
  limits: Limits
}

export function createBacktestService(options: BacktestServiceOptions): BacktestService {
  const { store, doorbell } = options
  return {
    async request(input) {
      const made = input.id === undefined ? undefined : await madeBefore(store, input.id)
      const requested = made ?? (await insert(options, input, await prepare(options, input)))
      await doorbell.ring('backtest', requested.job.id)
      return requested
    },
    async get(id) {
      const backtest = await store.backtests.get(id)
      if (backtest) return backtest
      throw backtestNotFound(id)
    },
    async list({ limit, after, studyId }) {
      return listing(await store.backtests.list({ limit: limit + 1, after, studyId }), limit)
    },
    async delete(id) {
      if (!(await store.backtests.delete(id))) throw backtestNotFound(id)
    },
  }
}

async function madeBefore(store: Store, id: string) {
  const backtest = await store.backtests.get(id)
  const job = backtest && (await store.jobs.get(backtest.jobId))
  return job && { backtest, job }
}

/** A request with the runs that it is about. */
interface Prepared extends StudyRuns {
  studyId: string | null
  plan: BacktestPlan
  shape: RequestShape
  runs: RunPages[]
}

function prepare(options: BacktestServiceOptions, input: BacktestRequest): Promise<Prepared> {
  const { study, problem, tables } = input
  if (study !== undefined && !problem && !tables) return ofStudy(options, input, study)
  if (study === undefined && problem && tables) return inline(options, input, problem, tables)
  const pointer = problem ? '/tables' : '/problem'
  throw new MixwrightError('validation-failed', 'It is not clear what is to be replayed.', [
    {
      pointer: study === undefined && (problem || tables) ? pointer : '/study',
      detail: 'Give either `study`, or `problem` and `tables`.',
    },
  ])
}

async function ofStudy(
  { store, limits }: BacktestServiceOptions,
  input: BacktestRequest,
  id: string,
): Promise<Prepared> {
  const study = await requireStudy(store, id)
  const { problem, method } = study
  const used = await findStudyRuns(store, study, limits)
  const runs = await readStudyRuns(store, study, used)
  const fidelities = runs.map(({ fidelity }) => fidelity)
  const plan = planBacktest(input, {
    compiled: compileStored(problem),
    fidelities,
    givenCosts: distinguishable(problem.fidelities, fidelities, input.costs ?? {}),
    defaultMethod: { method, params: withoutPrevious(study) },
    place: '/study',
  })
  return { studyId: study.id, plan, shape: { tables: '/study' }, runs, ...used }
}

/**
 * A stored problem has a cost of 1 where none was given. Where several fidelities have it, nobody has said what a run at each is
 * worth, and to replay how methods choose between them would say nothing.
 */
function distinguishable(
  fidelities: readonly { name: string; cost: number }[],
  withRuns: readonly string[],
  costs: Record<string, number>,
): Set<string> {
  const costOf = new Map(
    fidelities
      .filter(({ name }) => withRuns.includes(name))
      .map(({ name, cost }) => [name, Object.hasOwn(costs, name) ? costs[name] : cost]),
  )
  const unsaid = [...costOf].filter(([, cost]) => cost === 1).map(([name]) => name)
  return new Set(withRuns.filter((name) => unsaid.length < 2 || !unsaid.includes(name)))
}

async function inline(
  { compute, limits }: BacktestServiceOptions,
  input: BacktestRequest,
  given: Problem,
  tables: InlineTable[],
): Promise<Prepared> {
  const compiled = checkProblem(given, '/problem')
  const named = nameTables(compiled.problem, tables)
  const plan = planBacktest(input, {
    compiled,
    fidelities: named.map(({ fidelity }) => fidelity),
    givenCosts: new Set(
      (given.fidelities ?? []).filter(({ cost }) => cost !== undefined).map(({ name }) => name),
    ),
    defaultMethod: { method: DEFAULT_METHOD },
    place: '/problem',
  })
  const runs = await parseInlineRuns(compute, compiled.problem, named, limits)
  return {
    studyId: null,
    plan,
    shape: { tables: '/tables' },
    runs,
    importIds: [],
    trialIds: [],
  }
}

async function insert(
  { store, compute, limits }: BacktestServiceOptions,
  { id = uuid() }: BacktestRequest,
  { studyId, plan, shape, runs, importIds, trialIds }: Prepared,
): Promise<{ backtest: BacktestRecord; job: JobRecord }> {
  const mostSteps = limits.backtestSteps
  const settled = await settleBacktest(compute, plan, runs, { shape, mostSteps })
  const { problem } = plan
  const backtest = { id, studyId, jobId: uuid(), problem, ...settled, importIds, trialIds }
  return store.backtests
    .insertWithJob(backtest, studyId === null ? runs : [])
    .catch(async (error) => {
      if (studyId !== null) await requireStudy(store, studyId)
      throw error
    })
}

function backtestNotFound(id: string): MixwrightError {
  return new MixwrightError('backtest-not-found', `There is no backtest with the id ${id}.`)
}
