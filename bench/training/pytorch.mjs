import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parameterLayout } from '../../dist/training/model/index.js'
import { LEARNING_RATE } from './sizes.mjs'

const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }

/** The distribution's python3 has the distribution's python3-torch; another one on PATH would not. */
export function findPython() {
  const candidates = [process.env.MIXWRIGHT_PYTHON, '/usr/bin/python3', 'python3'].filter(Boolean)
  return candidates.find((python) => spawnSync(python, ['-c', 'import torch']).status === 0)
}

/** OpenBLAS takes its oldest kernels on processors it does not know: the peer gets those it is fastest with. */
export function fastestKernels(python) {
  const time = (environment) => {
    const env = { ...process.env, ...ONE_THREAD, ...environment }
    const { stdout, status } = spawnSync(python, ['-c', TIME_PRODUCT], { env, encoding: 'utf8' })
    return status === 0 ? Number(stdout) : Number.POSITIVE_INFINITY
  }
  const known = ['Haswell', 'SkylakeX', 'Cooperlake', 'Zen']
  const choices = [{}, ...known.map((name) => ({ OPENBLAS_CORETYPE: name }))]
  const timed = choices.map((choice) => ({ choice, time: time(choice) }))
  return timed.reduce((best, other) => (other.time < 0.95 * best.time ? other : best)).choice
}

const TIME_PRODUCT = `
import time
import torch
torch.set_num_threads(1)
a, b = torch.rand(1024, 512), torch.rand(512, 1024)
def seconds():
    start = time.process_time()
    torch.mm(a, b)
    return time.process_time() - start
print(min(seconds() for _ in range(15)))
`

/** Our names and theirs; nn.Linear keeps its matrix transposed. */
const TORCH_NAMES = [
  [/^layers\.(\d+)\./, 'blocks.$1.'],
  [/^embedding$/, 'embedding.weight'],
  [/^norm$/, 'norm.gain'],
  ['attention.norm', 'attention_norm.gain'],
  ['feedForward.norm', 'feed_forward_norm.gain'],
  ['attention.qkv', 'qkv.weight'],
  ['attention.output', 'projection.weight'],
  ['feedForward.up', 'up.weight'],
  ['feedForward.down', 'down.weight'],
]

function torchSlot({ name, offset, shape }) {
  const torch = TORCH_NAMES.reduce((text, [from, to]) => text.replace(from, to), name)
  return { torch, offset, shape, transposed: /^blocks.*weight$/.test(torch) }
}

/**
 * A Python process that trains the same model from the same parameters on the same batches. `run(first, steps)` answers
 * { milliseconds, cpu, losses, megabytes }.
 */
export async function startPyTorch(python, kernels, { spec, batches }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-bench-'))
  const { model, optimizer, batchSize, parameters } = spec
  const layout = parameterLayout(model).map(torchSlot)
  writeFileSync(path.join(folder, 'parameters.f32'), parameters)
  writeFileSync(
    path.join(folder, 'batches.i32'),
    Buffer.concat(batches.map((b) => Buffer.from(b.buffer))),
  )
  writeFileSync(
    path.join(folder, 'spec.json'),
    JSON.stringify({ model, optimizer, batchSize, learningRate: LEARNING_RATE, layout }),
  )
  const program = fileURLToPath(new URL('pytorch-peer.py', import.meta.url))
  const child = spawn(python, [program, folder], {
    env: { ...process.env, ...ONE_THREAD, ...kernels },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the PyTorch process ended early')
    return JSON.parse(value)
  }
  const { version } = await answer()
  return {
    version,
    run(first, steps) {
      child.stdin.write(`${JSON.stringify({ first, steps })}\n`)
      return answer()
    },
    async stop() {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}
