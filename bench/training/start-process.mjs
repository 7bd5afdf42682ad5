import { onnxEngine } from '../../dist/training/engines/onnx/index.js'
import { startEngine } from './engine.mjs'
import { loadSize } from './sizes.mjs'

const size = loadSize(process.argv[2])
const start = performance.now()
const engine = await startEngine(onnxEngine, size)
const open = performance.now() - start
await engine.run(0, 1)
process.stdout.write('first step done\n')
await engine.run(1, 3)
await engine.stop()
process.stdout.write(
  JSON.stringify({ open, megabytes: Math.round(process.resourceUsage().maxRSS / 1024) }),
)
