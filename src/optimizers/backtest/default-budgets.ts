/** Points of the grid below the cost of one target run, and from there on. */
const MOST_BELOW = 5
const MOST_ABOVE = 10

/** Multiples of the target's cost grow by this, unless the budget is so large that they would be too many. */
const GROWTH = 1.5

/**
 * Budgets to report at when none are asked for: at most 16, rising, the last one the whole budget. From the cost of one run at the
 * target on they are whole numbers of such runs (1, 2, 3, 5, 8, 12, …), below it of runs at the cheapest fidelity, both about
 * geometric. They are rounded up to three significant digits, so that the runs they stand for are within them.
 * @param cheapest cost of a run at the cheapest fidelity, > 0
 * @param target cost of a run at the target, > 0
 * @throws RangeError for costs or a budget that are not positive numbers
 */
export function defaultBudgets({
  budget,
  cheapest,
  target,
}: {
  budget: number
  cheapest: number
  target: number
}): number[] {
  for (const [name, value] of Object.entries({ budget, cheapest, target })) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`${name} has to be a positive number, not ${value}`)
    }
  }
  const start = Math.min(target, budget)
  const below = wholeNumbers(start / cheapest, MOST_BELOW, 1)
    .map((runs) => runs * cheapest)
    .filter((cost) => cost < start * (1 - 1e-9))
  const above = wholeNumbers(budget / target, MOST_ABOVE, GROWTH).map((runs) => runs * target)
  const rounded = [...below, ...above].map(roundedUp).filter((cost) => cost < budget)
  return [...new Set([...rounded, budget])].sort((a, b) => a - b)
}

/** At most so many whole numbers from 1 to `end`, about geometric; none when the end is below 1. */
function wholeNumbers(end: number, most: number, leastGrowth: number): number[] {
  if (end < 1) return []
  const growth = Math.max(leastGrowth, end ** (1 / most))
  const numbers: number[] = []
  for (let x = 1; x <= end && numbers.length < most; x = Math.max(Math.round(x * growth), x + 1)) {
    numbers.push(x)
  }
  return numbers
}

/** To three significant digits, not down; what rounding errors put above such a number stays there. */
function roundedUp(value: number): number {
  const nearest = Number(value.toPrecision(3))
  if (nearest >= value * (1 - 1e-9)) return nearest
  const unit = 10 ** (Math.floor(Math.log10(nearest)) - 2)
  return Number((nearest + unit).toPrecision(3))
}
