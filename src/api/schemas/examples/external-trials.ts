import { STUDY_ID } from '../examples.js'

/** Trials that a team runs on its own cluster, of the study of the other examples. */

const TRIAL_ID = '0193f0c0-11d2-7c65-8e3a-94b1d07f52aa'
const ATTEMPT_ID = '0193f0c0-11d3-7f18-a6c4-3d5e80b9172c'
const LEASE_ID = '0193f0c0-11d3-7a40-b27d-60f9ce148e35'

const CLIENT = 'trainer-7'
const holding = { client: CLIENT, lease: LEASE_ID }

const lease = {
  id: LEASE_ID,
  attempt: 1,
  expiresAt: '2026-11-02T12:00:00.000Z',
  seconds: 3600,
}

const running = {
  id: TRIAL_ID,
  studyId: STUDY_ID,
  evaluator: 'external' as const,
  searchId: null,
  position: 4,
  fidelity: '300M',
  label: '',
  reason: 'One of a swarm drawn around the natural mixture (RegMix, Step A).',
  weights: { web: 0.62, code: 0.24, wiki: 0.14 },
  seed: 912_004_117,
  replicateOf: null,
  state: 'running' as const,
  jobId: null,
  attemptCount: 1,
  measurement: null,
  problem: null,
  stopRequestedAt: null,
  endReason: null,
  createdAt: '2026-11-02T11:00:00.000Z',
  finishedAt: null,
}

export const newExternalStudyExample = {
  name: 'three sources, 300M on our cluster',
  problem: {
    domains: [
      { name: 'web', tokens: 4e12 },
      { name: 'code', tokens: 3e11 },
      { name: 'wiki', tokens: 5e9 },
    ],
    metrics: [{ name: 'val_loss', unit: 'nats/token' }],
    fidelities: [{ name: '300M', evaluator: 'external' as const, tokens: 6e9 }],
  },
  trialPolicy: { maxTrials: 60, earlyStopping: { rule: 'median' as const, minTokens: 1e9 } },
}

export const suggestionRequestExample = { client: CLIENT, count: 1, fidelity: '300M' }
export const suggestionsExample = { trials: [{ ...running, lease }], exhausted: false }

export const newTrialExample = {
  mixture: { web: 0.5, code: 0.3, wiki: 0.2 },
  label: 'what we have used so far',
  fidelity: '300M',
  result: { tokens: 6e9, values: { val_loss: 2.731 }, standardErrors: { val_loss: 0.004 } },
}

const completed = {
  ...running,
  state: 'completed' as const,
  measurement: {
    attemptId: ATTEMPT_ID,
    tokens: 6e9,
    values: { val_loss: 2.731 },
    standardErrors: { val_loss: 0.004 },
    details: {},
    createdAt: '2026-11-02T11:48:30.250Z',
  },
  finishedAt: '2026-11-02T11:48:30.250Z',
}

export const completedTrialExample = completed

export const attachedTrialExample = {
  ...completed,
  label: newTrialExample.label,
  reason: 'Chosen by a client.',
  weights: newTrialExample.mixture,
  lease: null,
  warnings: [],
}

export const replicateExample = {
  ...completed,
  id: '0193f0c9-7c02-7b3f-9d11-0a64f1e28c57',
  position: 5,
  replicateOf: TRIAL_ID,
}

export const heartbeatExample = holding

export const newMeasurementExample = {
  ...holding,
  tokens: 1.5e9,
  values: { val_loss: 3.104 },
  details: { step: 3000, learningRate: 0.0012 },
}

export const directiveExample = {
  trial: { id: TRIAL_ID, state: 'running' as const },
  directive: 'continue' as const,
  reason: null,
  lease,
}

export const completionExample = {
  ...holding,
  measurement: newTrialExample.result,
}

export const failureExample = {
  ...holding,
  code: 'out-of-memory',
  detail: 'CUDA out of memory at step 812.',
}

export const failedTrialExample = {
  ...running,
  state: 'failed' as const,
  problem: {
    type: '/problems/trial-failed',
    title: 'The trial failed',
    status: 422,
    code: 'trial-failed' as const,
    detail: 'out-of-memory: CUDA out of memory at step 812.',
    fix: 'See the detail, which its client gave.',
  },
}

export const abandonmentExample = { reason: 'The cluster has no room for it any more.' }

export const abandonedTrialExample = {
  ...running,
  state: 'abandoned' as const,
  endReason: abandonmentExample.reason,
  finishedAt: '2026-11-02T11:20:00.000Z',
}
