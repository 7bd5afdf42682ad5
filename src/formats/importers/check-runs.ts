import { createHash } from 'node:crypto'
import { counted } from '../counted.js'
import { nearestNames } from '../nearest-name.js'
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

/** Checks that need whole rows: sums of weights, and metrics that no run has. Takes runs one by one and keeps none. */
export class RunChecks {
  readonly #problems: TableProblems
  readonly #metrics: readonly string[]
  readonly #seenMetrics = new Set<string>()
  readonly #mixtures = new Set<string>()
  #rows = 0
  #missing = 0
  #inexact = 0
  #smallest = Number.POSITIVE_INFINITY
  #largest = Number.NEGATIVE_INFINITY

  constructor(metrics: readonly string[], problems: TableProblems) {
    this.#metrics = metrics
    this.#problems = problems
  }

  add({ weights, values, runId, pointer }: CandidateRun): void {
    this.#rows++
    this.#mixtures.add(digest(weights))
    const names = Object.keys(values)
    this.#missing += this.#metrics.length - names.length
    for (const name of names) this.#seenMetrics.add(name)
    const sum = sumOf(weights)
    const deviation = Math.abs(sum - 1)
    if (deviation > SUM_TOLERANCE + SUM_SLACK) {
      this.#problems.add(
        pointer,
        `the weights of run ${quoted(runId)} sum to ${shown(sum)}; they must sum to 1 within ${SUM_TOLERANCE}`,
      )
    } else if (deviation > EXACT_SUM) {
      this.#inexact++
      this.#smallest = Math.min(this.#smallest, sum)
      this.#largest = Math.max(this.#largest, sum)
    }
  }

  /**
   * After the last run: adds metrics that no run has to the problems, and returns what is worth knowing about runs that can
   * be used.
   * @param similar names that may have been meant by a metric that no run has
   */
  finish(similar: readonly string[] = []): Warning[] {
    if (this.#rows > 0 && this.#problems.count === 0) {
      for (const metric of this.#metrics) {
        if (this.#seenMetrics.has(metric)) continue
        const near = nearestNames(metric, similar, 3).map(quoted)
        const hint =
          near.length === 0
            ? ''
            : `; the files have ${near.join(', ')} (map it with \`metricNames\`)`
        this.#problems.add('', `no run has a value for the metric ${quoted(metric)}${hint}`)
      }
    }
    return [...this.#sums(), ...this.#missingValues(), ...this.#replicates()]
  }

  #sums(): Warning[] {
    if (this.#inexact === 0) return []
    const message =
      `${this.#inexact} of ${counted(this.#rows, 'row')} sum to between ${shown(this.#smallest)} and ${shown(this.#largest)}; ` +
      'they are kept as they are. Least squares, ridge and trees are fitted to them so, the log-linear law and the ' +
      'solvers to the rows divided by their sums.'
    return [{ code: 'weights-renormalised', message, rows: this.#inexact }]
  }

  #missingValues(): Warning[] {
    if (this.#missing === 0) return []
    const values = `${counted(this.#missing, 'metric value')} ${this.#missing === 1 ? 'is' : 'are'}`
    const message = `${values} missing in ${counted(this.#rows, 'row')}; a run counts for the metrics that it has.`
    return [{ code: 'missing-values', message, rows: this.#missing }]
  }

  #replicates(): Warning[] {
    const replicates = this.#rows - this.#mixtures.size
    if (replicates === 0) return []
    const message = `${this.#rows} rows hold ${counted(this.#mixtures.size, 'distinct mixture')}; rows with the same mixture are taken as replicates.`
    return [{ code: 'replicates', message, rows: replicates }]
  }
}

/** Stands for the weights, bit for bit, and is small however many domains there are. */
function digest(weights: readonly number[]): string {
  const bytes = Buffer.from(Float64Array.from(weights).buffer)
  return createHash('sha256').update(bytes).digest('base64')
}
