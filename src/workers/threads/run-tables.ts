import type { RunRow } from '../../formats/run-row.js'
import type { CompleteProblem } from '../../optimizers/problem.js'
import { createRowMatrix, type RowMatrix } from '../../optimizers/row-matrix.js'
import type { RunTable } from '../../optimizers/types.js'

/**
 * Decodes pages of JSON text (arrays of RunRow, weights in the problem's domain order) into one table. Metrics that
 * the problem does not have are left out; a run that lacks one has NaN there.
 * @throws RangeError for a row whose number of weights is not the problem's number of domains
 */
export function decodeRunTable(
  problem: CompleteProblem,
  name: string,
  fidelity: string,
  pages: readonly string[],
): RunTable {
  const rows = pages.flatMap((page) => JSON.parse(page) as RunRow[])
  const raw = rawWeights(rows, problem.domains.length)
  return {
    name,
    fidelity,
    runIds: rows.map(({ runId }) => runId),
    raw,
    normalised: normaliseRows(raw),
    values: new Map(
      problem.metrics.map((metric) => [
        metric.name,
        Float64Array.from(rows, ({ values }) =>
          Object.hasOwn(values, metric.name) ? values[metric.name] : Number.NaN,
        ),
      ]),
    ),
  }
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
