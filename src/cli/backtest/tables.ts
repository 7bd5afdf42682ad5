import { MixwrightError } from '../../errors.js'
import { DOMAIN_PREFIX, METRIC_PREFIX } from '../../formats/importers/index.js'
import { nameList } from '../../optimizers/name-list.js'
import type { Fidelity } from '../../optimizers/problem.js'
import type { CompiledProblem } from '../../optimizers/types.js'
import { checkProblem } from '../../studies/index.js'
import type { Compute, RunPages } from '../../studies/ports.js'
import { UsageError } from '../failures.js'
import { type Costs, requireCosts, requireFidelity } from '../fit/costs.js'
import { fidelityFiles } from '../fit/fidelity-files.js'
import { NameResolver } from '../fit/names.js'
import { buildProblem, type ProblemOptions } from '../fit/problem.js'
import { type CsvPair, namesOf, parsePair, readPair } from '../fit/tables.js'

export interface TableOptions extends ProblemOptions {
  /** `fidelity=mixtures.csv:metrics.csv`. */
  runs: string[]
  /** Fidelity → cost of a run. */
  cost?: Costs
  /** Fidelity → how many of the first rows are taken. */
  limit?: ReadonlyMap<string, number>
  /** The fidelity that mixtures are chosen for. */
  target?: string
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
    const called = `The table of "${fidelity}"`
    pairs.push({ fidelity, pair: await readPair({ mixtures, metrics }, ['--runs'], called) })
  }
  const problem = await buildProblem(options, await commonNames(pairs))
  const compiled = checkProblem({ ...problem, fidelities })
  const runs: RunPages[] = []
  for (const { fidelity, pair } of pairs) {
    const { source } = await parsePair(compute, compiled.problem, pair, { fidelity })
    runs.push(firstRows(source, options.limit?.get(fidelity)))
  }
  const givenCosts = new Set(pairs.length === 1 ? [pairs[0].fidelity] : options.cost?.keys())
  return { compiled, runs, givenCosts }
}

/**
 * @throws UsageError for a fidelity given twice, one without a cost among several, options about unknown ones, and where no target is named
 *   and no fidelity is the dearest
 */
function costedFidelities(
  names: readonly string[],
  { cost = new Map(), limit = new Map(), target }: TableOptions,
): Fidelity[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) {
    throw new UsageError(`--runs: "${twice}" is given twice`, 'Join its tables to one.')
  }
  for (const [option, map] of Object.entries({ '--cost': cost, '--limit': limit })) {
    for (const name of map.keys()) requireFidelity(name, names, option)
  }
  if (names.length > 1) requireCosts(names, cost)
  const costOf = (name: string) => cost.get(name) ?? 1
  if (target === undefined) refuseEquallyDear(names, costOf)
  // The dearest last; among equals the one that mixtures are chosen for.
  const byCost = names.toSorted(
    (a, b) => costOf(a) - costOf(b) || Number(a === target) - Number(b === target),
  )
  return names.map((name) => ({
    name,
    evaluator: 'table' as const,
    cost: costOf(name),
    order: byCost.indexOf(name),
  }))
}

/** @throws UsageError */
function refuseEquallyDear(names: readonly string[], costOf: (name: string) => number): void {
  const most = Math.max(...names.map(costOf))
  const dearest = names.filter((name) => costOf(name) === most)
  if (dearest.length < 2) return
  throw new UsageError(
    `--target: it is not clear which fidelity mixtures are chosen for; a run costs ${most} at ${nameList(dearest)}`,
    `Name it: ${dearest.map((name) => `--target ${name}`).join(', or ')}. Or say with --cost which is dearer.`,
  )
}

/** Domains of the first table, and the metrics that all tables have. */
async function commonNames(pairs: readonly NamedPair[]) {
  const tables = await Promise.all(pairs.map(({ pair }) => namesOf(pair)))
  const [first, ...others] = tables
  const metrics = first.metrics.filter((name) =>
    others.every((table) => table.metrics.includes(name)),
  )
  if (metrics.length === 0) {
    const listed = pairs.map(({ fidelity }, i) => {
      const names = nameList(tables[i].metrics)
      return `"${fidelity}" has ${names === '' ? 'none' : names}`
    })
    const detail = `The tables have no metric in common: ${listed.join('; ')}.`
    throw new MixwrightError('validation-failed', detail)
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
