import type {
  BacktestRecord,
  BacktestRuns,
  JobRecord,
  OpenStore,
  StoredBacktestReport,
  StudyRecord,
} from '../../../src/store/index.js'
import { hashOf, newId, problem, runRows } from './records.js'

const SETTINGS: BacktestRecord['settings'] = {
  target: 'small',
  costs: { small: 1 },
  methods: [
    { label: 'z', method: 'regmix', params: { b: 1, a: { y: [2] } }, fidelities: ['small'] },
  ],
  seeds: 3,
  seed: 42,
  budget: 4,
  budgets: [1, 2, 4],
  maxRuns: 200,
  tolerance: 0.1 + 0.2,
  shuffle: [],
}

export const REPORT: StoredBacktestReport = {
  target: 'small',
  candidates: 5,
  best: 2,
  mean: 3,
  tolerance: 0.1 + 0.2,
  seeds: [42, 43, 44],
  entries: [],
  provenance: { seed: 42, problemHash: hashOf('p'), dataHash: hashOf('d'), version: '0.1.0' },
}

/** Of the study, or, without one, of runs of its own. */
export function newBacktest(study?: Pick<StudyRecord, 'id'>, importIds: string[] = []) {
  return {
    id: newId(),
    studyId: study?.id ?? null,
    jobId: newId(),
    problem,
    settings: SETTINGS,
    importIds,
    trialIds: [] as string[],
    dataHash: hashOf('data'),
  }
}

/** Two pages of one fidelity, and one of another. */
export const OWN_RUNS: BacktestRuns[] = [
  { fidelity: 'small', pages: [JSON.stringify(runRows(3)), JSON.stringify(runRows(2, 3))] },
  { fidelity: 'large', pages: [JSON.stringify(runRows(1))] },
]

/** A queued backtest with its job. */
export function queueBacktest(
  store: OpenStore,
  study?: Pick<StudyRecord, 'id'>,
  importIds: string[] = [],
): Promise<{ backtest: BacktestRecord; job: JobRecord }> {
  const runs = study ? [] : OWN_RUNS
  return store.backtests.insertWithJob(newBacktest(study, importIds), runs)
}

/** A queued backtest taken through to its end. */
export async function finishBacktest(
  store: OpenStore,
  study?: Pick<StudyRecord, 'id'>,
  importIds: string[] = [],
): Promise<BacktestRecord> {
  const { backtest, job } = await queueBacktest(store, study, importIds)
  await store.jobs.claim(job.id, 'a worker', new Date(0))
  await store.backtests.finish(backtest.id, 'a worker', REPORT)
  return (await store.backtests.get(backtest.id))!
}
