import type { MessagePort } from 'node:worker_threads'
import { withoutRepeats } from '../../optimizers/backtest/index.js'
import { provenanceOf } from '../../optimizers/evidence/index.js'
import type { Recommendation } from '../../optimizers/recommendation.js'
import type { RunTable } from '../../optimizers/types.js'
import type { BacktestTask } from '../../studies/ports.js'
import { receivePages } from './page-feed.js'
import { replyWith, type ThreadReply } from './replies.js'
import { decodeRunTable } from './run-tables.js'
import { shareTable } from './shared-tables.js'

export interface ReadBacktestMessage {
  /** Its pages are empty: they come over the port. */
  task: BacktestTask
  port: MessagePort
}

export interface BacktestTables {
  /** Their numbers lie in shared memory. */
  tables: RunTable[]
  provenance: Recommendation['provenance']
}

/** Thread entry: the runs of a backtest, decoded once for all threads. */
export function run({ task, port }: ReadBacktestMessage): Promise<ThreadReply<BacktestTables>> {
  return replyWith(async () => {
    const { problem, runs, settings } = task
    const pages = await receivePages(port, runs.length)
    const tables = runs.map(({ fidelity }, i) => decodeRunTable(problem, '', fidelity, pages[i]))
    const provenance = provenanceOf(problem, tables, settings.seed)
    return { tables: tables.map(withoutRepeats).map(shareTable), provenance }
  })
}
