import type { StoredBacktestReport } from '../../store/backtest-contract.js'
import { DEFAULT_LIMITS } from '../../studies/limits.js'
import type { Compute } from '../../studies/ports.js'
import type { Processor } from '../catalogue.js'
import { type LoadedBacktest, loadBacktestTask } from './backtest-task.js'
import { type HeldJob, jobHandler, type ProcessorOptions, requireStartsLeft } from './job-course.js'

export interface BacktestProcessorOptions extends ProcessorOptions {
  compute: Pick<Compute, 'backtest'>
  /** Of computing, on all threads together. Default: the limit of requests. */
  mostSeconds?: number
}

interface BacktestResult {
  backtestId: string
  report: StoredBacktestReport
}

/** Works off a backtest: replays in threads, and writes the report with the end of the job. */
export function createBacktestProcessor(options: BacktestProcessorOptions): Processor<'backtest'> {
  const { store, worker, compute, mostSeconds = DEFAULT_LIMITS.backtestSeconds } = options
  const plan = (held: HeldJob) => ({
    load: () => loadBacktestTask(store, held.job),
    async perform({ backtestId, task }: LoadedBacktest): Promise<BacktestResult> {
      requireStartsLeft(held, 'backtest-failed', 'backtest')
      const { signal, report: onProgress } = held
      const report = await compute.backtest(task, { signal, onProgress, mostSeconds })
      return { backtestId, report }
    },
    finish: ({ backtestId, report }: BacktestResult) =>
      store.backtests.finish(backtestId, worker, report),
  })
  return {
    job: 'backtest',
    handle: jobHandler(options, {
      kind: 'backtest',
      title: 'backtest',
      failure: 'backtest-failed',
      plan,
    }),
  }
}
