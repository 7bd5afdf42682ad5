import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'
import type { Tf } from './backend.js'

/**
 * Gives the WASM back end the kernel that the gradient of `gather` asks for and that it lacks: rows added up by segment, which
 * is what its ScatterNd does with repeated indices.
 */
export function registerSegmentSum(tf: Tf): void {
  const kernelName = 'UnsortedSegmentSum'
  if (tf.getKernel(kernelName, 'wasm')) return
  const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) => {
    const x = inputs.x as TensorInfo
    const segmentIds = inputs.segmentIds as TensorInfo
    const scatter = tf.getKernel('ScatterNd', 'wasm')
    return scatter.kernelFunc({
      inputs: { indices: { ...segmentIds, shape: [...segmentIds.shape, 1] }, updates: x },
      attrs: { shape: [Number(attrs?.numSegments), ...x.shape.slice(1)] },
      backend,
    })
  }
  tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc })
}
