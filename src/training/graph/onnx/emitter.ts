import type { DType, Node, Shape, Value } from '../types.js'

export type OnnxAttribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'string'; readonly value: string }

export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>

export const int = (value: number): OnnxAttribute => ({ type: 'int', value })
export const float = (value: number): OnnxAttribute => ({ type: 'float', value })
export const ints = (value: readonly number[]): OnnxAttribute => ({ type: 'ints', value })
export const string = (value: string): OnnxAttribute => ({ type: 'string', value })

/** The domain of ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft'

export interface OnnxNodeOptions {
  readonly attributes?: OnnxAttributes
  /** Default: the standard's own. */
  readonly domain?: string
}

/** What an operator writes its ONNX form through. Tensors are names. */
export interface OnnxEmitter {
  /** The opset of the standard's domain that the model is written for. */
  readonly opset: number
  name(value: Value): string
  /** Name of an initialiser that holds these elements. */
  constant(dtype: DType, shape: Shape, data: ArrayLike<number>): string
  /** Appends a node. @param outputs '' where an output is not wanted */
  node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    options?: OnnxNodeOptions,
  ): void
  /** Appends a node whose only output is new, and names it. */
  temporary(type: string, inputs: readonly string[], options?: OnnxNodeOptions): string
  /** Appends a node with the inputs and outputs of `node`, followed by `more` inputs. */
  direct(node: Node, type: string, options?: OnnxNodeOptions, more?: readonly string[]): void
}
