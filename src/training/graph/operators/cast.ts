import { int } from '../onnx/emitter.js'
import { DATA_TYPES } from '../onnx/model-proto.js'
import { allocate } from '../shapes.js'
import type { DType, Operator, Value } from '../types.js'

type CastAttributes = { readonly to: DType }

/** Fractions are cut off; anything but 0 is true. */
const castOperator: Operator<CastAttributes> = {
  name: 'cast',
  infer: ([x], { to }) => [{ dtype: to, shape: x.shape }],
  gradient: ({ inputs: [x] }, [g]) => [x.dtype === 'float32' ? g : undefined],
  evaluate: ([x], { to }, [type]) => {
    const result = allocate(type)
    for (let i = 0; i < result.length; i++)
      result[i] = to === 'bool' ? Number(x.data[i] !== 0) : x.data[i]
    return [result]
  },
  onnx: (node, emit) =>
    emit.direct(node, 'Cast', { attributes: { to: int(DATA_TYPES[node.attributes.to]) } }),
}

export const CASTS: readonly Operator[] = [castOperator]

/** x as another type: fractions are cut off, true is 1, anything but 0 is true. */
export function cast(x: Value, to: DType): Value {
  return x.dtype === to ? x : x.graph.apply(castOperator, [x], { to })[0]
}
