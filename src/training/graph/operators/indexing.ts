import { GraphError } from '../graph-error.js'
import { int, type OnnxEmitter, string } from '../onnx/emitter.js'
import { DATA_TYPES } from '../onnx/model-proto.js'
import {
  allocate,
  describeShape,
  elementCount,
  normalizeAxis,
  sameShape,
  stridedOffsets,
  stridesOf,
  withSize,
} from '../shapes.js'
import type { NoAttributes, Operator, Shape, Tensor, TensorType, Value } from '../types.js'
import { FLOAT, INDEX, requireSameType, requireType } from './dtypes.js'
import { isZeros, zeros } from './movement.js'

type AxisAttribute = { readonly axis: number }
type ScatterAttributes = { readonly axis: number; readonly reduction: 'none' | 'add' }

const gatherRowsOperator: Operator<NoAttributes> = {
  name: 'gatherRows',
  infer: ([table, indices]) => {
    requireType(indices, INDEX)
    if (table.shape.length === 0) throw new GraphError('a scalar has no rows')
    return [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }]
  },
  gradient: ({ inputs: [table, indices] }, [g]) => [
    g && scatterAddRows(zeros(g.graph, table.shape), indices, g),
  ],
  evaluate: ([table, indices], _, [type]) => {
    const result = allocate(type)
    const width = rowWidth(table)
    for (const [i, row] of indices.data.entries()) {
      checkIndex('gatherRows', row, table.shape[0])
      result.set(table.data.subarray(row * width, (row + 1) * width), i * width)
    }
    return [result]
  },
  onnx: (node, emit) => emit.direct(node, 'Gather', { attributes: { axis: int(0) } }),
}

/** ONNX sums rows in the order of the indices on one thread, so results are the same each time. */
const scatterAddRowsOperator: Operator<NoAttributes> = {
  name: 'scatterAddRows',
  infer: ([table, indices, updates]) => {
    requireType(table, FLOAT)
    requireType(indices, INDEX)
    requireSameType(table, updates)
    const shape = [...indices.shape, ...table.shape.slice(1)]
    if (!sameShape(updates.shape, shape)) {
      throw new GraphError(`the updates must be ${describeShape(shape)}`)
    }
    return [{ dtype: table.dtype, shape: table.shape }]
  },
  gradient: ({ inputs: [, indices] }, [g]) => [g, undefined, g && gatherRows(g, indices)],
  addTo: ({ inputs: [table, indices, updates] }, total) =>
    isZeros(table) ? scatterAddRows(total, indices, updates) : undefined,
  evaluate: ([table, indices, updates]) => {
    const result = table.data.slice()
    const width = rowWidth(table)
    for (const [i, row] of indices.data.entries()) {
      checkIndex('scatterAddRows', row, table.shape[0])
      for (let j = 0; j < width; j++) result[row * width + j] += updates.data[i * width + j]
    }
    return [result]
  },
  onnx: (node, emit) => {
    const [table, indices, updates] = node.inputs
    const column = emit.temporary('Reshape', [
      wideIndices(indices, emit),
      emit.constant('int64', [indices.shape.length + 1], [...indices.shape, 1]),
    ])
    emit.node(
      'ScatterND',
      [emit.name(table), column, emit.name(updates)],
      [emit.name(node.outputs[0])],
      { attributes: { reduction: string('add') } },
    )
  },
}

const gatherElementsOperator: Operator<AxisAttribute> = {
  name: 'gatherElements',
  infer: ([x, indices], { axis }) => {
    requireIndices(x, indices, axis)
    return [{ dtype: x.dtype, shape: indices.shape }]
  },
  gradient: ({ inputs: [x, indices], attributes: { axis } }, [g]) => [
    g && scatterElements(zeros(g.graph, x.shape), indices, g, axis, 'add'),
  ],
  evaluate: ([x, indices], { axis }, [type]) => {
    const result = allocate(type)
    const targets = elementOffsets('gatherElements', x.shape, indices, axis)
    for (const [i, target] of targets.entries()) result[i] = x.data[target]
    return [result]
  },
  onnx: (node, emit) =>
    emit.direct(node, 'GatherElements', { attributes: { axis: int(node.attributes.axis) } }),
}

