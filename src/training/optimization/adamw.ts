import { add, divide, multiply, sqrt, square, subtract, type Value } from '../graph/index.js'
import type { OptimizerConfig } from '../types.js'

/** The numbers of one step that the graph takes as inputs: they change with the step and the learning rate. */
export interface AdamwRates<T> {
  /** 1 − learning rate × weight decay */
  readonly decay: T
  /** learning rate × √(1 − β₂ᵗ) / (1 − β₁ᵗ) */
  readonly stepSize: T
  /** ε × √(1 − β₂ᵗ) */
  readonly epsilon: T
}

/**
 * The bias corrections of Adam, moved out of the moments into two numbers: m̂ / (√v̂ + ε) = stepSize' · m / (√v + ε').
 * @param step of this update, counted from 1
 */
export function adamwRates(
  optimizer: OptimizerConfig,
  step: number,
  learningRate: number,
): AdamwRates<number> {
  const first = 1 - optimizer.beta1 ** step
  const second = Math.sqrt(1 - optimizer.beta2 ** step)
  return {
    decay: 1 - learningRate * optimizer.weightDecay,
    stepSize: (learningRate * second) / first,
    epsilon: optimizer.epsilon * second,
  }
}

/** A tensor of the model and what the optimiser knows of it; all of one shape. */
export interface AdamwTensors {
  readonly parameter: Value
  readonly firstMoment: Value
  readonly secondMoment: Value
}

/**
 * One AdamW update (Loshchilov & Hutter 2019) of a tensor.
 * @param gradient of its shape, before clipping
 * @param clipping scalar that the gradient is multiplied by
 * @param decays whether weight decay applies to it
 */
export function adamwUpdate(
  before: AdamwTensors,
  gradient: Value,
  clipping: Value,
  optimizer: OptimizerConfig,
  rates: AdamwRates<Value>,
  decays: boolean,
): AdamwTensors {
  const { beta1, beta2 } = optimizer
  // Scalars are multiplied first: what is left are passes over whole tensors.
  const firstShare = multiply(clipping, 1 - beta1)
  const secondShare = multiply(square(clipping), 1 - beta2)
  const firstMoment = add(multiply(before.firstMoment, beta1), multiply(gradient, firstShare))
  const secondMoment = add(
    multiply(before.secondMoment, beta2),
    multiply(square(gradient), secondShare),
  )
  const direction = divide(firstMoment, add(sqrt(secondMoment), rates.epsilon))
  const kept = decays ? multiply(before.parameter, rates.decay) : before.parameter
  const parameter = subtract(kept, multiply(direction, rates.stepSize))
  return { parameter, firstMoment, secondMoment }
}
