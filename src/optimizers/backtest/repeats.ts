import { groupReplicates } from '../distinct-mixtures.js'
import type { RunTable } from '../types.js'
import { takeRows } from './table.js'

/**
 * Runs with one row a mixture, in the order of first appearance: what is looked up of a mixture that was run several times is the mean
 * of what was measured, so that the luckiest of its runs is not taken for the best mixture. Standard errors are those of the means,
 * NaN where one of them is unknown; the name is that of the first run. The table itself where no mixture repeats.
 */
export function withoutRepeats(runs: RunTable): RunTable {
  const { groupOf, count } = groupReplicates(runs.normalised)
  if (count === groupOf.length) return runs
  const members: number[][] = Array.from({ length: count }, () => [])
  groupOf.forEach((group, i) => {
    members[group].push(i)
  })
  const first = members.map(([row]) => row)
  const { values, standardErrors, seconds } = runs
  return {
    ...takeRows(runs, first),
    values: new Map([...values].map(([metric, own]) => [metric, meanOfKnown(own, members)])),
    ...(standardErrors && {
      standardErrors: new Map(
        [...standardErrors].map(([metric, own]) => [
          metric,
          errorsOfMeans(own, values.get(metric), members),
        ]),
      ),
    }),
    ...(seconds && { seconds: meanOfKnown(seconds, members) }),
  }
}

/** NaN where none is known. */
function meanOfKnown(values: Float64Array, members: readonly number[][]): Float64Array {
  return Float64Array.from(members, (rows) => {
    const known = rows.map((row) => values[row]).filter((value) => !Number.isNaN(value))
    return known.reduce(
      (sum, value) => sum + value / known.length,
      known.length > 0 ? 0 : Number.NaN,
    )
  })
}

/** √(Σ sᵢ²)/n over the runs whose values have a part in the mean. */
function errorsOfMeans(
  errors: Float64Array,
  values: Float64Array | undefined,
  members: readonly number[][],
): Float64Array {
  return Float64Array.from(members, (rows) => {
    const measured = rows.filter((row) => values === undefined || !Number.isNaN(values[row]))
    return Math.hypot(...measured.map((row) => errors[row])) / measured.length
  })
}
