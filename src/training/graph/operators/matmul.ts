import { producer } from '../graph.js'
import { GraphError } from '../graph-error.js'
import {
  float,
  int,
  ints,
  MICROSOFT,
  type OnnxAttributes,
  type OnnxEmitter,
} from '../onnx/emitter.js'
import {
  allocate,
  broadcastOffsets,
  broadcastShapes,
  describeShape,
  elementCount,
  sameShape,
  stridesOf,
} from '../shapes.js'
import type { Node, Operator, Shape, TensorType, Value } from '../types.js'
import { constantFactor } from './arithmetic.js'
import { FLOAT, requireType } from './dtypes.js'
import { lastTwoExchanged, reshape, reshapeOperator } from './movement.js'
import { sumTo } from './reductions.js'

type MatmulAttributes = {
  readonly transA: boolean
  readonly transB: boolean
  readonly alpha: number
}

/**
 * ONNX forms: `fused` writes MatMul, or FusedMatMul where a flag is set; `gemm` writes Gemm for two matrices and is as
 * `fused` otherwise; `standard` uses no operator outside of the standard.
 */
const matmulOperator: Operator<MatmulAttributes> = {
  name: 'matmul',
  infer: ([a, b], { transA, transB }) => {
    requireType(a, FLOAT)
    requireType(b, FLOAT)
    if (a.shape.length < 2 || b.shape.length < 2) throw new GraphError('operands need two axes')
    const [m, k] = matrixShape(a.shape, transA)
    const [otherK, n] = matrixShape(b.shape, transB)
    if (k !== otherK) {
      throw new GraphError(`inner sizes ${k} and ${otherK} differ (${flags(transA, transB)})`)
    }
    return [{ dtype: 'float32', shape: [...broadcastShapes(batch(a.shape), batch(b.shape)), m, n] }]
  },
  gradient: ({ inputs: [a, b], attributes }, [g]) => {
    if (!g) return []
    return [gradientOfA(a, b, g, attributes), gradientOfB(a, b, g, attributes)]
  },
  evaluate: ([a, b], { transA, transB, alpha }, [type]) => {
    const result = allocate(type)
    const [m, n] = type.shape.slice(-2)
    const k = matrixShape(a.shape, transA)[1]
    const [strideM, strideAK] = matrixShape(stridesOf(a.shape), transA)
    const [strideBK, strideN] = matrixShape(stridesOf(b.shape), transB)
    const startsA = broadcastOffsets(batch(a.shape), batch(type.shape))
    const startsB = broadcastOffsets(batch(b.shape), batch(type.shape))
    for (let i = 0; i < result.length; i++) {
      const group = Math.floor(i / (m * n))
      const row = Math.floor(i / n) % m
      const startA = startsA[group] * matrixSize(a.shape) + row * strideM
      const startB = startsB[group] * matrixSize(b.shape) + (i % n) * strideN
      let sum = 0
      for (let j = 0; j < k; j++)
        sum += a.data[startA + j * strideAK] * b.data[startB + j * strideBK]
      result[i] = alpha * sum
    }
    return [result]
  },
  addTo: ({ inputs, outputs: [y], attributes }, total) =>
    inputs.every(isMatrix) && sameShape(y.shape, total.shape)
      ? matmulAdd(inputs[0], inputs[1], total, attributes)
      : undefined,
  forms: ['fused', 'gemm', 'standard'],
  onnx: (node, emit, form) => {
    const { transA, transB, alpha } = node.attributes
    const attributes = gemmAttributes(node.attributes)
    const matrices = node.inputs.every(isMatrix)
    if (form === 'gemm' && matrices) {
      emit.direct(node, 'Gemm', { attributes })
    } else if (!transA && !transB && alpha === 1) {
      emit.direct(node, 'MatMul')
    } else if (form === 'standard') {
      writeStandard(node, emit)
    } else {
      emit.direct(node, 'FusedMatMul', { attributes, domain: MICROSOFT })
    }
  },
}

/** A product added to what its result is added to: sums of gradients are of this kind. */
const matmulAddOperator: Operator<MatmulAttributes> = {
  name: 'matmulAdd',
  infer: ([a, b, total], attributes) => {
    const [product] = matmulOperator.infer([a, b], attributes)
    requireType(total, FLOAT)
    if (!isMatrix(a) || !isMatrix(b) || !sameShape(product.shape, total.shape)) {
      throw new GraphError(`it needs two matrices, and a third of ${describeShape(product.shape)}`)
    }
    return [product]
  },
  gradient: ({ inputs: [a, b], attributes }, [g]) =>
    g ? [gradientOfA(a, b, g, attributes), gradientOfB(a, b, g, attributes), g] : [],
  evaluate: ([a, b, total], attributes, types) => {
    const [product] = matmulOperator.evaluate([a, b], attributes, types)
    return [product.map((element, i) => element + total.data[i])]
  },
  onnx: (node, emit) => emit.direct(node, 'Gemm', { attributes: gemmAttributes(node.attributes) }),
}

