import type { RowMatrix } from '../../optimizers/row-matrix.js'
import type { RunTable } from '../../optimizers/types.js'

/**
 * A copy of the table whose numbers lie in shared memory: sent to many threads, they are there once. Nobody writes to them any
 * more.
 */
export function shareTable(table: RunTable): RunTable {
  const { raw, normalised, values, standardErrors, seconds } = table
  return {
    ...table,
    raw: shareMatrix(raw),
    normalised: shareMatrix(normalised),
    values: shareColumns(values),
    ...(standardErrors && { standardErrors: shareColumns(standardErrors) }),
    ...(seconds && { seconds: shareNumbers(seconds) }),
  }
}

function shareMatrix(matrix: RowMatrix): RowMatrix {
  return { ...matrix, data: shareNumbers(matrix.data) }
}

function shareColumns(columns: ReadonlyMap<string, Float64Array>): Map<string, Float64Array> {
  return new Map([...columns].map(([name, numbers]) => [name, shareNumbers(numbers)]))
}

function shareNumbers(numbers: Float64Array): Float64Array {
  const shared = new Float64Array(new SharedArrayBuffer(numbers.byteLength))
  shared.set(numbers)
  return shared
}
