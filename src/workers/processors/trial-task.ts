import type { DataFolder } from '../../store/data-folder.js'
import type {
  AttemptRecord,
  JobRecord,
  ProxyTrialRecord,
  SearchRecord,
  StudyRecord,
} from '../../store/records.js'
import type { Store } from '../../store/store.js'
import type { TrainTask } from '../../studies/ports.js'
import { initialSeed } from '../../studies/search-plan.js'
import type { Device } from '../../training/types.js'

export interface LoadedTrial {
  trial: ProxyTrialRecord
  study: StudyRecord
  attempt: AttemptRecord
  /** Attempts that ended before this one began. */
  earlier: AttemptRecord[]
  task: TrainTask
}

export interface TrialSetting {
  store: Store
  worker: string
  dataFolder: DataFolder
  device: Device
  /** Seconds between two checkpoints of a trial. */
  checkpointSeconds: number
}

/**
 * Begins an attempt at the trial. Undefined when there is nothing to train: the study was deleted, the trial has ended, or
 * the job went to another worker.
 */
export async function beginTrial(
  setting: TrialSetting,
  job: JobRecord,
  leaseExpiresAt: Date,
): Promise<LoadedTrial | undefined> {
  const { store, worker } = setting
  const trial = await store.trials.getProxy(job.subjectId)
  const study = trial && (await store.studies.get(trial.studyId))
  const search = trial && (await store.searches.get(trial.searchId))
  if (!trial || !study || !search) return undefined
  // One whose search was cancelled may not have heard of it yet.
  const attempt = search.finishedAt
    ? undefined
    : await store.trials.beginAttempt(trial.id, worker, leaseExpiresAt)
  if (attempt) {
    const earlier = (await store.trials.attempts(trial.id)).filter(({ id }) => id !== attempt.id)
    const task = trainTask(setting, study, trial, startOf(search, trial))
    return { trial, study, attempt, earlier, task }
  }
  // What has ended has no use for a running job; another worker's job is not changed by this.
  await store.jobs.end(job.id, worker, { state: 'cancelled', problem: null })
  return undefined
}

/** A comparison tells what new seeds do, and starts are part of that. */
function startOf({ purpose, seed }: SearchRecord, trial: ProxyTrialRecord): number {
  return purpose === 'search' ? initialSeed(seed) : trial.seed
}

function trainTask(
  { dataFolder, device, checkpointSeconds }: TrialSetting,
  { id, problem, seed: studySeed, corpusId, ingestionId }: StudyRecord,
  trial: ProxyTrialRecord,
  seedOfStart: number,
): TrainTask {
  const proxy = problem.fidelities.find(({ name }) => name === trial.fidelity)?.proxy
  if (!proxy || !corpusId || !ingestionId) {
    throw new Error(`study ${id} has a trial at fidelity "${trial.fidelity}", but no proxies there`)
  }
  return {
    proxy,
    corpusFolder: dataFolder.ingestionFolder(corpusId, ingestionId),
    domains: problem.domains.map(({ name }) => name),
    weights: trial.weights,
    initialSeed: seedOfStart,
    seed: trial.seed,
    studySeed,
    targetTokens: problem.targetTokens,
    device,
    checkpointFile: dataFolder.checkpointFile(trial.id),
    checkpointSeconds,
  }
}
