import type { InferenceSession } from 'onnxruntime-common'
import { MixwrightError } from '../../../errors.js'
import type { Device } from '../../types.js'

export type Runtime = typeof import('onnxruntime-node')

let loading: Promise<Runtime> | undefined

/** The native library takes a tenth of a second to load: only who trains loads it. */
export function loadRuntime(): Promise<Runtime> {
  loading ??= import('onnxruntime-node').then((runtime) => {
    // Errors are thrown as well; the library's own lines on the terminal would come before them.
    runtime.env.logLevel = 'fatal'
    return runtime
  })
  return loading
}

export interface SessionOptions {
  readonly device: Device
  /** Threads inside of one operator. */
  readonly threads: number
}

/** @throws MixwrightError `device-unavailable` when the device is not there */
export async function openSession(
  runtime: Runtime,
  model: Uint8Array,
  { device, threads }: SessionOptions,
): Promise<InferenceSession> {
  try {
    return await runtime.InferenceSession.create(model, {
      executionProviders: [device],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
      // Numbers below 1e-38 are many times slower to compute with, and moments decay towards them.
      extra: { session: { set_denormal_as_zero: '1' } },
    })
  } catch (error) {
    if (device === 'cpu') throw error
    throw unavailable(device, error)
  }
}

const ADVICE: Readonly<Record<Exclude<Device, 'cpu'>, string>> = {
  webgpu: 'it needs a graphics adapter and its driver (on Linux: Vulkan)',
  cuda: 'it needs an NVIDIA GPU, CUDA 12 and the CUDA libraries of onnxruntime-node',
}

function unavailable(device: Exclude<Device, 'cpu'>, cause: unknown): MixwrightError {
  const reason = cause instanceof Error ? cause.message.trim().split('\n')[0] : String(cause)
  // The library begins with the place in its sources; what went wrong is behind it.
  const plain = reason.replace(/^\/\S+ .*?(?:was false\. |failed:? )/, '')
  return new MixwrightError(
    'device-unavailable',
    `The device ${device} is not available here: ${ADVICE[device]}. ONNX Runtime says: ${plain}`,
  )
}
