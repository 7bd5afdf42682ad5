import type { CompleteProblem } from '../../optimizers/problem.js'
import { counted } from '../counted.js'
import type { ParsedTable } from './table.js'
import { enumerated, quoted, type TableProblems } from './table-problems.js'

/** Names of unknown metrics that are kept for the warning; files may have thousands. */
const MOST_UNKNOWN = 1_000

/** Finds the metrics of a study among those of files: by a given map, else by the exact name. */
export class MetricNames {
  readonly #problem: CompleteProblem
  readonly #known = new Map<string, string>()
  readonly #unknown = new Set<string>()
  readonly #contradicted = new Set<string>()

  /** @param mapped name in the files → metric of the study; a metric that is the target of one is found by no other name */
  constructor(problem: CompleteProblem, mapped: Readonly<Record<string, string>> = {}) {
    this.#problem = problem
    const targets = new Set(Object.values(mapped))
    for (const { name } of problem.metrics) if (!targets.has(name)) this.#known.set(name, name)
    for (const [name, metric] of Object.entries(mapped)) this.#known.set(name, metric)
  }

  has(name: string): boolean {
    return this.#known.has(name)
  }

  /** The metric that a name in a file stands for. One that stands for none is remembered for the warning. */
  find(name: string): string | undefined {
    const metric = this.#known.get(name)
    if (metric === undefined && this.#unknown.size < MOST_UNKNOWN) this.#unknown.add(name)
    return metric
  }

  /** Names in the files that stand for no metric, for hints. */
  get unknown(): readonly string[] {
    return [...this.#unknown]
  }

  /** Compares what a file says of a metric's direction with the study, once a metric. */
  checkDirection(
    name: string,
    higherIsBetter: boolean,
    where: { pointer: string; place: string },
    problems: TableProblems,
  ): void {
    const metric = this.#known.get(name)
    const { direction } = this.#problem.metrics.find((one) => one.name === metric) ?? {}
    if (metric === undefined || direction === undefined || this.#contradicted.has(metric)) return
    const said = higherIsBetter ? 'maximize' : 'minimize'
    if (said === direction) return
    this.#contradicted.add(metric)
    problems.add(
      where.pointer,
      `${where.place} says that ${higherIsBetter ? 'higher' : 'lower'} is better for ${quoted(name)}, but the ` +
        `direction of the metric ${quoted(metric)} in the study is ${direction}; it should be ${said}`,
    )
  }

  warnings(): ParsedTable['warnings'] {
    if (this.#unknown.size === 0) return []
    const many = this.#unknown.size === MOST_UNKNOWN ? 'at least ' : ''
    const { size } = this.#unknown
    const what =
      size === 1 ? 'is no metric of the study and was' : 'are no metrics of the study and were'
    const message = `${many}${counted(size, 'metric')} of the files ${what} not read: ${enumerated(this.unknown, 20)}`
    return [{ code: 'metrics-ignored', message }]
  }
}
