import { producer, scalarConstant } from '../graph.js'
import { commonShape, sameShape } from '../shapes.js'
import type { Operator, Value } from '../types.js'
import { cast } from './cast.js'
import { greaterOrEqual, lessOrEqual } from './comparisons.js'
import { NUMERIC } from './dtypes.js'
import {
  applyBinary,
  type BinaryRule,
  binaryOperator,
  type Operand,
  operands,
} from './elementwise.js'
import { negate } from './unary.js'

const addRule: BinaryRule = {
  name: 'add',
  onnx: 'Add',
  dtypes: NUMERIC,
  commutative: true,
  compute: (a, b) => a + b,
  gradient: (_a, _b, _y, g) => [g, g],
}

const subtractRule: BinaryRule = {
  name: 'subtract',
  onnx: 'Sub',
  dtypes: NUMERIC,
  compute: (a, b) => a - b,
  gradient: (_a, _b, _y, g) => [g, negate(g)],
}

const multiplyRule: BinaryRule = {
  name: 'multiply',
  onnx: 'Mul',
  dtypes: NUMERIC,
  commutative: true,
  compute: (a, b) => a * b,
  gradient: (a, b, _y, g) => [multiply(g, b), multiply(g, a)],
}

/** Integers are divided towards zero. */
const divideRule: BinaryRule = {
  name: 'divide',
  onnx: 'Div',
  dtypes: NUMERIC,
  compute: (a, b) => a / b,
  gradient: (_a, b, y, g) => {
    const gradientA = divide(g, b)
    return [gradientA, negate(multiply(gradientA, y))]
  },
}

/** Where both are equal, the gradient goes to the first. */
const maximumRule: BinaryRule = {
  name: 'maximum',
  onnx: 'Max',
  dtypes: NUMERIC,
  compute: (a, b) => Math.max(a, b),
  gradient: (a, b, _y, g) => chosen(g, cast(greaterOrEqual(a, b), 'float32')),
}

/** Where both are equal, the gradient goes to the first. */
const minimumRule: BinaryRule = {
  name: 'minimum',
  onnx: 'Min',
  dtypes: NUMERIC,
  compute: (a, b) => Math.min(a, b),
  gradient: (a, b, _y, g) => chosen(g, cast(lessOrEqual(a, b), 'float32')),
}

function chosen(g: Value, first: Value): readonly [Value, Value] {
  return [multiply(g, first), multiply(g, subtract(1, first))]
}

const addOperator = binaryOperator(addRule)
const subtractOperator = binaryOperator(subtractRule)
const multiplyOperator = binaryOperator(multiplyRule)
const divideOperator = binaryOperator(divideRule)
const maximumOperator = binaryOperator(maximumRule)
const minimumOperator = binaryOperator(minimumRule)

export const ARITHMETIC: readonly Operator[] = [
  addOperator,
  subtractOperator,
  multiplyOperator,
  divideOperator,
  maximumOperator,
  minimumOperator,
]

/** a + b; shapes broadcast. */
export function add(a: Operand, b: Operand): Value {
  return withoutEffect(b, 0, a) ?? withoutEffect(a, 0, b) ?? applyBinary(addRule, addOperator, a, b)
}

/** a − b; shapes broadcast. */
export function subtract(a: Operand, b: Operand): Value {
  return withoutEffect(b, 0, a) ?? applyBinary(subtractRule, subtractOperator, a, b)
}

/** a ∘ b; shapes broadcast. */
export function multiply(a: Operand, b: Operand): Value {
  return (
    withoutEffect(b, 1, a) ??
    withoutEffect(a, 1, b) ??
    applyBinary(multiplyRule, multiplyOperator, a, b)
  )
}

/** a / b; shapes broadcast; integers are divided towards zero. */
export function divide(a: Operand, b: Operand): Value {
  return withoutEffect(b, 1, a) ?? applyBinary(divideRule, divideOperator, a, b)
}

/** The larger of a and b; shapes broadcast. */
export function maximum(a: Operand, b: Operand): Value {
  return applyBinary(maximumRule, maximumOperator, a, b)
}

/** The smaller of a and b; shapes broadcast. */
export function minimum(a: Operand, b: Operand): Value {
  return applyBinary(minimumRule, minimumOperator, a, b)
}

/** x moved into [low, high]. */
export function clip(x: Value, low: number, high: number): Value {
  return minimum(maximum(x, low), high)
}

/** x ∘ x */
export function square(x: Value): Value {
  return multiply(x, x)
}

/** factor · value, where x is a product with one constant number. */
export function constantFactor(x: Value): { value: Value; factor: number } | undefined {
  const inputs = producer(x, multiplyOperator)?.inputs
  const index = inputs?.findIndex((input) => scalarConstant(input) !== undefined) ?? -1
  if (!inputs || index === -1) return undefined
  const value = inputs[1 - index]
  const factor = scalarConstant(inputs[index])
  return factor !== undefined && sameShape(value.shape, x.shape) ? { value, factor } : undefined
}

/** The other operand, where one is the operation's neutral number and does not change the shape. */
function withoutEffect(operand: Operand, neutral: number, other: Operand): Value | undefined {
  const [value, kept] = operands(operand, other)
  if (scalarConstant(value) !== neutral || value.dtype !== kept.dtype) return undefined
  const shape = commonShape(value.shape, kept.shape)
  return shape && sameShape(shape, kept.shape) ? kept : undefined
}
