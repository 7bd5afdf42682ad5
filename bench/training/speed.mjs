import { onnxEngine } from '../../dist/training/engines/onnx/index.js'
import { tfjsEngine } from '../../dist/training/engines/tfjs/index.js'
import { median } from '../fit/comparison.mjs'
import { productRate } from './ceiling.mjs'
import { startEngine } from './engine.mjs'
import { fastestKernels, findPython, startPyTorch } from './pytorch.mjs'

/** Steps before the clock runs, on both sides, that must give the same losses. */
const CHECKED_STEPS = 3
const TOLERANCE = 1e-4
/** TensorFlow.js takes tens of seconds for a step of the larger models. */
const TFJS_SIZES = ['tiny', 'small']

/**
 * One size on one thread: the ONNX engine and PyTorch take turns; then TensorFlow.js alone.
 * @returns rates in tokens/s, medians over the turns, and ratios of each pair
 */
export async function benchSpeed(size, { turns, tfjs, device }, say) {
  const ours = await startEngine(onnxEngine, size, { device })
  const peer = await startPeer(size, say)
  try {
    const loss = await compareLosses(ours, peer)
    const pairs = []
    for (let turn = 0; turn < turns; turn++) {
      const a = await ours.run(turn, size.steps)
      pairs.push([a, await peer?.run(turn, size.steps)])
    }
    const ceiling = await productRate()
    return {
      ...summary(size, pairs),
      peer: peer && `PyTorch ${peer.version}`,
      ceiling,
      loss,
      tfjs: tfjs && TFJS_SIZES.includes(size.name) ? await tfjsRate(size, say) : undefined,
    }
  } finally {
    await ours.stop()
    await peer?.stop()
  }
}

let python
async function startPeer(size, say) {
  python ??= choosePython(say)
  return python.path && startPyTorch(python.path, python.kernels, size)
}

function choosePython(say) {
  const path = findPython()
  if (!path) {
    say('PyTorch was not found (set MIXWRIGHT_PYTHON to a python that has it): no peer.')
    return {}
  }
  const kernels = fastestKernels(path)
  say(`PyTorch: ${path}, OpenBLAS kernels ${kernels.OPENBLAS_CORETYPE ?? 'as it chooses'}`)
  return { path, kernels }
}

/** The same parameters and batches must give the same losses, or the two do not compute the same. */
async function compareLosses(ours, peer) {
  const { losses } = await ours.run(0, CHECKED_STEPS)
  if (!peer) return { ours: losses }
  const theirs = (await peer.run(0, CHECKED_STEPS)).losses
  const difference = Math.max(...losses.map((loss, i) => Math.abs(loss - theirs[i])))
  if (!(difference <= TOLERANCE)) {
    throw new Error(`the losses differ by ${difference}: ${losses} and ${theirs}`)
  }
  return { ours: losses, theirs, difference }
}

function summary({ steps, tokens, flops }, pairs) {
  const rate = (milliseconds) => (1000 * steps * tokens) / milliseconds
  const ours = median(pairs.map(([a]) => rate(a.cpu)))
  const known = pairs.filter(([, b]) => b)
  const ratios = known.map(([a, b]) => b.milliseconds / a.milliseconds)
  const cpuRatios = known.map(([a, b]) => b.cpu / a.cpu)
  return {
    ours,
    oursWall: median(pairs.map(([a]) => rate(a.milliseconds))),
    theirs: known.length > 0 ? median(known.map(([, b]) => rate(b.cpu))) : undefined,
    ratios,
    ratio: known.length > 0 ? median(ratios) : undefined,
    cpuRatios,
    cpuRatio: known.length > 0 ? median(cpuRatios) : undefined,
    gigaflops: (ours * flops) / 1e9,
    peerMegabytes: known.at(-1)?.[1].megabytes,
  }
}

async function tfjsRate(size, say) {
  try {
    const learner = await startEngine(tfjsEngine(), size)
    await learner.run(0, 1)
    const { cpu } = await learner.run(1, 1)
    await learner.stop()
    return (1000 * size.tokens) / cpu
  } catch (error) {
    say(`TensorFlow.js: ${error.message}`)
    return undefined
  }
}
