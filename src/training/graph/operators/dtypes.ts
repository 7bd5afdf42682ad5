import { GraphError } from '../graph-error.js'
import type { DType, TensorType } from '../types.js'

/** A module that imports no operator, so that operators which need each other find these whatever is loaded first. */

export const FLOAT: readonly DType[] = ['float32']
export const INDEX: readonly DType[] = ['int32', 'int64']
export const NUMERIC: readonly DType[] = ['float32', 'int32', 'int64']

/** Throws GraphError unless the type is one of these. */
export function requireType(type: TensorType, dtypes: readonly DType[]): TensorType {
  if (!dtypes.includes(type.dtype)) {
    throw new GraphError(`${type.dtype} is not allowed, only ${dtypes.join(', ')}`)
  }
  return type
}

export function requireSameType(a: TensorType, b: TensorType): void {
  if (a.dtype !== b.dtype) throw new GraphError(`operands are ${a.dtype} and ${b.dtype}`)
}
