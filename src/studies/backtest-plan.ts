import { type FieldError, MixwrightError } from '../errors.js'
import { usualFidelities } from '../optimizers/backtest/index.js'
import { type Issue, pointerToken } from '../optimizers/issue.js'
import { nameList } from '../optimizers/name-list.js'
import type { CompleteProblem } from '../optimizers/problem.js'
import { OPTIMIZERS } from '../optimizers/registry.js'
import type { CompiledProblem } from '../optimizers/types.js'
import type { BacktestMethod } from '../store/backtest-contract.js'
import type { AskedTerms } from './backtest-terms.js'
import { completeParams, findMethod } from './methods.js'
import type { SurveyTask } from './ports.js'
import { previousOf } from './previous-studies.js'
import { DEFAULT_SEED } from './studies.js'

/** A method as somebody asks for its replay. */
export interface AskedMethod {
  /** Default: the name of the method. */
  label?: string
  method: string
  params?: Record<string, unknown>
  /** Default: all that have runs and cost no more than the target. */
  fidelities?: string[]
}

/** What somebody asks of a backtest, whatever its runs come from. */
export interface BacktestChoices extends AskedTerms {
  /** The fidelity that mixtures are chosen for. Default: the one closest to the target run that has runs. */
  target?: string
  /** Fidelity → cost of a run; those of the problem stand for the others. */
  costs?: Record<string, number>
  /** Default: `random`, the default method given with the data, and `admire`. */
  methods?: AskedMethod[]
  /** How many. Default 10. */
  seeds?: number
  /** The first. Default 42. */
  seed?: number
  /** Runs after which a replay ends. Default 200. */
  maxRuns?: number
  /** Fidelities whose scores are permuted. */
  shuffle?: string[]
}

/** What the choices are about. */
export interface BacktestGround {
  compiled: CompiledProblem
  /** Fidelities that have runs, in the order of their tables. */
  fidelities: readonly string[]
  /** Those whose cost was given with the problem. */
  givenCosts: ReadonlySet<string>
  /** Replayed beside the control when no methods are asked for. */
  defaultMethod: AskedMethod
  /** Where in the request the problem is: its own place, or what stands for it. */
  place: '/problem' | '/study'
}

/** A backtest whose names are checked; what follows from the runs themselves is not there yet. */
export interface BacktestPlan extends Omit<SurveyTask, 'runs'> {
  seeds: number
  maxRuns: number
  shuffle: string[]
}

export const DEFAULT_SEEDS = 10
export const DEFAULT_MAX_RUNS = 200

const MOST_ERRORS = 50
const LONGEST_DETAIL = 1000

/** @throws MixwrightError `validation-failed` with pointers into the choices */
export function planBacktest(choices: BacktestChoices, ground: BacktestGround): BacktestPlan {
  const { costs = {}, seeds = DEFAULT_SEEDS, seed = DEFAULT_SEED } = choices
  const { maxRuns = DEFAULT_MAX_RUNS, shuffle = [], budget, budgets, tolerance } = choices
  const compiled = withCosts(ground.compiled, costs)
  const target = choices.target ?? closest(compiled.problem, ground.fidelities)
  const methods = plannedMethods(
    choices.methods ?? defaultMethods(ground),
    { ...ground, compiled, target },
    costs,
  )
  refuse([
    ...unknownFidelities(Object.keys(costs), ground, (name) => `/costs/${pointerToken(name)}`),
    ...unknownFidelities([target], ground, () => '/target'),
    ...labelIssues(methods),
    ...shuffleIssues(shuffle, target, ground),
    ...budgetIssues(choices),
  ])
  return {
    problem: compiled.problem,
    target,
    methods,
    seeds,
    seed,
    maxRuns,
    shuffle: [...new Set(shuffle)],
    givenCosts: [...new Set([...ground.givenCosts, ...Object.keys(costs)])],
    terms: { budget, budgets, tolerance },
  }
}

/** A random search for comparison, what the study would do anyway, and the method that learns most from few runs. */
function defaultMethods({ defaultMethod }: BacktestGround): AskedMethod[] {
  const asked = [{ method: 'random' }, defaultMethod, { method: 'admire' }]
  const names = asked.map(({ method }) => method)
  return asked.filter(({ method }, i) => OPTIMIZERS.has(method) && names.indexOf(method) === i)
}

function plannedMethods(
  asked: readonly AskedMethod[],
  { compiled, fidelities: withRuns, place, target }: BacktestGround & { target: string },
  costs: Record<string, number>,
): BacktestMethod[] {
  const usual = usualFidelities(compiled.problem, withRuns, target)
  return asked.map(({ label, method: name, params: given = {}, fidelities: at }, i) => {
    const base = `/methods/${i}`
    const fidelities = at ?? usual
    const method = findMethod(name, `${base}/method`)
    const params = completeParams(method, given, `${base}/params`)
    // Where nothing else is left the method says best why.
    const tried = fidelities.length > 1 || at ? fidelities : withRuns
    const issues = method.validate(compiled, params, { fidelities: tried, target })
    refuse(
      issues.map(({ pointer, detail }) => ({
        pointer: pointer.startsWith('/params')
          ? base + pointer
          : inRequest(pointer, compiled.problem, place, costs),
        detail,
      })),
      `The method ${name} cannot work on this problem.`,
    )
    refuse(previousIssues({ method: name, params }, base))
    return { label: label ?? name, method: name, params, fidelities: [...fidelities] }
  })
}

