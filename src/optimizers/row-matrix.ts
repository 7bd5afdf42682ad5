/** A dense matrix of doubles, row-major: entry (i, j) is `data[i * columns + j]`. */
export interface RowMatrix {
  readonly data: Float64Array
  readonly rows: number
  readonly columns: number
}

/** A zero matrix of shape (rows × columns). */
export function createRowMatrix(rows: number, columns: number): RowMatrix {
  return { data: new Float64Array(rows * columns), rows, columns }
}

/** Copies rows of equal length into a matrix; throws a RangeError when lengths differ. */
export function rowMatrixFrom(rows: readonly ArrayLike<number>[], columns?: number): RowMatrix {
  const width = columns ?? rows[0]?.length ?? 0
  const matrix = createRowMatrix(rows.length, width)
  rows.forEach((row, i) => {
    if (row.length !== width) {
      throw new RangeError(`row ${i} has ${row.length} entries, expected ${width}`)
    }
    matrix.data.set(row, i * width)
  })
  return matrix
}

/** A view (no copy) of row i. */
export function rowOf(matrix: RowMatrix, i: number): Float64Array {
  return matrix.data.subarray(i * matrix.columns, (i + 1) * matrix.columns)
}

/** A copy that holds the named rows, in the given order. */
export function selectRows(matrix: RowMatrix, indices: ArrayLike<number>): RowMatrix {
  const selected = createRowMatrix(indices.length, matrix.columns)
  for (let k = 0; k < indices.length; k++) {
    selected.data.set(rowOf(matrix, indices[k]), k * matrix.columns)
  }
  return selected
}

/** All rows of the matrices, below each other. */
export function stackRows(parts: readonly RowMatrix[], columns: number): RowMatrix {
  const all = createRowMatrix(
    parts.reduce((sum, { rows }) => sum + rows, 0),
    columns,
  )
  let at = 0
  for (const part of parts) {
    all.data.set(part.data.subarray(0, part.rows * columns), at * columns)
    at += part.rows
  }
  return all
}
