import { MixwrightError, type ProblemDocument, problemDocument } from '../../errors.js'
import type { Recommendation } from '../../optimizers/recommendation.js'

/** What the OpenAPI description shows. One story: three sources, one metric. */

export const STUDY_ID = '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'
const FIT_ID = '0193f0a4-0c77-7e02-b8a5-91d24c7f3a60'
const JOB_ID = '0193f0a4-0c76-7b19-9d3e-5a80f1c6d2e4'
const IMPORT_ID = '0193f0a3-77d0-7f48-8c11-6be4a90d7c35'
const HASH = 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c'

const problem = {
  domains: [
    { name: 'web', tokens: 4e12 },
    { name: 'code', tokens: 3e11, minWeight: 0.05 },
    { name: 'wiki', tokens: 5e9 },
  ],
  targetTokens: 1e12,
  metrics: [{ name: 'val_loss', direction: 'minimize' as const, unit: 'nats/token' }],
}

const completeProblem = {
  ...problem,
  objective: { type: 'mean' as const, scale: 'none' as const },
  fidelities: [{ name: 'default', evaluator: 'table' as const, cost: 1, order: 0 }],
}

export const newStudyExample = {
  name: 'three sources, 100M proxies',
  labels: { team: 'data' },
  problem,
  method: 'mixing-laws',
  seed: 7,
  trialPolicy: { earlyStopping: { rule: 'median' as const } },
}

export const studyExample = {
  ...newStudyExample,
  id: STUDY_ID,
  problem: completeProblem,
  problemHash: HASH,
  domainSetVersion: 1,
  params: {},
  corpusId: null,
  ingestionId: null,
  trialPolicy: {
    leaseSeconds: 3600,
    maxAttempts: 3,
    maxTrials: null,
    earlyStopping: { rule: 'median' as const, minTokens: 0, minTrials: 5 },
  },
  externalTrials: 12,
  owner: null,
  version: 1,
  createdAt: '2026-11-02T09:14:03.102Z',
  updatedAt: '2026-11-02T09:14:03.102Z',
}

export const runsExample = [
  { id: 'a', weights: { web: 0.9, code: 0.09, wiki: 0.01 }, metrics: { val_loss: 2.91 } },
  { id: 'b', weights: { web: 0.7, code: 0.29, wiki: 0.01 }, metrics: { val_loss: 2.84 } },
  { id: 'c', weights: { web: 0.5, code: 0.48, wiki: 0.02 }, metrics: { val_loss: 2.83 } },
  { id: 'd', weights: { web: 0.2, code: 0.79, wiki: 0.01 }, metrics: { val_loss: 2.95 } },
  { id: 'e', weights: { web: 0.8, code: 0.18, wiki: 0.02 }, metrics: { val_loss: 2.86 } },
]

const tableExample = {
  role: 'train' as const,
  name: '',
  fidelity: 'default',
  rowCount: 5,
  warnings: [],
  evaluations: null,
  contentHash: HASH,
}

export const importExample = {
  id: IMPORT_ID,
  studyId: STUDY_ID,
  format: 'json',
  ...tableExample,
  createdAt: '2026-11-02T09:15:20.440Z',
  completedAt: '2026-11-02T09:15:20.452Z',
}

export const previewExample = {
  dryRun: true,
  importable: false,
  ...tableExample,
  problemCount: 1,
  problems: [
    { pointer: '/runs/1/weights/code', detail: 'the weight must be at least 0; got -0.1' },
  ],
  preview: runsExample.slice(0, 1),
}

export const jobExample = {
  id: JOB_ID,
  kind: 'fit' as const,
  studyId: STUDY_ID,
  subjectId: FIT_ID,
  state: 'running' as const,
  progress: { done: 12, total: 40, message: 'fitting val_loss' },
  problem: null,
  attempts: 1,
  result: null,
  cancelRequestedAt: null,
  createdAt: '2026-11-02T09:15:41.010Z',
  startedAt: '2026-11-02T09:15:41.055Z',
  finishedAt: null,
}

export const methodExample = {
  name: 'mixing-laws',
  title: 'Mixing laws',
  summary: 'Fits a law to each metric and solves for the best mixture.',
  citation: {
    authors: 'Ye et al.',
    title: 'Data Mixing Laws',
    year: 2024,
    url: 'https://arxiv.org/abs/2403.16952',
  },
  capabilities: { fidelities: false, pending: false, multiObjective: true, adaptive: false },
  surrogates: ['log-linear'],
  paramsSchema: { type: 'object', properties: { strength: { type: 'number', default: 0.05 } } },
  defaults: { strength: 0.05 },
}

const prediction = { metric: 'val_loss', mean: 2.829, sd: 0.014, lower: 2.806, upper: 2.852 }

export const predictionsExample = { fitId: FIT_ID, predictions: [[prediction]] }

const weights = { web: 0.52, code: 0.46, wiki: 0.02 }

export const recommendationExample: Recommendation = {
  method: 'mixing-laws',
  params: {},
  weights,
  verdict: { follows: 'proposal', reason: 'The proposal beats every baseline.' },
  proposal: { weights, objective: 2.829, solver: { iterations: 31 } },
  epochs: { web: 0.13, code: 1.53, wiki: 4 },
  predictions: [prediction],
  baselines: [
    {
      name: 'natural',
      weights: { web: 0.9291, code: 0.0697, wiki: 0.0012 },
      feasible: true,
      objective: 2.921,
      predictions: [{ metric: 'val_loss', mean: 2.921, sd: 0.015, lower: 2.896, upper: 2.946 }],
      observed: null,
      probabilityOfBeating: 0.99,
    },
  ],
  activeConstraints: [{ kind: 'maxEpochs', name: 'wiki', limit: 0.02, cost: 0.003 }],
  warnings: [{ code: 'too-few-runs', message: '5 runs for 3 domains: the intervals are wide.' }],
  evidence: {
    runs: 5,
    distinctMixtures: 5,
    fidelity: 'default',
    surrogates: [
      {
        metric: 'val_loss',
        surrogate: 'log-linear',
        chosen: true,
        crossValidation: {
          folds: 5,
          spearman: 0.9,
          kendall: 0.8,
          mae: 0.012,
          rmse: 0.015,
          r2: 0.86,
        },
        reason: 'It ranks best in cross-validation.',
        details: {},
      },
    ],
    holdouts: [],
    distance: { klToPrior: 0.47, l1ToNearestRun: 0.04 },
  },
  provenance: { seed: 7, problemHash: HASH, dataHash: HASH, version: '0.1.0' },
}

export const fitExample = {
  id: FIT_ID,
  studyId: STUDY_ID,
  jobId: JOB_ID,
  method: 'mixing-laws',
  surrogate: 'auto',
  params: {},
  seed: 7,
  fidelity: 'default',
  importIds: [IMPORT_ID],
  trialIds: [],
  dataHash: HASH,
  recommendation: recommendationExample,
  createdAt: '2026-11-02T09:15:41.010Z',
  finishedAt: '2026-11-02T09:15:44.730Z',
}

export const problemExample: ProblemDocument = {
  ...problemDocument(
    new MixwrightError('validation-failed', 'The body is not valid in one field.', [
      { pointer: '/problem/domains/1/minWeight', detail: 'Must be at most 1; got 5.' },
    ]),
  ),
  instance: '/v1/studies',
  requestId: '6f1c1f62-0f0e-4c8e-9a53-0d0a4b9c1c55',
}
