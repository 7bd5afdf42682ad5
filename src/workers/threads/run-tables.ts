import type { RunRow } from '../../formats/run-row.js'
import type { CompleteProblem } from '../../optimizers/problem.js'
import { createRowMatrix, type RowMatrix } from '../../optimizers/row-matrix.js'
import type { RunTable } from '../../optimizers/types.js'
import type { RunPages } from '../../studies/ports.js'

/**
 * Decodes pages of JSON text (arrays of RunRow, weights in the problem's domain order) into one table. Metrics that
 * the problem does not have are left out; a run that lacks one has NaN there. Standard errors and seconds are there where a run
 * has them.
 * @throws RangeError for a row whose number of weights is not the problem's number of domains
 */
export function decodeRunTable(
  problem: CompleteProblem,
  name: string,
  fidelity: string,
  pages: readonly string[],
): RunTable {
  return tableOf(problem, name, fidelity, parsePages(pages))
}

/**
 * Decodes training runs, also of other studies, into one table a fidelity, in the order in which the fidelities come. In each table runs
 * of other studies are first, whatever their place among the sources: they were there before, and methods take rows in the order of time.
 */
export function decodeTrainingRuns(
  problem: CompleteProblem,
  sources: readonly RunPages[],
): RunTable[] {
  const inTime = [...sources.filter(({ from }) => from), ...sources.filter(({ from }) => !from)]
  const fidelities = new Set(sources.map(({ fidelity }) => fidelity))
  return [...fidelities].map((name) => {
    const ofTable = inTime.filter(({ fidelity }) => fidelity === name)
    const rows = ofTable.flatMap((source) => rowsOf(problem, source))
    return tableOf(problem, '', name, rows)
  })
}

const parsePages = (pages: readonly string[]) =>
  pages.flatMap((page) => JSON.parse(page) as RunRow[])

/** With the weights in the problem's order. Runs of other studies say so in their ids, which might be taken otherwise. */
function rowsOf({ domains }: CompleteProblem, { pages, from }: RunPages): RunRow[] {
  const rows = parsePages(pages)
  if (!from) return rows
  const order = domains.map(({ name }) => from.domains.indexOf(name))
  return rows.map((row) => ({
    ...row,
    runId: `${from.study}/${row.runId}`,
    weights: order.map((place) => row.weights[place]),
  }))
}

function tableOf(
  problem: CompleteProblem,
  name: string,
  fidelity: string,
  rows: readonly RunRow[],
): RunTable {
  const raw = rawWeights(rows, problem.domains.length)
  const metrics = problem.metrics.map((metric) => metric.name)
  const standardErrors = columnsOf(metrics, rows, (row) => row.standardErrors).filter(
    ([, column]) => column.some(isKnown),
  )
  const seconds = Float64Array.from(rows, (row) => row.seconds ?? Number.NaN)
  return {
    name,
    fidelity,
    runIds: rows.map(({ runId }) => runId),
    raw,
    normalised: normaliseRows(raw),
    values: new Map(columnsOf(metrics, rows, (row) => row.values)),
    ...(standardErrors.length > 0 && { standardErrors: new Map(standardErrors) }),
    ...(seconds.some(isKnown) && { seconds }),
  }
}

const isKnown = (value: number) => !Number.isNaN(value)

/** Of each metric, what the rows say; NaN where one says nothing. */
function columnsOf(
  metrics: readonly string[],
  rows: readonly RunRow[],
  of: (row: RunRow) => Record<string, number> | undefined,
): [string, Float64Array][] {
  return metrics.map((metric) => [
    metric,
    Float64Array.from(rows, (row) => {
      const said = of(row)
      return said && Object.hasOwn(said, metric) ? said[metric] : Number.NaN
    }),
  ])
}

function rawWeights(rows: readonly RunRow[], domains: number): RowMatrix {
  const raw = createRowMatrix(rows.length, domains)
  rows.forEach(({ runId, weights }, i) => {
    if (weights.length !== domains) {
      throw new RangeError(
        `run "${runId}" has ${weights.length} weights, but there are ${domains} domains`,
      )
    }
    raw.data.set(weights, i * domains)
  })
  return raw
}

/** A copy with each row divided by its sum. */
function normaliseRows(raw: RowMatrix): RowMatrix {
  const normalised = createRowMatrix(raw.rows, raw.columns)
  for (let i = 0; i < raw.rows; i++) {
    const start = i * raw.columns
    let sum = 0
    for (let j = 0; j < raw.columns; j++) sum += raw.data[start + j]
    for (let j = 0; j < raw.columns; j++) {
      normalised.data[start + j] = raw.data[start + j] / sum
    }
  }
  return normalised
}
