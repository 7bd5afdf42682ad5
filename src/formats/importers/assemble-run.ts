import { pointerToken } from '../../optimizers/issue.js'
import {
  type CandidateRun,
  checkMetricValue,
  checkNumber,
  LARGEST_VALUE,
  readMetricValue,
  readNumber,
  runIdProblem,
} from './candidate-run.js'
import type { FileImporter, FoundRun } from './found-run.js'
import type { MixtureTable } from './mixture-table.js'
import { enumerated, quoted, type TableProblems } from './table-problems.js'
import { weightsInOrder } from './weights.js'

/** Makes runs that can be stored of what files hold, and says of the others what is wrong with them. */
export class RunAssembler {
  readonly #format: string
  readonly #importer: FileImporter
  readonly #domains: readonly string[]
  readonly #mixtures: MixtureTable | undefined
  readonly #problems: TableProblems
  readonly #seen = new Map<string, string>()

  constructor(
    format: { name: string; importer: FileImporter },
    domains: readonly string[],
    mixtures: MixtureTable | undefined,
    problems: TableProblems,
  ) {
    this.#format = format.name
    this.#importer = format.importer
    this.#domains = domains
    this.#mixtures = mixtures
    this.#problems = problems
  }

  /** Ids of the table of mixtures that no file had results for. */
  unused(): string[] {
    return [...(this.#mixtures?.keys() ?? [])].filter((id) => !this.#seen.has(id))
  }

  assemble(run: FoundRun): CandidateRun | undefined {
    const { runId, pointer, place } = run
    const before = this.#problems.count
    const wrong = runIdProblem(runId)
    const earlier = this.#seen.get(runId)
    if (wrong) this.#problems.add(pointer, `${wrong} (${place})`)
    else if (earlier !== undefined) {
      this.#problems.add(
        pointer,
        `the run id ${quoted(runId)} occurs twice, in ${earlier} and in ${place}; give a repeated mixture a run id of its own`,
      )
    } else this.#seen.set(runId, place)
    const weights = this.#weightsOf(run)
    const values = this.#valuesOf(run)
    const standardErrors = this.#errorsOf(run, values)
    const tokens = this.#tokensOf(run)
    if (this.#problems.count > before || !weights) return undefined
    return {
      runId,
      weights,
      values: Object.fromEntries(values),
      ...(standardErrors.length > 0 && { standardErrors: Object.fromEntries(standardErrors) }),
      ...(tokens !== undefined && { tokens }),
      pointer: `${pointer}/mixture`,
    }
  }

  #weightsOf(run: FoundRun): number[] | undefined {
    if (!this.#mixtures) {
      if (run.weights)
        return weightsInOrder(run.weights, this.#domains, this.#number, run, this.#problems)
      this.#problems.add(run.pointer, this.#noMixture(run))
      return undefined
    }
    const weights = this.#mixtures.get(run.runId)
    if (!weights && this.#mixtures.size > 0) this.#problems.add(run.pointer, this.#noMixture(run))
    return weights
  }

  #noMixture({ runId, place }: FoundRun): string {
    const { holdsMixtures, runIdFrom } = this.#importer
    const start = `the run ${quoted(runId)} (${place}) has no mixture`
    if (this.#mixtures) {
      const has = `the mixtures file has ${enumerated([...this.#mixtures.keys()], 3)}`
      const hint = runIdFrom ? `; \`runIdFrom\` may be ${runIdFrom.join(', ')}` : ''
      return `${start}: ${has}${hint}`
    }
    const send = 'send a file `mixtures` with a column "run" and one a domain'
    return holdsMixtures
      ? `${start}, and there is no file \`mixtures\`; ${send}, or say where the weights are (\`mixturePrefix\`, \`domainNames\`)`
      : `${start}: files of the format ${this.#format} hold none; ${send}`
  }

  #valuesOf({ values, pointer, place }: FoundRun): [string, number][] {
    const taken: [string, number][] = []
    const before = this.#problems.count
    for (const [metric, given] of values) {
      if (given === null || given === undefined || given === '') continue
      const value = this.#metricValue(given)
      if (typeof value === 'number') taken.push([metric, value])
      else {
        const detail = `the value ${quoted(String(given))} of the metric ${quoted(metric)} in ${place} ${value.problem}`
        this.#problems.add(`${pointer}/metrics/${pointerToken(metric)}`, detail)
      }
    }
    if (taken.length === 0 && this.#problems.count === before) {
      this.#problems.add(pointer, `${place} has no value for any metric of the study`)
    }
    return taken
  }

  #errorsOf(
    { standardErrors, pointer, place }: FoundRun,
    values: readonly [string, number][],
  ): [string, number][] {
    const taken: [string, number][] = []
    for (const [metric] of values) {
      const given = standardErrors.get(metric)
      if (given === undefined || given === null || given === 'N/A') continue
      if (typeof given === 'number' && given >= 0 && given <= LARGEST_VALUE) {
        taken.push([metric, given])
        continue
      }
      const detail = `the standard error ${quoted(String(given))} of the metric ${quoted(metric)} in ${place}`
      this.#problems.add(
        `${pointer}/standardErrors/${pointerToken(metric)}`,
        `${detail} is not a number from 0 to ${LARGEST_VALUE}`,
      )
    }
    return taken
  }

  #tokensOf({ tokens, pointer, place }: FoundRun): number | undefined {
    if (tokens === undefined || tokens === null || tokens === '') return undefined
    const value = this.#number(tokens)
    if (typeof value === 'number' && value > 0) return value
    const detail = `the number of tokens ${quoted(String(tokens))} in ${place} is not a number above 0`
    this.#problems.add(`${pointer}/tokens`, detail)
    return undefined
  }

  readonly #number = (given: unknown) => {
    if (typeof given === 'number') return checkNumber(given)
    if (typeof given === 'string' && this.#importer.textNumbers) return readNumber(given)
    return { problem: 'is not a number' }
  }

  #metricValue(given: unknown): number | { problem: string } {
    if (typeof given === 'number') return checkMetricValue(given)
    if (typeof given === 'string' && this.#importer.textNumbers) return readMetricValue(given)
    return { problem: 'is not a number' }
  }
}
