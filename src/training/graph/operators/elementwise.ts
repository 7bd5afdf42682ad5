import { scalarConstant } from '../graph.js'
import { GraphError } from '../graph-error.js'
import { allocate, broadcastOffsets, broadcastShapes } from '../shapes.js'
import type {
  DType,
  NoAttributes,
  Operator,
  Tensor,
  TensorData,
  TensorType,
  Value,
} from '../types.js'
import { FLOAT, requireSameType, requireType } from './dtypes.js'
import { unbroadcast } from './movement.js'
import { sumTo } from './reductions.js'

/** A value, or a number that becomes a scalar constant of the other operand's type. */
export type Operand = Value | number

export interface UnaryRule {
  readonly name: string
  /** ONNX operator of the same meaning. */
  readonly onnx: string
  readonly compute: (x: number) => number
  /** Gradient of x from y = f(x) and the gradient of y. */
  readonly gradient: (x: Value, y: Value, g: Value) => Value
}

/** An operator float32 → float32, element by element. */
export function unaryOperator(rule: UnaryRule): Operator<NoAttributes> {
  return {
    name: rule.name,
    infer: ([x]) => [requireType(x, FLOAT)],
    gradient: (node, [g]) => [g && rule.gradient(node.inputs[0], node.outputs[0], g)],
    evaluate: ([x]) => [x.data.map(rule.compute)],
    onnx: (node, emit) => emit.direct(node, rule.onnx),
  }
}

export interface BinaryRule {
  readonly name: string
  readonly onnx: string
  readonly dtypes: readonly DType[]
  readonly commutative?: boolean
  /** Type of the result; that of the operands otherwise. */
  readonly result?: DType
  readonly compute: (a: number, b: number) => number
  /** Gradients of a and b from y = f(a, b) and the gradient of y, all of the shape of y. */
  readonly gradient?: (a: Value, b: Value, y: Value, g: Value) => readonly [Value, Value]
}

/** An operator of two operands of one type, which broadcast. */
export function binaryOperator(rule: BinaryRule): Operator<NoAttributes> {
  const { gradient } = rule
  return {
    name: rule.name,
    commutative: rule.commutative,
    infer: ([a, b]) => {
      requireType(a, rule.dtypes)
      requireSameType(a, b)
      return [{ dtype: rule.result ?? a.dtype, shape: broadcastShapes(a.shape, b.shape) }]
    },
    gradient:
      gradient &&
      (({ inputs: [a, b], outputs: [y] }, [g]) => {
        if (g === undefined || a.dtype !== 'float32') return []
        const [gradientA, gradientB] = gradient(a, b, y, g)
        return [sumTo(gradientA, a.shape), sumTo(gradientB, b.shape)]
      }),
    evaluate: ([a, b], _, [type]) => [mapPairs(a, b, type, rule.compute)],
    onnx: (node, emit) => emit.direct(node, rule.onnx),
  }
}

function mapPairs(
  a: Tensor,
  b: Tensor,
  type: TensorType,
  compute: (a: number, b: number) => number,
): TensorData {
  const result = allocate(type)
  const left = broadcastOffsets(a.shape, type.shape)
  const right = broadcastOffsets(b.shape, type.shape)
  for (let i = 0; i < result.length; i++) result[i] = compute(a.data[left[i]], b.data[right[i]])
  return result
}

/** Applies an operator of one operand. */
export function applyUnary(operator: Operator<NoAttributes>, x: Value): Value {
  return x.graph.apply(operator, [x], {})[0]
}

/**
 * Applies an operator of two operands. An operand that was repeated only to have the shape of the result is taken as it
 * was before, and two numbers are computed at once.
 */
export function applyBinary(
  rule: BinaryRule,
  operator: Operator<NoAttributes>,
  a: Operand,
  b: Operand,
): Value {
  const [left, right] = operands(a, b)
  const [x, y] = [scalarConstant(left), scalarConstant(right)]
  if (x !== undefined && y !== undefined && left.dtype === right.dtype && !rule.result) {
    const shape = broadcastShapes(left.shape, right.shape)
    return left.graph.constant(left.dtype, shape, [rule.compute(x, y)])
  }
  const smaller = unbroadcast(left, right.shape)
  return left.graph.apply(operator, [smaller, unbroadcast(right, smaller.shape)], {})[0]
}

export function operands(a: Operand, b: Operand): [Value, Value] {
  if (typeof a !== 'number') {
    return [a, typeof b === 'number' ? a.graph.scalar(b, a.dtype) : b]
  }
  if (typeof b === 'number') throw new GraphError('an operator needs at least one value')
  return [b.graph.scalar(a, b.dtype), b]
}
