import { replay } from '../../optimizers/backtest/index.js'
import type { Memo } from '../../optimizers/types.js'
import { RecentlyUsed } from '../../recently-used.js'
import type { BacktestMethod, BacktestSettings } from '../../store/backtest-contract.js'
import { backtestEntries, backtestTable, type TravellingTable } from './backtest-tables.js'
import { type PackedReplay, packReplay } from './packed-replays.js'
import { replyWith, type ThreadReply } from './replies.js'

export interface ReplayMessage {
  table: TravellingTable
  method: BacktestMethod
  seed: number
  limits: Pick<BacktestSettings, 'budget' | 'maxRuns' | 'shuffle'>
}

/** What a method has computed in its last few steps; older steps do not come back. */
const VALUES_KEPT = 64

export interface TimedReplay {
  replay: PackedReplay
  seconds: number
}

/** Thread entry: one method on one seed. */
export function run({
  table,
  method,
  seed,
  limits,
}: ReplayMessage): Promise<ThreadReply<TimedReplay>> {
  return replyWith(() => {
    const begun = performance.now()
    const [entry] = backtestEntries([method])
    const replayed = replay({
      table: backtestTable(table),
      entry,
      ...limits,
      seed,
      memo: new RecentlyUsed<unknown>(VALUES_KEPT) as Memo,
    })
    return { replay: packReplay(replayed), seconds: (performance.now() - begun) / 1000 }
  })
}
