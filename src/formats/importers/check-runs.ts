import type { CandidateRun } from './candidate-run.js'
import type { ParsedTable } from './table.js'
import { quoted, type TableProblems } from './table-problems.js'

/** Imported weights may miss the sum 1 by this much, because tables are rounded. */
export const SUM_TOLERANCE = 0.005
/** Sums this close to 1 need no mention. */
const EXACT_SUM = 1e-9
/** Room for the rounding of the sum itself, so that 0.995 is inside the tolerance. */
const SUM_SLACK = 1e-12

type Warning = ParsedTable['warnings'][number]

const sumOf = (weights: readonly number[]) => weights.reduce((sum, weight) => sum + weight, 0)

/** Short enough to read, and still on its own side of the tolerance. */
const shown = (sum: number) => Number(sum.toPrecision(6)).toString()

function checkSums(runs: readonly CandidateRun[], problems: TableProblems): Warning[] {
  let inexact = 0
  let smallest = Number.POSITIVE_INFINITY
  let largest = Number.NEGATIVE_INFINITY
  for (const { weights, runId, pointer } of runs) {
    const sum = sumOf(weights)
    const deviation = Math.abs(sum - 1)
    if (deviation > SUM_TOLERANCE + SUM_SLACK) {
      problems.add(
        pointer,
        `the weights of run ${quoted(runId)} sum to ${shown(sum)}; they must sum to 1 within ${SUM_TOLERANCE}`,
      )
    } else if (deviation > EXACT_SUM) {
      inexact++
      smallest = Math.min(smallest, sum)
      largest = Math.max(largest, sum)
    }
  }
  if (inexact === 0) return []
  const message =
    `${inexact} of ${runs.length} rows sum to between ${shown(smallest)} and ${shown(largest)}; they are kept as they are. ` +
    'Least squares, ridge and trees are fitted to them so, the log-linear law and the solvers to the rows divided by their sums.'
  return [{ code: 'weights-renormalised', message, rows: inexact }]
}

function countReplicates(runs: readonly CandidateRun[]): Warning[] {
  const seen = new Set<string>()
  for (const { weights } of runs) {
    // The bytes of the doubles: exact, and faster than writing the numbers out.
    seen.add(Buffer.from(Float64Array.from(weights).buffer).toString('latin1'))
  }
  const replicates = runs.length - seen.size
  if (replicates === 0) return []
  const message = `${runs.length} rows hold ${seen.size} distinct mixtures; rows with the same mixture are taken as replicates.`
  return [{ code: 'replicates', message, rows: replicates }]
}

function countMissing(runs: readonly CandidateRun[], missingValues: number): Warning[] {
  if (missingValues === 0) return []
  const message = `${missingValues} metric values are missing in ${runs.length} rows; a run counts for the metrics that it has.`
  return [{ code: 'missing-values', message, rows: missingValues }]
}

/** Checks that need whole rows: sums of weights, and metrics that no run has. Returns what is worth knowing about rows that can be used. */
export function checkRuns(
  runs: readonly CandidateRun[],
  metrics: readonly string[],
  missingValues: number,
  problems: TableProblems,
): Warning[] {
  const sums = checkSums(runs, problems)
  if (runs.length > 0 && problems.count === 0) {
    for (const metric of metrics) {
      if (runs.some(({ values }) => Object.hasOwn(values, metric))) continue
      problems.add('', `no run has a value for the metric ${quoted(metric)}`)
    }
  }
  return [...sums, ...countMissing(runs, missingValues), ...countReplicates(runs)]
}
