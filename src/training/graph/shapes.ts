import { GraphError } from './graph-error.js'
import type { Shape, TensorData, TensorType } from './types.js'

export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1)
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis])
}

/** For people: `float32[2, 3]`. */
export function describeType(type: TensorType): string {
  return `${type.dtype}${describeShape(type.shape)}`
}

export function describeShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis]
  }
  return strides
}

/** The shape both broadcast to by numpy's rule, if there is one. */
export function commonShape(a: Shape, b: Shape): number[] | undefined {
  const rank = Math.max(a.length, b.length)
  const common: number[] = []
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1
    const right = b[axis - rank + b.length] ?? 1
    if (left !== right && left !== 1 && right !== 1) return undefined
    common.push(left === 1 ? right : left)
  }
  return common
}

/** The shape both broadcast to by numpy's rule. Throws GraphError when there is none. */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const shape = commonShape(a, b)
  if (!shape) throw new GraphError(`${describeShape(a)} and ${describeShape(b)} do not broadcast`)
  return shape
}

/** Axes of `to` along which `from` is repeated when it broadcasts to it. */
export function broadcastAxes(from: Shape, to: Shape): number[] {
  const missing = to.length - from.length
  return to.flatMap((size, axis) =>
    axis < missing || (from[axis - missing] === 1 && size !== 1) ? [axis] : [],
  )
}

/** Offsets of all elements of an index space, in row-major order of `shape`, under the given strides. */
export function stridedOffsets(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  const offsets = new Int32Array(elementCount(shape))
  const index = new Array<number>(shape.length).fill(0)
  let offset = start
  for (let i = 0; i < offsets.length; i++) {
    offsets[i] = offset
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]
      if (++index[axis] < shape[axis]) break
      offset -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
  return offsets
}

/** For each element of `to`, the offset of the element of `from` that broadcasts to it. */
export function broadcastOffsets(from: Shape, to: Shape): Int32Array {
  const strides = stridesOf(from)
  const missing = to.length - from.length
  return stridedOffsets(
    to,
    to.map((_, axis) =>
      axis < missing || from[axis - missing] === 1 ? 0 : strides[axis - missing],
    ),
  )
}

/** Counts negative axes from the end. Throws GraphError outside of the rank. */
export function normalizeAxis(axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank) {
    throw new GraphError(`axis ${axis} is outside of rank ${rank}`)
  }
  return normalized
}

/** `shape` with the size of one axis replaced. */
export function withSize(shape: Shape, axis: number, size: number): number[] {
  return shape.map((other, i) => (i === axis ? size : other))
}

export function allocate(type: TensorType): TensorData {
  const count = elementCount(type.shape)
  return type.dtype === 'float32' ? new Float64Array(count) : new Int32Array(count)
}
