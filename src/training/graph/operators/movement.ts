import { type Graph, producer } from '../graph.js'
import { GraphError } from '../graph-error.js'
import { ints } from '../onnx/emitter.js'
import {
  allocate,
  broadcastOffsets,
  commonShape,
  describeShape,
  elementCount,
  sameShape,
  stridedOffsets,
  stridesOf,
} from '../shapes.js'
import type { Operator, Shape, Tensor, TensorData, Value } from '../types.js'
import { sumTo } from './reductions.js'

type ShapeAttribute = { readonly shape: Shape }
type Permutation = { readonly permutation: readonly number[] }

const transposeOperator: Operator<Permutation> = {
  name: 'transpose',
  infer: ([x], { permutation }) => {
    const sorted = permutation.toSorted((a, b) => a - b)
    if (permutation.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw new GraphError(`${describeShape(permutation)} is no permutation of its axes`)
    }
    return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis]) }]
  },
  gradient: (node, [g]) => [g && transpose(g, inverse(node.attributes.permutation))],
  evaluate: ([x], { permutation }, [{ shape }]) => {
    const strides = stridesOf(x.shape)
    return [
      pick(
        x,
        stridedOffsets(
          shape,
          permutation.map((axis) => strides[axis]),
        ),
      ),
    ]
  },
  onnx: (node, emit) =>
    emit.direct(node, 'Transpose', { attributes: { perm: ints(node.attributes.permutation) } }),
}

export const reshapeOperator: Operator<ShapeAttribute> = {
  name: 'reshape',
  infer: ([x], { shape }) => {
    if (elementCount(shape) !== elementCount(x.shape)) {
      throw new GraphError(`${describeShape(shape)} has another number of elements`)
    }
    return [{ dtype: x.dtype, shape }]
  },
  gradient: ({ inputs: [x] }, [g]) => [g && reshape(g, x.shape)],
  evaluate: ([x]) => [x.data.slice()],
  onnx: (node, emit) => {
    const { shape } = node.attributes
    emit.direct(node, 'Reshape', {}, [emit.constant('int64', [shape.length], shape)])
  },
}

const broadcastToOperator: Operator<ShapeAttribute> = {
  name: 'broadcastTo',
  infer: ([x], { shape }) => {
    const common = commonShape(x.shape, shape)
    if (!common || !sameShape(common, shape)) {
      throw new GraphError(`does not broadcast to ${describeShape(shape)}`)
    }
    return [{ dtype: x.dtype, shape }]
  },
  gradient: ({ inputs: [x] }, [g]) => [g && sumTo(g, x.shape)],
  evaluate: ([x], { shape }) => [pick(x, broadcastOffsets(x.shape, shape))],
  onnx: (node, emit) => {
    const { shape } = node.attributes
    emit.direct(node, 'Expand', {}, [emit.constant('int64', [shape.length], shape)])
  },
}

export const MOVEMENT: readonly Operator[] = [
  transposeOperator,
  reshapeOperator,
  broadcastToOperator,
]

/** The elements at these offsets. */
export function pick(x: Tensor, offsets: Int32Array): TensorData {
  const result = allocate({ dtype: x.dtype, shape: [offsets.length] })
  for (let i = 0; i < offsets.length; i++) result[i] = x.data[offsets[i]]
  return result
}

/** Axis i of the result is axis permutation[i] of x. Default: the last two axes change places. */
export function transpose(x: Value, permutation = lastTwoExchanged(x.shape.length)): Value {
  const before = producer(x, transposeOperator)
  if (before && permutation.length === x.shape.length) {
    return transpose(
      before.inputs[0],
      permutation.map((axis) => before.attributes.permutation[axis]),
    )
  }
  if (permutation.length === x.shape.length && permutation.every((axis, i) => axis === i)) return x
  return x.graph.apply(transposeOperator, [x], { permutation })[0]
}

/** The same elements under another shape; one size may be −1, which stands for what is left. */
export function reshape(x: Value, shape: Shape): Value {
  const complete = completeShape(shape, elementCount(x.shape))
  if (sameShape(complete, x.shape)) return x
  const before = producer(x, reshapeOperator)
  if (before) return reshape(before.inputs[0], complete)
  const repeated = producer(x, broadcastToOperator)
  if (repeated && elementCount(repeated.inputs[0].shape) === 1) {
    return broadcastTo(reshape(repeated.inputs[0], []), complete)
  }
  return x.graph.apply(reshapeOperator, [x], { shape: complete })[0]
}

/** x repeated along axes of size 1 and new axes in front. */
export function broadcastTo(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : x.graph.apply(broadcastToOperator, [x], { shape })[0]
}

export function zeros(graph: Graph, shape: Shape): Value {
  return broadcastTo(graph.scalar(0), shape)
}

/** Whether a value is known to hold nothing but zeros. */
export function isZeros(value: Value): boolean {
  const source = producer(value, broadcastToOperator)?.inputs[0] ?? value
  return source.source.kind === 'constant' && source.source.data.every((element) => element === 0)
}

/** What a value was before it was repeated, if that gives the same with an operand of shape `other`. */
export function unbroadcast(value: Value, other: Shape): Value {
  const source = producer(value, broadcastToOperator)?.inputs[0]
  if (!source) return value
  const shape = commonShape(value.shape, other)
  return shape && sameShape(commonShape(source.shape, other) ?? [], shape) ? source : value
}

/** The permutation that transposes matrices. */
export function lastTwoExchanged(rank: number): readonly number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis)
  return rank < 2 ? axes : [...axes.slice(0, -2), rank - 1, rank - 2]
}

function inverse(permutation: readonly number[]): number[] {
  const result = new Array<number>(permutation.length)
  for (const [i, axis] of permutation.entries()) result[axis] = i
  return result
}

function completeShape(shape: Shape, count: number): Shape {
  const open = shape.indexOf(-1)
  if (open === -1) return shape
  const rest = shape.reduce((product, size, i) => (i === open ? product : product * size), 1)
  return shape.map((size, i) => (i === open ? count / rest : size))
}
