import { STUDY_ID } from '../examples.js'
import { CORPUS_ID } from './corpora.js'
import { examplePage } from './page.js'

/** A search with proxies on the corpus of the other examples. */

const SEARCH_ID = '0193f0b0-2c11-7f3a-8d70-5b9e1c6a4f02'
const TRIAL_ID = '0193f0b0-2c14-7a08-9c2f-0e7d83b5a641'
const ATTEMPT_ID = '0193f0b0-30aa-7b6d-8f14-c2a95e0d7310'
const FIT_ID = '0193f0b1-58c9-7e21-a36b-74d0f9c2851e'

export const newProxyStudyExample = {
  name: 'encyclopedia and code, tiny proxies',
  problem: {
    corpus: CORPUS_ID,
    targetTokens: 1e9,
    objective: { type: 'mean' as const },
    fidelities: [
      {
        name: 'tiny',
        evaluator: 'proxy' as const,
        proxy: { model: 'tiny' as const, tokens: 400_000 },
      },
    ],
  },
}

export const newSearchExample = { trials: 16 }

export const newComparisonExample = {
  mixtures: { recommended: { wiki: 0.62, code: 0.38 }, uniform: { wiki: 0.5, code: 0.5 } },
  replicates: 2,
}

export const searchExample = {
  id: SEARCH_ID,
  studyId: STUDY_ID,
  purpose: 'search' as const,
  fidelity: 'tiny',
  fidelities: null,
  trials: 16,
  budget: null,
  parallel: null,
  seed: 7,
  state: 'running' as const,
  counts: { waiting: 9, running: 2, completed: 5, failed: 0, cancelled: 0 },
  fitId: null,
  problem: null,
  version: 1,
  createdAt: '2026-11-02T10:02:00.000Z',
  finishedAt: null,
}

export const comparisonExample = {
  ...searchExample,
  purpose: 'comparison' as const,
  trials: 4,
  counts: { waiting: 2, running: 2, completed: 0, failed: 0, cancelled: 0 },
}

export const searchPageExample = examplePage(searchExample)

export const endedSearchExample = {
  ...searchExample,
  state: 'finished' as const,
  counts: { waiting: 0, running: 0, completed: 16, failed: 0, cancelled: 0 },
  fitId: FIT_ID,
  version: 3,
  finishedAt: '2026-11-02T10:04:31.778Z',
}

const measurementExample = {
  attemptId: ATTEMPT_ID,
  tokens: 401_408,
  values: { 'loss/wiki': 4.212, 'loss/code': 3.307 },
  standardErrors: { 'loss/wiki': 0.018, 'loss/code': 0.021 },
  details: { bitsPerByte: { wiki: 1.92, code: 1.71 } },
  createdAt: '2026-11-02T10:02:09.120Z',
}

export const trialExample = {
  id: TRIAL_ID,
  studyId: STUDY_ID,
  evaluator: 'proxy' as const,
  searchId: SEARCH_ID,
  position: 0,
  fidelity: 'tiny',
  label: 'uniform',
  reason: 'Every domain alike, to compare with.',
  weights: { wiki: 0.5, code: 0.5 },
  seed: 1_804_289_383,
  replicateOf: null,
  state: 'completed' as const,
  jobId: '0193f0b0-2c13-7d55-b81e-6a07c94f2e38',
  attemptCount: 1,
  measurement: measurementExample,
  problem: null,
  stopRequestedAt: null,
  endReason: null,
  createdAt: '2026-11-02T10:02:00.000Z',
  finishedAt: '2026-11-02T10:02:09.120Z',
}

export const trialPageExample = examplePage(trialExample)

export const trialDetailExample = {
  ...trialExample,
  attempts: [
    {
      id: ATTEMPT_ID,
      number: 1,
      state: 'completed' as const,
      problem: null,
      replicateId: null,
      startedAt: '2026-11-02T10:02:00.640Z',
      finishedAt: '2026-11-02T10:02:09.120Z',
      leases: [
        {
          id: '0193f0b0-30ab-7c19-8a52-1f6e0b7d94c3',
          holder: 'node-1:4711',
          expiresAt: '2026-11-02T10:02:30.640Z',
          releasedAt: '2026-11-02T10:02:09.120Z',
        },
      ],
    },
  ],
  measurements: [measurementExample],
}

/** A frame of the stream, its data read as JSON. */
export const eventExample = {
  id: '41',
  event: 'trial-measured' as const,
  data: {
    trialId: TRIAL_ID,
    searchId: SEARCH_ID,
    tokens: 401_408,
    values: measurementExample.values,
    objective: 3.7595,
  },
}
