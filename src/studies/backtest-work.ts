import { MixwrightError } from '../errors.js'
import { counted } from '../formats/counted.js'
import type { BacktestMethod, BacktestSettings } from '../store/backtest-contract.js'

/**
 * How long a replayed run takes depends on the method and on what it has seen by then, from a microsecond to seconds; how many
 * there can be is known beforehand.
 * @param scored fidelity → runs that can be looked up
 * @param most replayed runs, of all methods and seeds together
 * @throws MixwrightError `backtest-too-large`
 */
export function refuseManySteps(
  settings: BacktestSettings,
  scored: Readonly<Record<string, number>>,
  most: number,
): void {
  const { methods, seeds } = settings
  const steps = mostSteps(settings, scored)
  if (steps <= most) return
  const longest = Math.max(...methods.map((method) => mostRuns(method, settings, scored)))
  const counts = [counted(methods.length, 'method'), counted(seeds, 'seed')].join(' with ')
  throw new MixwrightError(
    'backtest-too-large',
    `${counts} can replay up to ${counted(longest, 'run')} each, ${steps} in all; at most ${most} are replayed. ` +
      `${advice(settings, scored, most)}.`,
  )
}

/** To what each setting has to be lowered, if it alone is. */
function advice(
  settings: BacktestSettings,
  scored: Readonly<Record<string, number>>,
  most: number,
): string {
  const isWithin = (change: Partial<BacktestSettings>) =>
    mostSteps({ ...settings, ...change }, scored) <= most
  const { methods, seeds, maxRuns, budget, costs } = settings
  const share = largest(PARTS, (parts) => isWithin({ budget: (budget * parts) / PARTS })) / PARTS
  const affordable = roundedDown(budget * share)
  const bounds = [
    { name: 'seeds', bound: largest(seeds, (n) => isWithin({ seeds: n })) },
    { name: 'maxRuns', bound: largest(maxRuns, (n) => isWithin({ maxRuns: n })) },
    { name: 'budget', bound: affordable < Math.min(...Object.values(costs)) ? 0 : affordable },
  ]
  const lower = bounds
    .filter(({ bound }) => bound > 0)
    .map(
      ({ name, bound }) =>
        `lower \`${name}\` to ${bound}${name === 'budget' ? ' and leave larger `budgets` out' : ''}`,
    )
  if (methods.length > 1) lower.push('replay fewer methods')
  const said = lower.length > 0 ? lower.join(', or ') : 'lower `seeds` and `maxRuns` both'
  return said[0].toUpperCase() + said.slice(1)
}

/** Budgets are tried in so many parts of the one asked for. */
const PARTS = 1e6

/** The largest count up to a bound that passes a test which all smaller ones pass, too; 0 where none does. */
function largest(bound: number, passes: (count: number) => boolean): number {
  let [passing, failing] = [0, bound + 1]
  while (failing - passing > 1) {
    const middle = Math.floor((passing + failing) / 2)
    if (passes(middle)) passing = middle
    else failing = middle
  }
  return passing
}

/** To three digits. */
function roundedDown(value: number): number {
  if (value <= 0) return 0
  const unit = 10 ** (Math.floor(Math.log10(value)) - 2)
  return Number((Math.floor(value / unit) * unit).toPrecision(3))
}

function mostSteps(settings: BacktestSettings, scored: Readonly<Record<string, number>>): number {
  const { methods, seeds } = settings
  return seeds * methods.reduce((sum, method) => sum + mostRuns(method, settings, scored), 0)
}

/** The most runs that the budget pays for: the cheapest first. */
function mostRuns(
  { fidelities }: BacktestMethod,
  { costs, budget, maxRuns }: BacktestSettings,
  scored: Readonly<Record<string, number>>,
): number {
  let [runs, left] = [0, budget]
  for (const fidelity of fidelities.toSorted((a, b) => costs[a] - costs[b])) {
    const affordable = Math.min(scored[fidelity] ?? 0, Math.floor(left / costs[fidelity]))
    runs += affordable
    left -= affordable * costs[fidelity]
  }
  return Math.min(maxRuns, runs)
}
