import { GraphError } from '../graph-error.js'
import { int } from '../onnx/emitter.js'
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
import type { Operator, Shape, TensorData, Value } from '../types.js'
import { requireSameType } from './dtypes.js'
import { pick, zeros } from './movement.js'

type AxisAttribute = { readonly axis: number }
type SplitAttributes = { readonly axis: number; readonly sizes: readonly number[] }
type SliceAttributes = { readonly axis: number; readonly start: number; readonly end: number }
type PadAttributes = { readonly axis: number; readonly before: number; readonly after: number }

const concatOperator: Operator<AxisAttribute> = {
  name: 'concat',
  infer: (inputs, { axis }) => {
    const [first] = inputs
    normalizeAxis(axis, first.shape.length)
    for (const input of inputs) {
      requireSameType(first, input)
      if (!sameShape(withSize(first.shape, axis, 1), withSize(input.shape, axis, 1))) {
        throw new GraphError(`sizes differ in an axis other than ${axis}`)
      }
    }
    const size = inputs.reduce((sum, input) => sum + input.shape[axis], 0)
    return [{ dtype: first.dtype, shape: withSize(first.shape, axis, size) }]
  },
  gradient: ({ inputs, attributes: { axis } }, [g]) => {
    const sizes = inputs.map((input) => input.shape[axis])
    return g ? split(g, axis, sizes) : []
  },
  evaluate: (inputs, { axis }, [type]) => {
    const result = allocate(type)
    let start = 0
    for (const input of inputs) {
      place(result, type.shape, input.data, input.shape, axis, start)
      start += input.shape[axis]
    }
    return [result]
  },
  onnx: (node, emit) =>
    emit.direct(node, 'Concat', { attributes: { axis: int(node.attributes.axis) } }),
}

const splitOperator: Operator<SplitAttributes> = {
  name: 'split',
  infer: ([x], { axis, sizes }) => {
    normalizeAxis(axis, x.shape.length)
    if (sizes.reduce((sum, size) => sum + size, 0) !== x.shape[axis]) {
      throw new GraphError(`sizes ${describeShape(sizes)} do not sum to ${x.shape[axis]}`)
    }
    return sizes.map((size) => ({ dtype: x.dtype, shape: withSize(x.shape, axis, size) }))
  },
  gradient: ({ outputs, attributes: { axis } }, gradients) => [
    concat(
      outputs.map((output, i) => gradients[i] ?? zeros(output.graph, output.shape)),
      axis,
    ),
  ],
  evaluate: ([x], { axis }, outputs) => {
    const strides = stridesOf(x.shape)
    let start = 0
    return outputs.map(({ shape }) => {
      const piece = pick(x, stridedOffsets(shape, strides, start * strides[axis]))
      start += shape[axis]
      return piece
    })
  },
  onnx: (node, emit) => {
    const { axis, sizes } = node.attributes
    const list = emit.constant('int64', [sizes.length], sizes)
    emit.direct(node, 'Split', { attributes: { axis: int(axis) } }, [list])
  },
}

const sliceOperator: Operator<SliceAttributes> = {
  name: 'slice',
  infer: ([x], { axis, start, end }) => {
    normalizeAxis(axis, x.shape.length)
    if (!(start >= 0 && start < end && end <= x.shape[axis])) {
      throw new GraphError(`${start} to ${end} is no part of axis ${axis} of ${x.shape[axis]}`)
    }
    return [{ dtype: x.dtype, shape: withSize(x.shape, axis, end - start) }]
  },
  gradient: ({ inputs: [x], attributes: { axis, start, end } }, [g]) => [
    g && pad(g, axis, start, x.shape[axis] - end),
  ],
  evaluate: ([x], { axis, start }, [{ shape }]) => {
    const strides = stridesOf(x.shape)
    return [pick(x, stridedOffsets(shape, strides, start * strides[axis]))]
  },
  onnx: (node, emit) => {
    const { axis, start, end } = node.attributes
    const bounds = [start, end, axis].map((bound) => emit.constant('int64', [1], [bound]))
    emit.direct(node, 'Slice', {}, bounds)
  },
}

const padOperator: Operator<PadAttributes> = {
  name: 'pad',
  infer: ([x], { axis, before, after }) => {
    normalizeAxis(axis, x.shape.length)
    if (before < 0 || after < 0) throw new GraphError(`cannot pad by ${before} and ${after}`)
    return [{ dtype: x.dtype, shape: withSize(x.shape, axis, x.shape[axis] + before + after) }]
  },
  gradient: ({ inputs: [x], attributes: { axis, before } }, [g]) => [
    g && slice(g, axis, before, before + x.shape[axis]),
  ],
  evaluate: ([x], { axis, before }, [type]) => {
    const result = allocate(type)
    place(result, type.shape, x.data, x.shape, axis, before)
    return [result]
  },
  onnx: (node, emit) => {
    const { axis, before, after } = node.attributes
    const rank = node.inputs[0].shape.length
    const pads = new Array<number>(2 * rank).fill(0)
    pads[axis] = before
    pads[axis + rank] = after
    emit.direct(node, 'Pad', {}, [emit.constant('int64', [2 * rank], pads)])
  },
}

export const PIECES: readonly Operator[] = [
  concatOperator,
  splitOperator,
  sliceOperator,
  padOperator,
]

function place(
  target: TensorData,
  targetShape: Shape,
  piece: TensorData,
  shape: Shape,
  axis: number,
  start: number,
): void {
  const strides = stridesOf(targetShape)
  const offsets = stridedOffsets(shape, strides, start * strides[axis])
  for (let i = 0; i < elementCount(shape); i++) target[offsets[i]] = piece[i]
}

/** The pieces behind each other along an axis (negative: from the end). */
export function concat(pieces: readonly Value[], axis: number): Value {
  const [first] = pieces
  if (!first) throw new GraphError('concat: there are no pieces')
  if (pieces.length === 1) return first
  const normalized = fromStart(axis, first)
  return first.graph.apply(concatOperator, pieces, { axis: normalized })[0]
}

/** x cut along an axis into pieces of these sizes, which sum to the axis's. */
export function split(x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  const normalized = fromStart(axis, x)
  if (sizes.length === 1 && sizes[0] === x.shape[normalized]) return [x]
  return x.graph.apply(splitOperator, [x], { axis: normalized, sizes })
}

/** Elements start to end − 1 along an axis. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const normalized = fromStart(axis, x)
  if (start === 0 && end === x.shape[normalized]) return x
  return x.graph.apply(sliceOperator, [x], { axis: normalized, start, end })[0]
}

/** x with zeros before and after it along an axis. */
export function pad(x: Value, axis: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return x
  return x.graph.apply(padOperator, [x], { axis: fromStart(axis, x), before, after })[0]
}

function fromStart(axis: number, x: Value): number {
  return axis < 0 ? axis + x.shape.length : axis
}
