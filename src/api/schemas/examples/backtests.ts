import { newStudyExample, runsExample, STUDY_ID } from '../examples.js'
import { examplePage } from './page.js'

const BACKTEST_ID = '0193f0c5-6e02-7d41-95b8-c03a7f1e2d94'
const JOB_ID = '0193f0c5-6e03-7aa6-8c1f-4be92d705a13'
const IMPORT_ID = '0193f0a3-77d0-7f48-8c11-6be4a90d7c35'
const HASH = 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c'

export const newBacktestExample = {
  study: STUDY_ID,
  methods: [{ method: 'mixing-laws' }, { label: 'trees', method: 'regmix' }],
  seeds: 20,
  budget: 12,
}

export const newInlineBacktestExample = {
  problem: newStudyExample.problem,
  tables: [{ runs: runsExample }],
  methods: [{ method: 'mixing-laws', params: {} }],
  seeds: 5,
}

export const backtestJobExample = {
  id: JOB_ID,
  kind: 'backtest' as const,
  studyId: STUDY_ID,
  subjectId: BACKTEST_ID,
  state: 'running' as const,
  progress: { done: 12, total: 40, message: 'mixing-laws, seed 13 of 20' },
  problem: null,
  attempts: 1,
  result: null,
  cancelRequestedAt: null,
  createdAt: '2026-11-02T11:20:05.410Z',
  startedAt: '2026-11-02T11:20:05.455Z',
  finishedAt: null,
}

const aboutExample = {
  id: BACKTEST_ID,
  studyId: STUDY_ID,
  jobId: JOB_ID,
  settings: {
    target: 'default',
    costs: { default: 1 },
    methods: [{ label: 'mixing-laws', method: 'mixing-laws', params: {}, fidelities: ['default'] }],
    seeds: 20,
    seed: 42,
    budget: 12,
    budgets: [1, 2, 3, 5, 8, 12],
    maxRuns: 200,
    tolerance: 0.003,
    shuffle: [],
  },
  dataHash: HASH,
  createdAt: '2026-11-02T11:20:05.410Z',
  finishedAt: '2026-11-02T11:21:17.902Z',
}

const estimate = (mean: number, half: number) => ({
  mean,
  lower: mean - half,
  upper: mean + half,
  seeds: 20,
})

export const backtestExample = {
  ...aboutExample,
  importIds: [IMPORT_ID],
  trialIds: [],
  report: {
    target: 'default',
    candidates: 48,
    best: 2.805,
    mean: 2.884,
    tolerance: 0.003,
    seeds: Array.from({ length: 20 }, (_, i) => 42 + i),
    entries: [
      {
        label: 'mixing-laws',
        method: 'mixing-laws',
        budgets: [
          {
            cost: 12,
            runningBest: estimate(2.81, 0.002),
            pick: estimate(2.815, 0.003),
            paid: estimate(2.825, 0.006),
            regret: estimate(0.01, 0.003),
          },
        ],
        runs: { default: 12 },
        ends: { budget: 20, runs: 0, 'nothing-left': 0, stopped: 0 },
        optimumPaid: { share: 0.25, medianTargetRuns: null, medianCost: null },
        withinTolerance: { share: 0.6, medianCost: 9 },
      },
    ],
    provenance: { seed: 42, problemHash: HASH, dataHash: HASH, version: '0.1.0' },
  },
}

export const backtestPageExample = examplePage({ ...aboutExample, imports: 1, trials: 0 })
