import { type BacktestReport, summarise } from '../../optimizers/backtest/index.js'
import type { BacktestSettings } from '../../store/backtest-contract.js'
import { backtestEntries, backtestTable, type TravellingTable } from './backtest-tables.js'
import { requireFinite } from './finite.js'
import { type PackedReplay, unpackReplay } from './packed-replays.js'
import { replyWith, type ThreadReply } from './replies.js'

export interface SummariseMessage {
  table: TravellingTable
  replays: PackedReplay[]
  settings: Pick<BacktestSettings, 'methods' | 'budgets' | 'tolerance'>
}

/** Thread entry: the four numbers of all replays together. */
export function run({
  table,
  replays,
  settings: { methods, budgets, tolerance },
}: SummariseMessage): Promise<ThreadReply<BacktestReport>> {
  return replyWith(() =>
    requireFinite(
      summarise(backtestTable(table), backtestEntries(methods), replays.map(unpackReplay), {
        budgets,
        tolerance,
      }),
    ),
  )
}
