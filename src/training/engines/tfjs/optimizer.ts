import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import type { OptimizerConfig } from '../../types.js'
import type { Tf } from './backend.js'

/** Keeps the factor finite where the gradient is 0; PyTorch adds the same. */
const TINY = 1e-6

/** (P) each. */
export type Moments = {
  readonly parameters: Tensor1D
  readonly firstMoment: Tensor1D
  readonly secondMoment: Tensor1D
}

/**
 * One step of AdamW (Loshchilov & Hutter 2019) with bias correction.
 * @param gradient (P), not clipped
 * @param gradientNorm its L2 norm
 * @param decayed (P) 1 where weight decay applies, 0 elsewhere
 * @param step counted from 1
 */
export function adamWStep(
  tf: Tf,
  { beta1, beta2, epsilon, weightDecay, clipNorm }: OptimizerConfig,
  { parameters, firstMoment, secondMoment }: Moments,
  gradient: Tensor1D,
  gradientNorm: number,
  decayed: Tensor1D,
  learningRate: number,
  step: number,
): Moments {
  const clipped = tf.mul(gradient, Math.min(1, clipNorm / (gradientNorm + TINY)))
  const first = weightedSum(tf, beta1, firstMoment, clipped)
  const second = weightedSum(tf, beta2, secondMoment, tf.square(clipped))
  const root = tf.add(tf.sqrt(tf.div(second, 1 - beta2 ** step)), epsilon)
  const update = tf.div(tf.div(first, 1 - beta1 ** step), root)
  const decay = tf.mul(tf.mul(parameters, decayed), weightDecay)
  return {
    parameters: tf.sub(parameters, tf.mul(tf.add(update, decay), learningRate)),
    firstMoment: first,
    secondMoment: second,
  }
}

/** share · old + (1 − share) · now */
function weightedSum(tf: Tf, share: number, old: Tensor1D, now: Tensor): Tensor1D {
  return tf.add(tf.mul(old, share), tf.mul(now, 1 - share))
}
