import { type FieldError, MixwrightError } from '../errors.js'
import type { BacktestSettings } from '../store/backtest-contract.js'
import { type BacktestPlan, shortened } from './backtest-plan.js'
import type { AskedTerms } from './backtest-terms.js'
import { refuseManySteps } from './backtest-work.js'
import type { Compute, RunPages } from './ports.js'

/** Where in the request the pointers of a refusal lead. */
export interface RequestShape {
  /** The place of the tables: their own, or what stands for them. */
  tables: '/tables' | '/study'
}

/**
 * A planned backtest held against its runs: checked, and with every default written out.
 * @param runs one entry a fidelity
 * @param options `mostSteps`: runs that may be replayed in all; any number when left out
 * @throws MixwrightError `validation-failed`, `backtest-too-large`
 */
export async function settleBacktest(
  compute: Pick<Compute, 'surveyRuns'>,
  plan: BacktestPlan,
  runs: RunPages[],
  { shape, mostSteps }: { shape: RequestShape; mostSteps?: number },
): Promise<{ settings: BacktestSettings; dataHash: string }> {
  const { problem, target, methods, seeds, seed, maxRuns, shuffle } = plan
  const survey = await compute.surveyRuns({ ...plan, runs }).catch((error) => {
    throw withPointers(error, shape, plan.terms)
  })
  const { budget, budgets, tolerance, scored, dataHash } = survey
  const costs = Object.fromEntries(
    problem.fidelities
      .filter(({ name }) => Object.hasOwn(scored, name))
      .map(({ name, cost }) => [name, cost]),
  )
  const settings = {
    ...{ target, costs, methods, seeds, seed },
    ...{ budget, budgets, maxRuns, tolerance, shuffle },
  }
  if (mostSteps !== undefined) refuseManySteps(settings, scored, mostSteps)
  return { settings, dataHash }
}

/** The runs know entries, tables and a budget; the request calls the first methods, and need not have the others. */
function withPointers(
  error: unknown,
  { tables }: RequestShape,
  { budget, budgets }: AskedTerms,
): unknown {
  if (!(error instanceof MixwrightError) || error.errors.length === 0) return error
  const inRequest = (pointer: string) => {
    if (pointer.startsWith('/entries')) return `/methods${pointer.slice('/entries'.length)}`
    if (pointer.startsWith('/tables') && tables === '/study') return tables
    return pointer === '/budget' && budget === undefined && budgets ? '/budgets' : pointer
  }
  const errors = shortened(error.errors).map(
    ({ pointer, detail }): FieldError => ({ pointer: inRequest(pointer), detail }),
  )
  return new MixwrightError(error.code, 'The backtest cannot be made.', errors)
}
