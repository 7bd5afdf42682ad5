import type { EvaluationLog } from './evaluations.js'
import type { MetricNames } from './metric-names.js'
import type { ReadingOptionName, ReadingOptions } from './reading-options.js'
import type { SourceFile } from './source-file.js'
import { quoted, type TableProblems } from './table-problems.js'

/** A run as it is found in a file: nothing of it has been checked but that its metrics are those of the study. */
export class FoundRun {
  readonly runId: string
  /** JSON Pointer of the run, for problems. */
  readonly pointer: string
  /** Where it is, for people: `line 3 of "runs.jsonl"`. */
  readonly place: string
  /** Name of a domain, or what stands for it → weight; absent where the file has no mixture. */
  weights?: Map<string, unknown>
  /** Metric of the study → value. */
  readonly values = new Map<string, unknown>()
  readonly standardErrors = new Map<string, unknown>()
  tokens?: unknown
  /** Which name of the file gave a metric. */
  readonly #sources = new Map<string, string>()

  constructor(runId: string, pointer: string, place: string) {
    this.runId = runId
    this.pointer = pointer
    this.place = place
  }

  /**
   * Takes a value that the file has under a name. It counts when the name stands for a metric of the study.
   * @returns that metric
   */
  take(
    name: string,
    value: unknown,
    { metrics, problems }: Pick<Reading, 'metrics' | 'problems'>,
    standardError?: unknown,
  ): string | undefined {
    const metric = metrics.find(name)
    if (metric === undefined) return undefined
    const earlier = this.#sources.get(metric)
    if (earlier !== undefined && (earlier !== name || !Object.is(this.values.get(metric), value))) {
      const both =
        earlier === name ? `${quoted(name)} twice` : `${quoted(earlier)} and ${quoted(name)}`
      problems.add(
        this.pointer,
        `${this.place} gives the metric ${quoted(metric)} two values: it has ${both}`,
      )
      return metric
    }
    this.#sources.set(metric, name)
    this.values.set(metric, value)
    if (standardError !== undefined) this.standardErrors.set(metric, standardError)
    return metric
  }

  /** Takes what another file says of the same run; a metric that both have must have one value. */
  merge(other: FoundRun, problems: TableProblems): void {
    for (const [metric, value] of other.values) {
      if (this.values.has(metric) && this.values.get(metric) !== value) {
        problems.add(
          other.pointer,
          `the run ${quoted(this.runId)} has two values of the metric ${quoted(metric)}: ${this.values.get(metric)} in ` +
            `${this.place} and ${value} in ${other.place}`,
        )
      } else this.values.set(metric, value)
    }
    for (const [metric, error] of other.standardErrors) this.standardErrors.set(metric, error)
  }
}

/** What the reader of a file has at hand. */
export interface Reading {
  options: ReadingOptions
  metrics: MetricNames
  domains: ReadonlySet<string>
  /** Whether mixtures come from a table of their own, and those in the files are not read. */
  joins: boolean
  problems: TableProblems
  evaluations: EvaluationLog
  /** A sentence about something that was left out; equal ones are counted, with the names of the first. */
  leaveOut(code: string, reason: string, name: string): void
}

/** How one format is read. */
export interface FileImporter {
  /** For people. */
  title: string
  /** What a file of it looks like, for one that is not. */
  expects: string
  /** Whether files of it may hold the mixture of a run. */
  holdsMixtures: boolean
  options: readonly ReadingOptionName[]
  /** What a run's id may be taken from; absent: anything, or nothing to choose. */
  runIdFrom?: readonly string[]
  /** Several files may belong to one run. */
  merges: boolean
  /** Numbers come as text. */
  textNumbers: boolean
  read(file: SourceFile, reading: Reading): AsyncIterable<FoundRun>
}
