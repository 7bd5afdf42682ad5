import { describe, expect, test } from 'vitest'
import {
  createRowMatrix,
  rowMatrixFrom,
  rowOf,
  selectRows,
} from '../../src/optimizers/row-matrix.js'

describe('row matrices', () => {
  const matrix = rowMatrixFrom([
    [1, 2],
    [3, 4],
    [5, 6],
  ])

  test('hold rows one after the other', () => {
    expect([matrix.rows, matrix.columns]).toEqual([3, 2])
    expect([...matrix.data]).toEqual([1, 2, 3, 4, 5, 6])
    expect([...createRowMatrix(2, 3).data]).toEqual([0, 0, 0, 0, 0, 0])
    expect(rowMatrixFrom([], 4)).toEqual(createRowMatrix(0, 4))
  })

  test('a row is a view, selected rows are copies in the given order', () => {
    const copy = selectRows(matrix, [2, 0, 2])
    expect([...copy.data]).toEqual([5, 6, 1, 2, 5, 6])
    rowOf(copy, 1)[0] = 9
    expect(copy.data[2]).toBe(9)
    expect(matrix.data[0]).toBe(1)
  })

  test('rows of another length are refused', () => {
    expect(() => rowMatrixFrom([[1, 2], [3]])).toThrow(RangeError)
    expect(() => rowMatrixFrom([[1, 2]], 3)).toThrow('row 0 has 2 entries, expected 3')
  })
})
