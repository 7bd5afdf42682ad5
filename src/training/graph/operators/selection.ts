import { allocate, broadcastOffsets, broadcastShapes } from '../shapes.js'
import type { NoAttributes, Operator, Value } from '../types.js'
import { requireSameType, requireType } from './dtypes.js'
import { type Operand, operands } from './elementwise.js'
import { sumTo } from './reductions.js'

const whereOperator: Operator<NoAttributes> = {
  name: 'where',
  infer: ([condition, a, b]) => {
    requireType(condition, ['bool'])
    requireSameType(a, b)
    const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape))
    return [{ dtype: a.dtype, shape }]
  },
  gradient: ({ inputs: [condition, a, b] }, [g]) => {
    if (!g || a.dtype !== 'float32') return []
    return [
      undefined,
      sumTo(where(condition, g, 0), a.shape),
      sumTo(where(condition, 0, g), b.shape),
    ]
  },
  evaluate: ([condition, a, b], _, [type]) => {
    const result = allocate(type)
    const [chosen, left, right] = [condition, a, b].map((x) =>
      broadcastOffsets(x.shape, type.shape),
    )
    for (let i = 0; i < result.length; i++) {
      result[i] = condition.data[chosen[i]] ? a.data[left[i]] : b.data[right[i]]
    }
    return [result]
  },
  onnx: (node, emit) => emit.direct(node, 'Where'),
}

export const SELECTION: readonly Operator[] = [whereOperator]

/** a where the condition (bool) holds, b elsewhere; shapes broadcast. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  const [left, right] = operands(a, b)
  return condition.graph.apply(whereOperator, [condition, left, right], {})[0]
}
