import type { Graph } from './graph.js'
import type { OnnxEmitter } from './onnx/emitter.js'

/** `float32` is computed in double precision by the interpreter, in single precision by ONNX engines. */
export type DType = 'float32' | 'int32' | 'int64' | 'bool'

/** Static dimensions; [] is a scalar. */
export type Shape = readonly number[]

export interface TensorType {
  readonly dtype: DType
  readonly shape: Shape
}

/** Row-major. Float64Array for `float32`, Int32Array for `int32`, `int64` and `bool` (0 or 1). */
export type TensorData = Float64Array | Int32Array

/** What the interpreter computes with. */
export interface Tensor extends TensorType {
  readonly data: TensorData
}

export type AttributeValue = number | boolean | string | readonly number[]
export type Attributes = Readonly<Record<string, AttributeValue>>
export type NoAttributes = Readonly<Record<string, never>>

export type ValueSource =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly data: TensorData }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number }

/** A tensor in a graph: an input, a constant or an output of a node. */
export interface Value extends TensorType {
  readonly graph: Graph
  /** Unique in its graph; inputs of a node have lower ids than its outputs. */
  readonly id: number
  readonly source: ValueSource
}

/** One application of an operator. */
export interface Node<A extends Attributes = Attributes> {
  readonly operator: Operator<A>
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly attributes: A
}

/**
 * All there is to know about an operator, in one place. Operators are pure: equal inputs and attributes give equal
 * outputs, so a graph shares applications that are equal.
 */
export interface Operator<A extends Attributes = Attributes> {
  readonly name: string
  /** Whether its two inputs may be exchanged. */
  readonly commutative?: boolean
  /** Types of the outputs. Throws GraphError with the reason only: the graph adds operator and input types. */
  infer(inputs: readonly TensorType[], attributes: A): readonly TensorType[]
  /**
   * Gradients of the inputs (undefined: does not depend on it, or not a float), built from those of the outputs
   * (undefined: not used further on). An operator without it stops differentiation with an error.
   */
  gradient?(
    node: Node<A>,
    outputGradients: readonly (Value | undefined)[],
  ): readonly (Value | undefined)[]
  /** `total` + the node's only output for less than an addition, where there is such a way. */
  addTo?(node: Node<A>, total: Value): Value | undefined
  /** The reference: plain loops in double precision, one array for each output. */
  evaluate(
    inputs: readonly Tensor[],
    attributes: A,
    outputs: readonly TensorType[],
  ): readonly TensorData[]
  /** Names of its ONNX forms, the default first. Absent: there is one. */
  readonly forms?: readonly string[]
  /** Writes the node as one or more ONNX nodes. @param form one of `forms` */
  onnx(node: Node<A>, emit: OnnxEmitter, form: string): void
}
