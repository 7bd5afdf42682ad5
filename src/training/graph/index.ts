export { causalMask } from './composites/attention-mask.js'
export { clipByNorm, clipFactor, globalNorm } from './composites/clip-norm.js'
export { rotaryEmbedding } from './composites/rotary.js'
export { backpropagate, differentiate, type Gradients } from './differentiate.js'
export { Graph, type GraphOptions, liveLeaves, liveNodes } from './graph.js'
export { GraphError } from './graph-error.js'
export { evaluateGraph } from './interpreter.js'
export { type OnnxModelOptions, writeOnnxModel } from './onnx/write-model.js'
export { gelu, silu } from './operators/activations.js'
export { after } from './operators/after.js'
export {
  add,
  clip,
  divide,
  maximum,
  minimum,
  multiply,
  square,
  subtract,
} from './operators/arithmetic.js'
export { causalAttention } from './operators/attention.js'
export { cast } from './operators/cast.js'
export { equal, greater, greaterOrEqual, less, lessOrEqual } from './operators/comparisons.js'
export type { Operand } from './operators/elementwise.js'
export {
  gatherElements,
  gatherRows,
  scatterAddRows,
  scatterElements,
} from './operators/indexing.js'
export { type MatmulOptions, matmul, matmulAdd } from './operators/matmul.js'
export { broadcastTo, reshape, transpose, zeros } from './operators/movement.js'
export { rmsNorm } from './operators/normalization.js'
export { concat, pad, slice, split } from './operators/pieces.js'
export {
  type Axes,
  logSumExp,
  type ReduceOptions,
  reduceMax,
  reduceMean,
  reduceSum,
  reduceSumSquare,
} from './operators/reductions.js'
export { OPERATORS } from './operators/registry.js'
export { rmsNormalize } from './operators/rms-normalize.js'
export { GELU_SCALE, scaledGelu } from './operators/scaled-gelu.js'
export { where } from './operators/selection.js'
export { crossEntropy, logSoftmax, softmax } from './operators/softmax.js'
export { tiedCrossEntropy } from './operators/tied-cross-entropy.js'
export {
  erf,
  exp,
  log,
  negate,
  reciprocal,
  sigmoid,
  sqrt,
  tanh,
} from './operators/unary.js'
export type {
  Attributes,
  DType,
  Node,
  Operator,
  Shape,
  Tensor,
  TensorData,
  TensorType,
  Value,
} from './types.js'
