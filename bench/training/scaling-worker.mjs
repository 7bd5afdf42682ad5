import { parentPort, workerData } from 'node:worker_threads'
import { onnxEngine } from '../../dist/training/engines/onnx/index.js'
import { startEngine } from './engine.mjs'
import { loadSize } from './sizes.mjs'

const engine = await startEngine(onnxEngine, loadSize(workerData))
await engine.run(0, 2)
parentPort.on('message', async (steps) => {
  await engine.run(0, steps)
  parentPort.postMessage('done')
})
parentPort.postMessage('ready')
