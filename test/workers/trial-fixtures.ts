import { v7 as uuid } from 'uuid'
import type { CompleteProblem } from '../../src/optimizers/problem.js'
import { DEFAULT_TRIAL_POLICY } from '../../src/optimizers/trial-policy.js'
import type {
  ProxyTrialRecord,
  SearchPurpose,
  SearchRecord,
  TrialRecord,
} from '../../src/store/records.js'
import type { Store } from '../../src/store/store.js'
import type { TrainOutcome } from '../../src/studies/ports.js'
import { completeProxySpec } from '../../src/training/index.js'
import type { ProxyMeasurement } from '../../src/training/types.js'
import { manifest, newCorpus, newIngestion } from '../store/support/proxies.js'
import { HASH } from './study-fixtures.js'

/** Searches with trials that wait, for the tests of those who work them off. */

const PROXY = completeProxySpec({ model: 'tiny', tokens: 4096 })

const PROBLEM: CompleteProblem = {
  domains: [{ name: 'web' }, { name: 'code' }],
  metrics: [
    { name: 'loss/web', direction: 'minimize' },
    { name: 'loss/code', direction: 'minimize' },
  ],
  objective: { type: 'mean', scale: 'none' },
  fidelities: [{ name: 'proxy', evaluator: 'proxy', proxy: PROXY, cost: 1, order: 0 }],
  targetTokens: 1e9,
}

/** A study on an ingested corpus. */
export async function insertProxyStudy(
  store: Store,
  method = 'mixing-laws',
): Promise<{ studyId: string; ingestionId: string }> {
  const corpus = await store.corpora.insert(newCorpus())
  const requested = await store.corpora.requestIngestion(newIngestion(corpus))
  if (!requested) throw new Error('the corpus is being ingested')
  const { ingestion, job } = requested
  await store.jobs.claim(job.id, 'ingester', new Date(0))
  await store.corpora.finishIngestion(ingestion.id, 'ingester', manifest)
  const studyId = uuid()
  await store.studies.insert({
    id: studyId,
    owner: null,
    name: 'a study with proxies',
    labels: {},
    problem: PROBLEM,
    problemHash: HASH,
    method,
    params: {},
    seed: 7,
    corpusId: corpus.id,
    ingestionId: ingestion.id,
    trialPolicy: DEFAULT_TRIAL_POLICY,
  })
  return { studyId, ingestionId: ingestion.id }
}

/** A study on an ingested corpus, with a search of so many trials. */
export async function insertSearch(
  store: Store,
  count: number,
  purpose: SearchPurpose = 'search',
): Promise<{ studyId: string; searchId: string; ingestionId: string; trials: ProxyTrialRecord[] }> {
  const { studyId, ingestionId } = await insertProxyStudy(store)
  const searchId = uuid()
  const trials = Array.from({ length: count }, (_, position) => ({
    id: uuid(),
    studyId,
    searchId,
    position,
    fidelity: 'proxy',
    label: '',
    reason: 'a mixture to try',
    weights: [(position + 1) / (count + 1), (count - position) / (count + 1)],
    seed: 100 + position,
    jobId: uuid(),
  }))
  const terms = { fidelity: 'proxy', fidelities: null, budget: null, parallel: null }
  const about = { id: searchId, studyId, purpose, ...terms, seed: 9, trials: count }
  await store.searches.insert(about, trials)
  const stored = await store.trials.list({ studyId, searchId, limit: count })
  return { studyId, searchId, ingestionId, trials: stored }
}

export function measurementAt(tokens: number, loss = 3): ProxyMeasurement {
  const of = (value: number) => ({
    loss: value,
    standardError: 0.01,
    bitsPerByte: value / 2,
    sequences: 8,
  })
  return {
    step: tokens / 64,
    tokens,
    domains: { web: of(loss), code: of(loss + 1) },
    trainingLoss: loss + 0.5,
    epochs: { web: 0.5, code: 0.25 },
  }
}

export const TRAINED: TrainOutcome = { last: measurementAt(4096), seconds: 1 }

/** Looks until the trial is as it should be; the test's own time limit ends the wait. */
export async function waitForTrial(
  store: Store,
  trialId: string,
  isThere: (trial: TrialRecord) => boolean,
): Promise<TrialRecord> {
  for (;;) {
    const trial = await store.trials.get(trialId)
    if (trial && isThere(trial)) return trial
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const attemptsOf = async (store: Store, trialId: string) =>
  (await store.trials.attempts(trialId)).map(({ state }) => state)

/** Looks until the search has ended. */
export async function searchEnd(store: Store, searchId: string): Promise<SearchRecord> {
  for (;;) {
    const search = await store.searches.get(searchId)
    if (search?.finishedAt) return search
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