/** Of what a method has against the problem: a cost may have come with the request, and a study's problem is not in it at all. */
function inRequest(
  pointer: string,
  { fidelities }: CompleteProblem,
  place: BacktestGround['place'],
  costs: Record<string, number>,
): string {
  const [, position] = /^\/problem\/fidelities\/(\d+)\/cost$/.exec(pointer) ?? []
  const name = position && fidelities[Number(position)].name
  if (name && (place === '/study' || Object.hasOwn(costs, name))) {
    return `/costs/${pointerToken(name)}`
  }
  return place === '/study' ? place : pointer
}

function previousIssues(method: Pick<BacktestMethod, 'method' | 'params'>, base: string): Issue[] {
  if (previousOf(method).length === 0) return []
  const detail =
    'Leave it out: a replay knows only the runs that it has made itself, so nothing would be learned from other studies.'
  return [{ pointer: `${base}/params/previous`, detail }]
}

function withCosts(
  { problem, space }: CompiledProblem,
  costs: Record<string, number>,
): CompiledProblem {
  const costOf = (name: string) => (Object.hasOwn(costs, name) ? costs[name] : undefined)
  const fidelities = problem.fidelities.map((fidelity) => ({
    ...fidelity,
    cost: costOf(fidelity.name) ?? fidelity.cost,
  }))
  return { problem: { ...problem, fidelities }, space }
}

function closest({ fidelities }: CompleteProblem, withRuns: readonly string[]): string {
  const offered = fidelities.filter(({ name }) => withRuns.includes(name))
  const among = offered.length > 0 ? offered : fidelities
  const highest = Math.max(...among.map(({ order }) => order))
  const [target, ...others] = among.filter(({ order }) => order === highest)
  if (others.length === 0) return target.name
  const names = nameList([target, ...others].map(({ name }) => name))
  const detail = `Say which fidelity mixtures are chosen for: ${names} have the same \`order\`, and none is closer to the target run.`
  throw new MixwrightError('validation-failed', 'The backtest cannot be made.', [
    { pointer: '/target', detail },
  ])
}

function unknownFidelities(
  names: readonly string[],
  { compiled: { problem } }: BacktestGround,
  pointerOf: (name: string) => string,
): Issue[] {
  const known = problem.fidelities.map(({ name }) => name)
  return names
    .filter((name) => !known.includes(name))
    .map((name) => ({
      pointer: pointerOf(name),
      detail: `"${name}" is not a fidelity of the problem; it has ${nameList(known)}.`,
    }))
}

function labelIssues(methods: readonly BacktestMethod[]): Issue[] {
  const labels = methods.map(({ label }) => label)
  return labels.flatMap((label, i) => {
    if (labels.indexOf(label) === i) return []
    const detail = `Two methods are called "${label}"; give each a label of its own.`
    return [{ pointer: `/methods/${i}/label`, detail }]
  })
}

function shuffleIssues(
  shuffle: readonly string[],
  target: string,
  { fidelities }: BacktestGround,
): Issue[] {
  return shuffle.flatMap((name, i) => {
    const pointer = `/shuffle/${i}`
    if (!fidelities.includes(name)) {
      const known = nameList(fidelities)
      return [{ pointer, detail: `There are no runs at "${name}"; there are runs at ${known}.` }]
    }
    if (name !== target) return []
    return [
      { pointer, detail: `"${name}" is the target: its scores are what picks are judged by.` },
    ]
  })
}

function budgetIssues({ budget, budgets }: BacktestChoices): Issue[] {
  if (budget === undefined || !budgets) return []
  return budgets.flatMap((one, i) => {
    if (one <= budget) return []
    const detail = `${one} is more than the budget, ${budget}; no replay goes so far.`
    return [{ pointer: `/budgets/${i}`, detail }]
  })
}

function refuse(errors: FieldError[], detail = 'The backtest cannot be made.'): void {
  if (errors.length > 0) throw new MixwrightError('validation-failed', detail, shortened(errors))
}

/** More is cut off: nobody reads it, and it would make the answer large. */
export function shortened(errors: readonly FieldError[]): FieldError[] {
  return errors.slice(0, MOST_ERRORS).map(({ pointer, detail }) => ({
    pointer,
    detail: detail.length > LONGEST_DETAIL ? `${detail.slice(0, LONGEST_DETAIL)}…` : detail,
  }))
}
