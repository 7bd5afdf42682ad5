import type { Operator, Value } from '../types.js'
import { divide, multiply, square, subtract } from './arithmetic.js'
import { applyUnary, unaryOperator } from './elementwise.js'

const negateOperator = unaryOperator({
  name: 'negate',
  onnx: 'Neg',
  compute: (x) => -x,
  gradient: (_x, _y, g) => negate(g),
})

const expOperator = unaryOperator({
  name: 'exp',
  onnx: 'Exp',
  compute: Math.exp,
  gradient: (_x, y, g) => multiply(g, y),
})

const logOperator = unaryOperator({
  name: 'log',
  onnx: 'Log',
  compute: Math.log,
  gradient: (x, _y, g) => divide(g, x),
})

const sqrtOperator = unaryOperator({
  name: 'sqrt',
  onnx: 'Sqrt',
  compute: Math.sqrt,
  gradient: (_x, y, g) => divide(multiply(g, 0.5), y),
})

const reciprocalOperator = unaryOperator({
  name: 'reciprocal',
  onnx: 'Reciprocal',
  compute: (x) => 1 / x,
  gradient: (_x, y, g) => negate(multiply(g, square(y))),
})

const tanhOperator = unaryOperator({
  name: 'tanh',
  onnx: 'Tanh',
  compute: Math.tanh,
  gradient: (_x, y, g) => multiply(g, subtract(1, square(y))),
})

const sigmoidOperator = unaryOperator({
  name: 'sigmoid',
  onnx: 'Sigmoid',
  compute: (x) => 1 / (1 + Math.exp(-x)),
  gradient: (_x, y, g) => multiply(g, multiply(y, subtract(1, y))),
})

const erfOperator = unaryOperator({
  name: 'erf',
  onnx: 'Erf',
  compute: erfOf,
  gradient: (x, _y, g) => multiply(g, multiply(exp(negate(square(x))), 2 / Math.sqrt(Math.PI))),
})

export const UNARY: readonly Operator[] = [
  negateOperator,
  expOperator,
  logOperator,
  sqrtOperator,
  reciprocalOperator,
  tanhOperator,
  sigmoidOperator,
  erfOperator,
]

export const negate = (x: Value): Value => applyUnary(negateOperator, x)
export const exp = (x: Value): Value => applyUnary(expOperator, x)
/** Natural logarithm. */
export const log = (x: Value): Value => applyUnary(logOperator, x)
export const sqrt = (x: Value): Value => applyUnary(sqrtOperator, x)
/** 1 / x */
export const reciprocal = (x: Value): Value => applyUnary(reciprocalOperator, x)
export const tanh = (x: Value): Value => applyUnary(tanhOperator, x)
/** 1 / (1 + e⁻ˣ) */
export const sigmoid = (x: Value): Value => applyUnary(sigmoidOperator, x)
/** The error function. */
export const erf = (x: Value): Value => applyUnary(erfOperator, x)

/**
 * To about 1e-15 absolute: the power series of erf near 0, the continued fraction of erfc beyond (Abramowitz & Stegun
 * 7.1.6 and 7.1.14).
 */
function erfOf(x: number): number {
  const z = Math.abs(x)
  return Math.sign(x) * (z < 2.5 ? erfSeries(z) : 1 - erfcFraction(z))
}

function erfSeries(z: number): number {
  let term = z
  let sum = z
  for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
    term *= (2 * z * z) / (2 * n + 1)
    sum += term
  }
  return ((2 * Math.exp(-z * z)) / Math.sqrt(Math.PI)) * sum
}

function erfcFraction(z: number): number {
  let denominator = z
  for (let n = 60; n >= 1; n--) denominator = z + n / 2 / denominator
  return Math.exp(-z * z) / (Math.sqrt(Math.PI) * denominator)
}
