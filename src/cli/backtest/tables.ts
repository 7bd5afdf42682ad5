import { MixwrightError } from '../../errors.js'
import { DOMAIN_PREFIX, inferNames, METRIC_PREFIX } from '../../formats/importers/index.js'
import type { Fidelity } from '../../optimizers/problem.js'
import type { CompiledProblem } from '../../optimizers/types.js'
import { checkProblem } from '../../studies/index.js'
import type { Compute, RunPages } from '../../studies/ports.js'
import { UsageError } from '../failures.js'
import { fidelityFiles } from '../fit/fidelity-files.js'
import { NameResolver } from '../fit/names.js'
import { buildProblem, type ProblemOptions } from '../fit/problem.js'
import { type CsvPair, parsePairAt, readPair } from '../fit/tables.js'

export interface TableOptions extends ProblemOptions {
  /** `fidelity=mixtures.csv:metrics.csv`. */
  runs: string[]
  /** Fidelity → cost of a run. */
  cost?: ReadonlyMap<string, number>
  /** Fidelity → how many of the first rows are taken. */
  limit?: ReadonlyMap<string, number>
}

interface NamedPair {
  fidelity: string
  pair: CsvPair
}

export interface BacktestData {
  compiled: CompiledProblem
  runs: RunPages[]
  /** Fidelities whose cost somebody has given. */
  givenCosts: ReadonlySet<string>
}

/**
 * Reads and parses the tables, one a fidelity. The dearer a run, the closer to the target its fidelity is.
 * @throws UsageError for files that cannot be read and names that are none, MixwrightError for what is wrong in files
 */
export async function readTables(options: TableOptions, compute: Compute): Promise<BacktestData> {
  const files = options.runs.map((text) => fidelityFiles(text, '--runs'))
  const fidelities = costedFidelities(
    files.map(({ fidelity }) => fidelity),
    options,
  )
  const pairs: NamedPair[] = []
  for (const { fidelity, mixtures, metrics } of files) {
    pairs.push({ fidelity, pair: await readPair(mixtures, metrics, '--runs') })
  }
  const problem = await buildProblem(options, commonNames(pairs))
  const compiled = checkProblem({ ...problem, fidelities })
  const runs: RunPages[] = []
  for (const { fidelity, pair } of pairs) {
    const { source } = await parsePairAt(compute, compiled.problem, pair, fidelity)
    runs.push(firstRows(source, options.limit?.get(fidelity)))
  }
  const givenCosts = new Set(pairs.length === 1 ? [pairs[0].fidelity] : options.cost?.keys())
  return { compiled, runs, givenCosts }
}

/** @throws UsageError for a fidelity given twice, one without a cost among several, and options about unknown ones */
function costedFidelities(
  names: readonly string[],
  { cost = new Map(), limit = new Map() }: TableOptions,
): Fidelity[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) {
    throw new UsageError(`--runs: "${twice}" is given twice`, 'Join its tables to one.')
  }
  for (const [option, map] of Object.entries({ '--cost': cost, '--limit': limit })) {
    for (const name of map.keys()) requireFidelity(name, names, option)
  }
  const lacking = names.filter((name) => !cost.has(name))
  if (names.length > 1 && lacking.length > 0) {
    throw new UsageError(
      `--cost: what a run costs is missing for ${lacking.map((name) => `"${name}"`).join(', ')}`,
      `With several fidelities each needs its cost: ${lacking.map((name) => `--cost ${name}=…`).join(' ')}`,
    )
  }
  const byCost = names.toSorted((a, b) => (cost.get(a) ?? 1) - (cost.get(b) ?? 1))
  return names.map((name) => ({
    name,
    evaluator: 'table' as const,
    cost: cost.get(name) ?? 1,
    order: byCost.indexOf(name),
  }))
}

/** @throws UsageError */
export function requireFidelity(name: string, names: readonly string[], option: string): void {
  if (names.includes(name)) return
  throw new UsageError(
    `${option}: there are no runs at "${name}"`,
    `The fidelities given by --runs are ${names.join(', ')}.`,
  )
}

/** Domains of the first table, and the metrics that all tables have. */
function commonNames(pairs: readonly NamedPair[]) {
  const [first, ...others] = pairs.map(({ pair }) => inferNames(pair.mixtures, pair.metrics))
  const metrics = first.metrics.filter((name) =>
    others.every((table) => table.metrics.includes(name)),
  )
  if (metrics.length === 0) {
    throw new MixwrightError('validation-failed', 'The tables have no metric in common.')
  }
  return {
    domains: new NameResolver('domain', DOMAIN_PREFIX, first.domains),
    metrics: new NameResolver('metric', METRIC_PREFIX, metrics),
  }
}

function firstRows({ fidelity, pages }: RunPages, limit?: number): RunPages {
  if (limit === undefined) return { fidelity, pages }
  const rows = pages.flatMap((page) => JSON.parse(page) as unknown[])
  return { fidelity, pages: [JSON.stringify(rows.slice(0, limit))] }
}
