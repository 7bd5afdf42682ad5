import type { Operator, Value } from '../types.js'
import { NUMERIC } from './dtypes.js'
import { applyBinary, type BinaryRule, binaryOperator, type Operand } from './elementwise.js'

function comparison(
  name: string,
  onnx: string,
  holds: (a: number, b: number) => boolean,
): BinaryRule {
  return { name, onnx, dtypes: NUMERIC, result: 'bool', compute: (a, b) => Number(holds(a, b)) }
}

const equalRule = comparison('equal', 'Equal', (a, b) => a === b)
const lessRule = comparison('less', 'Less', (a, b) => a < b)
const lessOrEqualRule = comparison('lessOrEqual', 'LessOrEqual', (a, b) => a <= b)
const greaterRule = comparison('greater', 'Greater', (a, b) => a > b)
const greaterOrEqualRule = comparison('greaterOrEqual', 'GreaterOrEqual', (a, b) => a >= b)

const equalOperator = binaryOperator(equalRule)
const lessOperator = binaryOperator(lessRule)
const lessOrEqualOperator = binaryOperator(lessOrEqualRule)
const greaterOperator = binaryOperator(greaterRule)
const greaterOrEqualOperator = binaryOperator(greaterOrEqualRule)

export const COMPARISONS: readonly Operator[] = [
  equalOperator,
  lessOperator,
  lessOrEqualOperator,
  greaterOperator,
  greaterOrEqualOperator,
]

/** a = b, as bool; shapes broadcast. */
export function equal(a: Operand, b: Operand): Value {
  return applyBinary(equalRule, equalOperator, a, b)
}

/** a < b, as bool; shapes broadcast. */
export function less(a: Operand, b: Operand): Value {
  return applyBinary(lessRule, lessOperator, a, b)
}

/** a ≤ b, as bool; shapes broadcast. */
export function lessOrEqual(a: Operand, b: Operand): Value {
  return applyBinary(lessOrEqualRule, lessOrEqualOperator, a, b)
}

/** a > b, as bool; shapes broadcast. */
export function greater(a: Operand, b: Operand): Value {
  return applyBinary(greaterRule, greaterOperator, a, b)
}

/** a ≥ b, as bool; shapes broadcast. */
export function greaterOrEqual(a: Operand, b: Operand): Value {
  return applyBinary(greaterOrEqualRule, greaterOrEqualOperator, a, b)
}
