import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { type ParameterSlot, parameterLayout } from '../../model/index.js'
import type { Learner, LearnerSpec, LearnerState, ModelConfig, StepResult } from '../../types.js'
import { checkedRows, checkedTokens } from '../token-checks.js'
import type { Tf } from './backend.js'
import { hiddenStates, logits, type Parameters, tokenLosses } from './model.js'
import { adamWStep, type Moments } from './optimizer.js'

/** A model in training, differentiated by TensorFlow.js. */
export class TfjsLearner implements Learner {
  readonly model: ModelConfig
  readonly batchSize: number
  readonly parameterCount: number
  readonly #tf: Tf
  readonly #spec: LearnerSpec
  readonly #layout: readonly ParameterSlot[]
  /** (P) 1 where weight decay applies. */
  readonly #decayed: Tensor1D
  #moments: Moments
  #step = 0

  constructor(tf: Tf, spec: LearnerSpec) {
    this.#tf = tf
    this.#spec = spec
    this.model = spec.model
    this.batchSize = spec.batchSize
    this.#layout = parameterLayout(spec.model)
    this.parameterCount = spec.parameters.length
    this.#decayed = tf.tensor1d(decayMask(this.#layout, this.parameterCount))
    const zeros = new Float32Array(this.parameterCount)
    this.#moments = this.#tensors({
      parameters: spec.parameters,
      firstMoment: zeros,
      secondMoment: zeros,
    })
  }

  async step(sequences: Int32Array, learningRate: number): Promise<StepResult> {
    const { loss, gradient } = this.#lossAndGradient(sequences)
    const gradientNorm = norm(gradient.dataSync())
    const before = this.#moments
    this.#step += 1
    this.#moments = this.#tf.tidy(() =>
      adamWStep(
        this.#tf,
        this.#spec.optimizer,
        before,
        gradient,
        gradientNorm,
        this.#decayed,
        learningRate,
        this.#step,
      ),
    )
    this.#tf.dispose([gradient, ...Object.values(before)])
    return { loss, gradientNorm }
  }

  async losses(sequences: Int32Array): Promise<Float32Array> {
    const { context } = this.model
    const rows = checkedRows(sequences, this.model)
    const losses = new Float32Array(rows)
    for (let row = 0; row < rows; row += this.batchSize) {
      const end = Math.min(rows, row + this.batchSize)
      const chunk = sequences.subarray(row * (context + 1), end * (context + 1))
      const means = this.#tf.tidy(() =>
        this.#tf.mean(this.#tokenLosses(this.#moments.parameters, chunk), 1),
      )
      losses.set(means.dataSync(), row)
      means.dispose()
    }
    return losses
  }

  async gradient(sequences: Int32Array): Promise<{ loss: number; gradient: Float32Array }> {
    const { loss, gradient } = this.#lossAndGradient(sequences)
    const values = Float32Array.from(gradient.dataSync())
    gradient.dispose()
    return { loss, gradient: values }
  }

  async nextTokenLogits(tokens: Int32Array): Promise<Float32Array> {
    checkedTokens(tokens, this.model)
    const scores = this.#tf.tidy(() => {
      const row = this.#tf.tensor2d(tokens, [1, tokens.length], 'int32')
      const parameters = this.#split(this.#moments.parameters)
      const hidden = hiddenStates(this.#tf, this.model, parameters, row)
      return logits(this.#tf, parameters, this.#tf.slice(hidden, [tokens.length - 1, 0]))
    })
    const values = Float32Array.from(scores.dataSync())
    scores.dispose()
    return values
  }

  state(): LearnerState {
    const { parameters, firstMoment, secondMoment } = this.#moments
    return {
      step: this.#step,
      parameters: Float32Array.from(parameters.dataSync()),
      firstMoment: Float32Array.from(firstMoment.dataSync()),
      secondMoment: Float32Array.from(secondMoment.dataSync()),
    }
  }

  restore(state: LearnerState): void {
    if (state.parameters.length !== this.parameterCount) {
      throw new RangeError(
        `the state has ${state.parameters.length} parameters, the model ${this.parameterCount}`,
      )
    }
    this.#tf.dispose(Object.values(this.#moments))
    this.#moments = this.#tensors(state)
    this.#step = state.step
  }

  async close(): Promise<void> {
    this.#tf.dispose([this.#decayed, ...Object.values(this.#moments)])
  }

  #tensors(state: Omit<LearnerState, 'step'>): Moments {
    // Copies: some back ends keep the array they are given.
    return {
      parameters: this.#tf.tensor1d(state.parameters.slice()),
      firstMoment: this.#tf.tensor1d(state.firstMoment.slice()),
      secondMoment: this.#tf.tensor1d(state.secondMoment.slice()),
    }
  }

  /** The gradient (P) is the caller's to dispose of. */
  #lossAndGradient(sequences: Int32Array): { loss: number; gradient: Tensor1D } {
    const rows = checkedRows(sequences, this.model)
    if (rows !== this.batchSize) {
      throw new RangeError(`a batch has to have ${this.batchSize} sequences, not ${rows}`)
    }
    const { value, grad } = this.#tf.valueAndGrad((parameters: Tensor) =>
      this.#tf.mean<Scalar>(this.#tokenLosses(parameters as Tensor1D, sequences)),
    )(this.#moments.parameters)
    const [loss] = value.dataSync()
    value.dispose()
    return { loss, gradient: grad as Tensor1D }
  }

  /** (n × context) */
  #tokenLosses(flat: Tensor1D, sequences: Int32Array): Tensor2D {
    const { context } = this.model
    const rows = sequences.length / (context + 1)
    const ids = this.#tf.tensor2d(sequences, [rows, context + 1], 'int32')
    const inputs = this.#tf.slice(ids, [0, 0], [rows, context])
    const next = this.#tf.slice(ids, [0, 1], [rows, context])
    const targets: Tensor1D = this.#tf.reshape(next, [rows * context])
    const parameters = this.#split(flat)
    const hidden = hiddenStates(this.#tf, this.model, parameters, inputs)
    const scores = logits(this.#tf, parameters, hidden)
    return this.#tf.reshape(tokenLosses(this.#tf, scores, targets), [rows, context])
  }

  #split(flat: Tensor1D): Parameters {
    const parts = this.#tf.split(
      flat,
      this.#layout.map(({ size }) => size),
    )
    return Object.fromEntries(
      this.#layout.map(({ name, shape }, i) => [name, this.#tf.reshape(parts[i], [...shape])]),
    )
  }
}

function decayMask(layout: readonly ParameterSlot[], count: number): Float32Array {
  const mask = new Float32Array(count)
  for (const { decays, offset, size } of layout) mask.fill(decays ? 1 : 0, offset, offset + size)
  return mask
}

/** In double precision: a sum of a million squares in single precision is off in the fourth digit. */
function norm(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i]
  return Math.sqrt(sum)
}
