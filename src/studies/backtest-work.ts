import { MixwrightError } from '../errors.js'
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
  const runs = methods.map((method) => mostRuns(method, settings, scored))
  const steps = seeds * runs.reduce((sum, count) => sum + count, 0)
  if (steps <= most) return
  throw new MixwrightError(
    'backtest-too-large',
    `${methods.length} method${methods.length === 1 ? '' : 's'} with ${seeds} seed${seeds === 1 ? '' : 's'} can replay up to ` +
      `${Math.max(...runs)} runs each, ${steps} in all; at most ${most} are replayed.`,
  )
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