export const PRODUCTS: readonly Operator[] = [matmulOperator, matmulAddOperator]

function gemmAttributes({ transA, transB, alpha }: MatmulAttributes): OnnxAttributes {
  return { transA: int(Number(transA)), transB: int(Number(transB)), alpha: float(alpha) }
}

const isMatrix = ({ shape }: TensorType): boolean => shape.length === 2

function writeStandard(node: Node<MatmulAttributes>, emit: OnnxEmitter): void {
  const { transA, transB, alpha } = node.attributes
  const operand = (value: Value, transposed: boolean) =>
    transposed
      ? emit.temporary('Transpose', [emit.name(value)], {
          attributes: { perm: ints(lastTwoExchanged(value.shape.length)) },
        })
      : emit.name(value)
  const [a, b] = node.inputs
  const product = emit.temporary('MatMul', [operand(a, transA), operand(b, transB)])
  emit.node('Mul', [product, emit.constant('float32', [], [alpha])], [emit.name(node.outputs[0])])
}

/** Rows and columns of op(x), or their strides when strides are given. */
function matrixShape(shape: Shape, transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2)
  return transposed ? [columns, rows] : [rows, columns]
}

const batch = (shape: Shape): Shape => shape.slice(0, -2)
const matrixSize = (shape: Shape): number => elementCount(shape.slice(-2))

function flags(transA: boolean, transB: boolean): string {
  return `transA ${transA}, transB ${transB}`
}

/** x = factor · value: a product with one constant number costs nothing inside of a matrix product. */
function withoutFactor(x: Value): { value: Value; factor: number } {
  const scaled = constantFactor(x)
  if (scaled) return scaled
  const reshaped = producer(x, reshapeOperator)
  const inner = reshaped && constantFactor(reshaped.inputs[0])
  return inner
    ? { value: reshape(inner.value, x.shape), factor: inner.factor }
    : { value: x, factor: 1 }
}

function gradientOfA(a: Value, b: Value, g: Value, attributes: MatmulAttributes): Value {
  const { transA, transB, alpha } = attributes
  const gradient = transA
    ? matmul(b, g, { transA: transB, transB: true, alpha })
    : matmul(g, b, { transB: !transB, alpha })
  return sumTo(gradient, a.shape)
}

function gradientOfB(a: Value, b: Value, g: Value, attributes: MatmulAttributes): Value {
  const { transA, transB, alpha } = attributes
  // One product over all rows instead of one a batch that are summed afterwards.
  const whole = b.shape.length === 2 && !transA
  const left = whole ? reshape(a, [-1, a.shape[a.shape.length - 1]]) : a
  const right = whole ? reshape(g, [-1, g.shape[g.shape.length - 1]]) : g
  const gradient = transB
    ? matmul(right, left, { transA: true, transB: transA, alpha })
    : matmul(left, right, { transA: !transA, alpha })
  return sumTo(gradient, b.shape)
}

export interface MatmulOptions {
  /** Whether the last two axes of the operand change places before. Default false. */
  readonly transA?: boolean
  readonly transB?: boolean
  /** Factor of the result. Default 1. */
  readonly alpha?: number
}

/**
 * alpha · op(a) op(b) over the last two axes; the axes before them broadcast.
 * @param a (… × m × k) @param b (… × k × n), each transposed when its flag is set
 * @returns (… × m × n)
 */
export function matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
  const { transA = false, transB = false, alpha = 1 } = options
  const [left, right] = [withoutFactor(a), withoutFactor(b)]
  return a.graph.apply(matmulOperator, [left.value, right.value], {
    transA,
    transB,
    alpha: alpha * left.factor * right.factor,
  })[0]
}

/** alpha · op(a) op(b) + total, of two matrices and a third of the shape of their product. */
export function matmulAdd(a: Value, b: Value, total: Value, options: MatmulOptions = {}): Value {
  const { transA = false, transB = false, alpha = 1 } = options
  return a.graph.apply(matmulAddOperator, [a, b, total], { transA, transB, alpha })[0]
}
