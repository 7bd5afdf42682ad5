import type * as TensorFlow from '@tensorflow/tfjs-core'
import { registerSegmentSum } from './segment-sum.js'

/** The library's functions, loaded only once somebody trains with them. */
export type Tf = typeof TensorFlow

/** `tensorflow`: the native library of @tensorflow/tfjs-node. `wasm`: portable, one thread. */
export type Backend = 'tensorflow' | 'wasm'

/** A plain string, so that the compiler does not look for a package that need not be installed. */
const NATIVE_PACKAGE: string = '@tensorflow/tfjs-node'
/** What registers the gradients of all operations: the core alone has none that Node can load. Its types are not needed. */
const GRADIENTS_PACKAGE: string = '@tensorflow/tfjs-layers'

/** Back ends start one after another: a second start makes the library forget the first. */
let lastLoad: Promise<unknown> = Promise.resolve()

/**
 * TensorFlow.js with its back end ready. The back end belongs to the whole thread: two at a time do not work in one.
 * @param backend default `tensorflow` where @tensorflow/tfjs-node is installed and starts, `wasm` otherwise
 * @throws Error when the back end asked for does not start
 */
export function loadTensorFlow(backend?: Backend): Promise<Tf> {
  const loaded = lastLoad.then(() => load(backend))
  lastLoad = loaded.catch(() => undefined)
  return loaded
}

async function load(backend?: Backend): Promise<Tf> {
  const tf = await import('@tensorflow/tfjs-core')
  // Silences advice to install other packages; a library does not write to its users' terminals.
  tf.enableProdMode()
  await import(GRADIENTS_PACKAGE)
  if (backend) await start(tf, backend)
  else await start(tf, 'tensorflow').catch(() => start(tf, 'wasm'))
  return tf
}

async function start(tf: Tf, backend: Backend): Promise<void> {
  if (tf.getBackend() === backend) return
  if (backend === 'tensorflow') await import(NATIVE_PACKAGE)
  if (backend === 'wasm') await prepareWasm(tf)
  const started = await keepingProcessListeners(() => tf.setBackend(backend))
  if (!started) throw new Error(`the TensorFlow.js back end "${backend}" does not start`)
  // One that starts may still not compute: @tensorflow/tfjs-node calls functions that newer releases of Node lack.
  tf.tidy(() => tf.square(tf.scalar(2)).dataSync())
}

async function prepareWasm(tf: Tf): Promise<void> {
  await import('@tensorflow/tfjs-backend-wasm')
  // Its threads are made of Blob workers, which Node does not have.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  registerSegmentSum(tf)
}

/** Emscripten takes over what the process does with errors nobody caught; that is not its to decide. */
async function keepingProcessListeners<T>(action: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const before = events.map((event) => new Set(process.rawListeners(event)))
  const result = await action()
  for (const [i, event] of events.entries()) {
    for (const listener of process.rawListeners(event)) {
      if (!before[i].has(listener)) process.off(event, listener as () => void)
    }
  }
  return result
}
