import {
  liveLeaves,
  type OnnxModelOptions,
  type Value,
  writeOnnxModel,
} from '../../../../src/training/graph/index.js'

export type Feeds = Readonly<Record<string, ArrayLike<number>>>

/** Values of a graph as ONNX Runtime computes them on one thread of the CPU, in single precision. */
export async function runOnnx(
  outputs: Readonly<Record<string, Value>>,
  feeds: Feeds,
  options?: OnnxModelOptions,
): Promise<Record<string, number[]>> {
  const ort = await import('onnxruntime-node')
  const session = await ort.InferenceSession.create(writeOnnxModel(outputs, options), {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  })
  const tensors = Object.fromEntries(
    liveLeaves(Object.values(outputs)).flatMap(({ source, dtype, shape }) => {
      if (source.kind !== 'input') return []
      return [[source.name, new ort.Tensor(dtype, typed(dtype, feeds[source.name]), [...shape])]]
    }),
  )
  const results = await session.run(tensors)
  await session.release()
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [
      name,
      Array.from(data as ArrayLike<number | bigint>, Number),
    ]),
  )
}

function typed(dtype: Value['dtype'], data: ArrayLike<number>) {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(data)
    case 'int32':
      return Int32Array.from(data)
    case 'int64':
      return BigInt64Array.from(Array.from(data, BigInt))
    case 'bool':
      return Uint8Array.from(data)
  }
}
