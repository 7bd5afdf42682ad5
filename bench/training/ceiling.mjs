import { loadRuntime, openSession } from '../../dist/training/engines/onnx/runtime.js'
import { Graph, matmul, writeOnnxModel } from '../../dist/training/graph/index.js'
import { median } from '../fit/comparison.mjs'

const SIZE = 1024
const RUNS = 15

/** What the engine's matrix product reaches on one thread with large square matrices, GFLOP/s: the median of 15. */
export async function productRate() {
  const graph = new Graph()
  const input = (name) => graph.input(name, 'float32', [SIZE, SIZE])
  const product = matmul(input('a'), input('b'))
  const runtime = await loadRuntime()
  const model = writeOnnxModel({ product })
  const session = await openSession(runtime, model, { device: 'cpu', threads: 1 })
  const tensor = (value) =>
    new runtime.Tensor('float32', new Float32Array(SIZE * SIZE).fill(value), [SIZE, SIZE])
  const [feeds, fetches] = [{ a: tensor(0.5), b: tensor(0.25) }, { product: tensor(0) }]
  const rates = []
  for (let i = 0; i < RUNS; i++) {
    const before = process.cpuUsage()
    await session.run(feeds, fetches)
    const { user, system } = process.cpuUsage(before)
    rates.push((2 * SIZE ** 3) / (user + system) / 1000)
  }
  await session.release()
  return median(rates)
}
