import { MixwrightError } from '../errors.js'
import { isWithin } from '../optimizers/backtest/limits.js'
import type { CompleteProblem } from '../optimizers/problem.js'
import type { SearchRecord, StudyRecord } from '../store/records.js'
import { choosesFidelities, isAdaptive } from './adaptive-choice.js'
import { type ProxyFidelity, proxyFidelity } from './search-checks.js'
import type { NewSearch } from './searches.js'

/** A law has m + 1 parameters a metric; its optimum is not to be believed before there are a few runs for each. */
const TRIALS_PER_PARAMETER = 4

const MOST_TRIALS = 10_000

/** Where a search trains proxies, and how many. */
export interface SearchTerms
  extends Pick<SearchRecord, 'trials' | 'budget' | 'parallel' | 'seed' | 'fidelities'> {
  /** Where the fit is made. */
  target: ProxyFidelity
  /** Where trials may be. */
  places: ProxyFidelity[]
}

/**
 * The terms of a search as it was asked for, with what was left out.
 * @param trainingThreads of this process
 * @throws MixwrightError `validation-failed`
 */
export function searchTerms(
  study: StudyRecord,
  { fidelity, trials, budget, parallel, seed = study.seed }: NewSearch,
  trainingThreads: number,
): SearchTerms {
  const target = proxyFidelity(study, fidelity)
  const isChosen = fidelity === undefined && choosesFidelities(study)
  const places = isChosen ? study.problem.fidelities.filter(isProxy) : [target]
  const adaptive = isAdaptive(study)
  if (parallel !== undefined && !adaptive) throw allAtOnce(study)
  const affordable = budget === undefined ? MOST_TRIALS : affordableTrials(places, budget)
  const usual = TRIALS_PER_PARAMETER * (study.problem.domains.length + 1)
  const wanted = trials ?? (adaptive && budget !== undefined ? MOST_TRIALS : usual)
  return {
    target,
    places,
    fidelities: isChosen ? places.map(({ name }) => name) : null,
    trials: Math.min(wanted, affordable),
    budget: budget ?? null,
    parallel: adaptive ? (parallel ?? trainingThreads) : null,
    seed,
  }
}

const isProxy = ({ evaluator }: ProxyFidelity) => evaluator === 'proxy'

function affordableTrials(places: readonly ProxyFidelity[], budget: number): number {
  const cheapest = Math.min(...places.map(({ cost }) => cost))
  const ratio = budget / cheapest
  const whole = Math.floor(ratio)
  const count = isWithin(whole + 1, ratio) ? whole + 1 : whole
  if (count >= 1) return Math.min(count, MOST_TRIALS)
  const detail = `A trial costs at least ${cheapest}, in the unit of the fidelities' costs.`
  throw refusal('The budget does not pay for a trial.', '/budget', detail)
}

function allAtOnce({ method }: StudyRecord): MixwrightError {
  const detail = `Leave it out: ${method} does not look at results, so all trials are queued at the start.`
  return refusal('The trials are not chosen one after the other.', '/parallel', detail)
}

function refusal(message: string, pointer: string, detail: string): MixwrightError {
  return new MixwrightError('validation-failed', message, [{ pointer, detail }])
}

/** What a search may spend in all, and what it has spent; both in the unit of the fidelities' costs. */
export interface Purse {
  budget: number
  spent: number
}

/** Those of the fidelities at which another trial is within the budget. */
export function affordablePlaces(
  { fidelities }: Pick<CompleteProblem, 'fidelities'>,
  names: readonly string[],
  { budget, spent }: Purse,
): string[] {
  return names.filter((name) => isWithin(spent + costAt(fidelities, name), budget))
}

/** As many of the trials, from the first on, as are within the budget. */
export function withinBudget<T extends { fidelity: string }>(
  { fidelities }: Pick<CompleteProblem, 'fidelities'>,
  trials: readonly T[],
  { budget, spent }: Purse,
): T[] {
  let total = spent
  const beyond = trials.findIndex(({ fidelity }) => {
    total += costAt(fidelities, fidelity)
    return !isWithin(total, budget)
  })
  return beyond === -1 ? [...trials] : trials.slice(0, beyond)
}

/** Of all the trials. */
export function totalCost(
  { fidelities }: Pick<CompleteProblem, 'fidelities'>,
  trials: readonly { fidelity: string }[],
): number {
  return trials.reduce((sum, { fidelity }) => sum + costAt(fidelities, fidelity), 0)
}

function costAt(fidelities: CompleteProblem['fidelities'], name: string): number {
  return fidelities.find((fidelity) => fidelity.name === name)?.cost ?? 0
}
