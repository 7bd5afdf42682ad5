import { v7 as uuid } from 'uuid'
import type { RunRow } from '../../src/formats/run-row.js'
import type { BacktestSettings, StoredBacktestReport } from '../../src/store/index.js'
import type { Store } from '../../src/store/store.js'
import { HASH, PROBLEM } from './study-fixtures.js'

export const BACKTEST_SETTINGS: BacktestSettings = {
  target: '60M',
  costs: { '1M': 1, '60M': 60 },
  methods: [{ label: 'regmix', method: 'regmix', params: {}, fidelities: ['1M', '60M'] }],
  seeds: 2,
  seed: 7,
  budget: 120,
  budgets: [60, 120],
  maxRuns: 200,
  tolerance: 0.1,
  shuffle: [],
}

export const BACKTEST_REPORT: StoredBacktestReport = {
  target: '60M',
  candidates: 2,
  best: 3,
  mean: 3.5,
  tolerance: 0.1,
  seeds: [7, 8],
  entries: [],
  provenance: { seed: 7, problemHash: HASH, dataHash: HASH, version: '0.0.0' },
}

/** The costs are not those of the study. */
export const BACKTEST_PROBLEM = {
  ...PROBLEM,
  fidelities: PROBLEM.fidelities.map((fidelity) => ({ ...fidelity, cost: fidelity.cost + 1 })),
}

export const ownRow = (runId: string): RunRow => ({
  runId,
  weights: [0.25, 0.75],
  values: { loss: 3 },
})

/** Of a study's imports, or, without a study, of two runs of its own. */
export async function requestBacktest(
  store: Store,
  studyId: string | null = null,
  importIds: string[] = [],
): Promise<{ jobId: string; backtestId: string }> {
  const [jobId, backtestId] = [uuid(), uuid()]
  const runs = ['a', 'b'].map((id) => JSON.stringify([ownRow(id)]))
  await store.backtests.insertWithJob(
    {
      id: backtestId,
      studyId,
      jobId,
      problem: BACKTEST_PROBLEM,
      settings: BACKTEST_SETTINGS,
      importIds,
      trialIds: [],
      dataHash: HASH,
    },
    studyId === null ? [{ fidelity: '60M', pages: runs }] : [],
  )
  return { jobId, backtestId }
}