const scatterElementsOperator: Operator<ScatterAttributes> = {
  name: 'scatterElements',
  infer: ([x, indices, updates], { axis }) => {
    requireIndices(x, indices, axis)
    requireSameType(x, updates)
    if (!sameShape(updates.shape, indices.shape)) {
      throw new GraphError(`the updates must be ${describeShape(indices.shape)}`)
    }
    return [{ dtype: x.dtype, shape: x.shape }]
  },
  gradient: ({ inputs: [x, indices, updates], attributes: { axis, reduction } }, [g]) => {
    if (!g || x.dtype !== 'float32') return []
    const untouched =
      reduction === 'add'
        ? g
        : scatterElements(g, indices, zeros(g.graph, updates.shape), axis, 'none')
    return [untouched, undefined, gatherElements(g, indices, axis)]
  },
  addTo: ({ inputs: [x, indices, updates], attributes: { axis, reduction } }, total) =>
    reduction === 'add' && isZeros(x)
      ? scatterElements(total, indices, updates, axis, 'add')
      : undefined,
  evaluate: ([x, indices, updates], { axis, reduction }) => {
    const result = x.data.slice()
    const targets = elementOffsets('scatterElements', x.shape, indices, axis)
    for (const [i, target] of targets.entries()) {
      result[target] = updates.data[i] + (reduction === 'add' ? result[target] : 0)
    }
    return [result]
  },
  onnx: (node, emit) => {
    const { axis, reduction } = node.attributes
    emit.direct(node, 'ScatterElements', {
      attributes: { axis: int(axis), reduction: string(reduction) },
    })
  },
}

export const INDEXING: readonly Operator[] = [
  gatherRowsOperator,
  scatterAddRowsOperator,
  gatherElementsOperator,
  scatterElementsOperator,
]

/** Rows of a table: an embedding. @param table (n × …) @param indices (s), 0 to n − 1 @returns (s × …) */
export function gatherRows(table: Value, indices: Value): Value {
  return table.graph.apply(gatherRowsOperator, [table, indices], {})[0]
}

/** The table with updates added to its rows; equal indices add up. @param updates (s × …) @returns (n × …) */
export function scatterAddRows(table: Value, indices: Value, updates: Value): Value {
  return table.graph.apply(scatterAddRowsOperator, [table, indices, updates], {})[0]
}

/**
 * One element of x for each index: along `axis` it is at the index, along the others where the index is.
 * @param indices of the rank of x; along other axes no longer than x
 */
export function gatherElements(x: Value, indices: Value, axis: number): Value {
  return x.graph.apply(gatherElementsOperator, [x, indices], { axis: fromStart(axis, x) })[0]
}

/**
 * x with the updates put, or added, where `gatherElements` would read.
 * @param reduction `none`: put, and no two indices may mean one element; `add`: equal indices add up
 */
export function scatterElements(
  x: Value,
  indices: Value,
  updates: Value,
  axis: number,
  reduction: 'none' | 'add' = 'none',
): Value {
  const attributes = { axis: fromStart(axis, x), reduction }
  return x.graph.apply(scatterElementsOperator, [x, indices, updates], attributes)[0]
}

function fromStart(axis: number, x: Value): number {
  return axis < 0 ? axis + x.shape.length : axis
}

function rowWidth(table: Tensor): number {
  return elementCount(table.shape.slice(1))
}

function requireIndices(x: TensorType, indices: TensorType, axis: number): void {
  requireType(indices, INDEX)
  normalizeAxis(axis, x.shape.length)
  const inside = indices.shape.every((size, i) => i === axis || size <= x.shape[i])
  if (indices.shape.length !== x.shape.length || !inside) {
    throw new GraphError(
      `the indices must fit ${describeShape(withSize(x.shape, axis, 0))} but for axis ${axis}`,
    )
  }
}

function elementOffsets(operator: string, shape: Shape, indices: Tensor, axis: number): Int32Array {
  const strides = stridesOf(shape)
  const others = strides.map((stride, i) => (i === axis ? 0 : stride))
  return stridedOffsets(indices.shape, others).map((offset, i) => {
    checkIndex(operator, indices.data[i], shape[axis])
    return offset + indices.data[i] * strides[axis]
  })
}

function checkIndex(operator: string, index: number, size: number): void {
  if (index < 0 || index >= size) {
    throw new GraphError(`${operator}: index ${index} is outside of 0 to ${size - 1}`)
  }
}

function wideIndices(indices: Value, emit: OnnxEmitter): string {
  if (indices.dtype === 'int64') return emit.name(indices)
  return emit.temporary('Cast', [emit.name(indices)], { attributes: { to: int(DATA_TYPES.int64) } })
}
