import type { JobRecord } from '../../store/records.js'
import type { Store } from '../../store/store.js'
import { readStudyRuns } from '../../studies/backtest-runs.js'
import type { BacktestTask } from '../../studies/ports.js'

export interface LoadedBacktest {
  backtestId: string
  task: BacktestTask
}

/** What the job is to replay, with all runs; undefined when the backtest or its study was deleted. */
export async function loadBacktestTask(
  store: Store,
  job: JobRecord,
): Promise<LoadedBacktest | undefined> {
  const backtest = await store.backtests.get(job.subjectId)
  if (!backtest) return undefined
  const { id, studyId, problem, settings } = backtest
  if (studyId !== null && !(await store.studies.get(studyId))) return undefined
  const runs =
    studyId === null
      ? await store.backtests.runs(id)
      : await readStudyRuns(store, { id: studyId, problem }, backtest)
  return { backtestId: id, task: { problem, settings, runs } }
}
