import type { MessagePort } from 'node:worker_threads'
import { backtestIssues, withoutRepeats } from '../../optimizers/backtest/index.js'
import { provenanceOf } from '../../optimizers/evidence/index.js'
import { InvalidInputError } from '../../optimizers/issue.js'
import { completeTerms, scoredRuns } from '../../studies/backtest-terms.js'
import type { RunSurvey, SurveyTask } from '../../studies/ports.js'
import { backtestEntries, backtestTable } from './backtest-tables.js'
import { requireFinite } from './finite.js'
import { receivePages } from './page-feed.js'
import { replyWith, type ThreadReply } from './replies.js'
import { decodeRunTable } from './run-tables.js'

export interface SurveyMessage {
  /** Its pages are empty: they come over the port. */
  task: SurveyTask
  port: MessagePort
}

/** Thread entry: whether a backtest can be made of the runs, and the terms that follow from them. */
export function run({ task, port }: SurveyMessage): Promise<ThreadReply<RunSurvey>> {
  return replyWith(async () => {
    const { problem, runs, target, methods, givenCosts, terms: asked, seed } = task
    const pages = await receivePages(port, runs.length)
    const tables = runs.map(({ fidelity }, i) => decodeRunTable(problem, '', fidelity, pages[i]))
    const table = backtestTable({ problem, tables: tables.map(withoutRepeats), target })
    const terms = completeTerms(table, asked)
    const issues = backtestIssues(table, backtestEntries(methods), {
      budget: terms.budget,
      givenCosts: new Set(givenCosts),
    })
    if (issues.length > 0) throw new InvalidInputError('the backtest cannot be made', issues)
    const { dataHash } = provenanceOf(problem, tables, seed)
    return requireFinite({ ...terms, scored: scoredRuns(table), dataHash })
  })
}
