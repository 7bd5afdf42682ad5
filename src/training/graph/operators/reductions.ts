import { GraphError } from '../graph-error.js'
import { int } from '../onnx/emitter.js'
import {
  allocate,
  broadcastAxes,
  broadcastOffsets,
  elementCount,
  normalizeAxis,
} from '../shapes.js'
import type { Operator, Shape, Tensor, TensorType, Value } from '../types.js'
import { divide, multiply, subtract } from './arithmetic.js'
import { cast } from './cast.js'
import { equal } from './comparisons.js'
import { FLOAT, requireType } from './dtypes.js'
import { broadcastTo, reshape } from './movement.js'
import { exp } from './unary.js'

/** `axes` are normalised and ascending. */
type ReduceAttributes = { readonly axes: readonly number[]; readonly keepDims: boolean }

interface ReductionRule {
  readonly name: string
  readonly onnx: string
  /** What a group of elements becomes. */
  readonly compute: (group: Float64Array) => number
  /** Gradient of x from y = f(x) and the gradient of y, where y and g broadcast to x. */
  readonly gradient: (x: Value, y: Value, g: Value) => Value
}

function reductionOperator(rule: ReductionRule): Operator<ReduceAttributes> {
  return {
    name: rule.name,
    infer: ([x], { axes, keepDims }) => {
      requireType(x, FLOAT)
      // ONNX takes an empty list of axes for all of them.
      if (axes.length === 0 && x.shape.length > 0) throw new GraphError('no axes are given')
      for (const axis of axes) normalizeAxis(axis, x.shape.length)
      return [{ dtype: x.dtype, shape: keepDims ? kept(x.shape, axes) : left(x.shape, axes) }]
    },
    gradient: (node, [g]) => {
      const [x] = node.inputs
      const shape = kept(x.shape, node.attributes.axes)
      return [g && rule.gradient(x, reshape(node.outputs[0], shape), reshape(g, shape))]
    },
    evaluate: ([x], { axes }, [type]) => [reduceGroups(x, axes, type, rule.compute)],
    onnx: (node, emit) => {
      const { axes, keepDims } = node.attributes
      const list = emit.constant('int64', [axes.length], axes)
      emit.direct(node, rule.onnx, { attributes: { keepdims: int(Number(keepDims)) } }, [list])
    },
  }
}

function kept(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
}

function left(shape: Shape, axes: readonly number[]): number[] {
  return shape.filter((_, axis) => !axes.includes(axis))
}

function reduceGroups(
  x: Tensor,
  axes: readonly number[],
  type: TensorType,
  compute: (group: Float64Array) => number,
) {
  const result = allocate(type)
  const targets = broadcastOffsets(kept(x.shape, axes), x.shape)
  const groups = Array.from(result, () => new Float64Array(x.data.length / result.length))
  const filled = new Int32Array(result.length)
  for (const [i, target] of targets.entries()) groups[target][filled[target]++] = x.data[i]
  return result.map((_, i) => compute(groups[i]))
}

function sumOf(group: Float64Array): number {
  return group.reduce((sum, x) => sum + x, 0)
}

function maximumOf(group: Float64Array): number {
  return group.reduce((largest, x) => Math.max(largest, x), Number.NEGATIVE_INFINITY)
}

const reduceSumOperator = reductionOperator({
  name: 'reduceSum',
  onnx: 'ReduceSum',
  compute: sumOf,
  gradient: (x, _y, g) => broadcastTo(g, x.shape),
})

const reduceMeanOperator = reductionOperator({
  name: 'reduceMean',
  onnx: 'ReduceMean',
  compute: (group) => sumOf(group) / group.length,
  gradient: (x, y, g) => {
    const groupSize = elementCount(x.shape) / elementCount(y.shape)
    return broadcastTo(multiply(g, 1 / groupSize), x.shape)
  },
})

/** Elements that share the maximum share its gradient. */
const reduceMaxOperator = reductionOperator({
  name: 'reduceMax',
  onnx: 'ReduceMax',
  compute: maximumOf,
  gradient: (x, y, g) => {
    const winners = cast(equal(x, y), 'float32')
    return multiply(winners, divide(g, sumTo(winners, y.shape)))
  },
})

const reduceSumSquareOperator = reductionOperator({
  name: 'reduceSumSquare',
  onnx: 'ReduceSumSquare',
  compute: (group) => group.reduce((sum, x) => sum + x * x, 0),
  gradient: (x, _y, g) => multiply(x, multiply(g, 2)),
})

const logSumExpOperator = reductionOperator({
  name: 'logSumExp',
  onnx: 'ReduceLogSumExp',
  compute: (group) => {
    const largest = maximumOf(group)
    return largest + Math.log(group.reduce((sum, x) => sum + Math.exp(x - largest), 0))
  },
  gradient: (x, y, g) => multiply(g, exp(subtract(x, y))),
})

export const REDUCTIONS: readonly Operator[] = [
  reduceSumOperator,
  reduceMeanOperator,
  reduceMaxOperator,
  reduceSumSquareOperator,
  logSumExpOperator,
]

export interface ReduceOptions {
  /** Whether reduced axes stay, with size 1. Default false. */
  readonly keepDims?: boolean
}

/** Which axes to reduce: one, some (negative: from the end), or all. */
export type Axes = number | readonly number[] | 'all'

/** Σ x over the axes. */
export function reduceSum(x: Value, axes: Axes = 'all', options?: ReduceOptions): Value {
  return reduce(reduceSumOperator, x, axes, options)
}

/** The mean of x over the axes. */
export function reduceMean(x: Value, axes: Axes = 'all', options?: ReduceOptions): Value {
  return reduce(reduceMeanOperator, x, axes, options)
}

/** The largest x along the axes. */
export function reduceMax(x: Value, axes: Axes = 'all', options?: ReduceOptions): Value {
  return reduce(reduceMaxOperator, x, axes, options)
}

/** Σ x² over the axes. */
export function reduceSumSquare(x: Value, axes: Axes = 'all', options?: ReduceOptions): Value {
  return reduce(reduceSumSquareOperator, x, axes, options)
}

/** log Σ exp x over the axes, without overflow. */
export function logSumExp(x: Value, axes: Axes = 'all', options?: ReduceOptions): Value {
  return reduce(logSumExpOperator, x, axes, options)
}

/** Sums away what broadcasting `shape` to the shape of x repeated: the gradient of broadcasting. */
export function sumTo(x: Value, shape: Shape): Value {
  const axes = broadcastAxes(shape, x.shape)
  return reshape(axes.length === 0 ? x : reduceSum(x, axes), shape)
}

function reduce(
  operator: Operator<ReduceAttributes>,
  x: Value,
  axes: Axes,
  options: ReduceOptions = {},
): Value {
  const rank = x.shape.length
  const list = axes === 'all' ? Array.from({ length: rank }, (_, i) => i) : [axes].flat()
  const normalized = list.map((axis) => (axis < 0 ? axis + rank : axis))
  return x.graph.apply(operator, [x], {
    axes: [...new Set(normalized)].toSorted((a, b) => a - b),
    keepDims: options.keepDims ?? false,
  })[0]
}
