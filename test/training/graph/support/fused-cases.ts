import {
  after,
  causalAttention,
  GELU_SCALE,
  matmulAdd,
  multiply,
  rmsNormalize,
  scaledGelu,
  square,
  tiedCrossEntropy,
} from '../../../../src/training/graph/index.js'
import type { OperatorCase } from './operator-cases.js'

/** Cases of the operators that stand for several, see OPERATOR_CASES. */
export const FUSED_CASES: Readonly<Record<string, readonly OperatorCase[]>> = {
  after: [
    (draw) => {
      const others = [draw.float([2, 3]), draw.integers([4], 5, 'int32')]
      return [after(draw.float([3, 2]), others), after(draw.integers([2], 9), others)]
    },
  ],
  causalAttention: [
    (draw) => {
      const shape = draw.sizes(4, 5)
      return causalAttention(draw.float(shape), draw.float(shape), draw.float(shape), 0.6)
    },
    (draw) => {
      const x = draw.float([2, 2, 6, 4])
      return causalAttention(x, x, square(x), 0.5)
    },
  ],
  matmulAdd: [
    (draw) =>
      [false, true].flatMap((transA) =>
        [false, true].map((transB) => {
          const [m, k, n] = draw.sizes(3)
          const a = draw.float(transA ? [k, m] : [m, k])
          const b = draw.float(transB ? [n, k] : [k, n])
          return matmulAdd(a, b, draw.float([m, n]), { transA, transB, alpha: 0.75 })
        }),
      ),
  ],
  tiedCrossEntropy: [
    (draw) => {
      const [rows, width, classes] = draw.sizes(3, 6)
      const table = draw.float([classes, width])
      return tiedCrossEntropy(draw.float([rows, width]), table, draw.integers([rows], classes))
    },
    (draw) =>
      tiedCrossEntropy(draw.float([6, 2]), draw.float([3, 2]), draw.integers([6], 3, 'int32')),
  ],
  // Up to 256 · 8, beyond both ends of what GELU bends; ONNX Runtime's sigmoid is exact to 2e-8, which z multiplies.
  scaledGelu: [
    (draw) => multiply(scaledGelu(draw.float(draw.sizes(2, 5), -2048, 2048)), 1 / GELU_SCALE),
    (draw) => scaledGelu(draw.float(draw.sizes(2, 5), -300, 300)),
  ],
  rmsNormalize: [
    (draw) => rmsNormalize(draw.float([...draw.sizes(2), 5])),
    (draw) => rmsNormalize(draw.float([3, 4]), 1e-2),
  ],
}
