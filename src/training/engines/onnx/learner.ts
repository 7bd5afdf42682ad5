import type { InferenceSession, Tensor } from 'onnxruntime-common'
import { type ParameterSlot, parameterLayout } from '../../model/index.js'
import { type AdamwRates, adamwRates } from '../../optimization/index.js'
import type { Learner, LearnerSpec, LearnerState, ModelConfig, StepResult } from '../../types.js'
import { checkedRows, checkedTokens } from '../token-checks.js'
import { NAMES } from './graphs.js'
import type { Runtime } from './runtime.js'
import type { GraphName, ModelSessions } from './sessions.js'
import { OnnxState, type Tensors, tensorViews } from './state.js'

/** A model in training in ONNX Runtime. Results are those of the device: on a CPU equal, bit by bit, each time. */
export class OnnxLearner implements Learner {
  readonly model: ModelConfig
  readonly batchSize: number
  readonly parameterCount: number
  readonly #runtime: Runtime
  readonly #spec: LearnerSpec
  readonly #sessions: ModelSessions
  readonly #layout: readonly ParameterSlot[]
  readonly #state: OnnxState

  constructor(runtime: Runtime, spec: LearnerSpec, sessions: ModelSessions) {
    this.#runtime = runtime
    this.#spec = spec
    this.#sessions = sessions
    this.model = spec.model
    this.batchSize = spec.batchSize
    this.parameterCount = spec.parameters.length
    this.#layout = parameterLayout(spec.model)
    this.#state = new OnnxState(runtime, this.#layout, spec.parameters)
  }

  async step(sequences: Int32Array, learningRate: number): Promise<StepResult> {
    const feeds = {
      ...this.#state.inputs,
      ...this.#rates(adamwRates(this.#spec.optimizer, this.#state.step + 1, learningRate)),
      [NAMES.sequences]: this.#batch(sequences),
    }
    const [loss, norm] = [this.#scalar(), this.#scalar()]
    const fetches = { ...this.#state.outputs, [NAMES.loss]: loss, [NAMES.norm]: norm }
    await this.#run('step', feeds, fetches)
    this.#state.advance()
    return { loss: numberIn(loss), gradientNorm: numberIn(norm) }
  }

  async losses(sequences: Int32Array): Promise<Float32Array> {
    const rows = checkedRows(sequences, this.model)
    const length = this.model.context + 1
    const losses = new Float32Array(rows)
    for (let row = 0; row < rows; row += this.batchSize) {
      const end = Math.min(rows, row + this.batchSize)
      // The last chunk is filled up with token 0: sequences do not see each other.
      const chunk = new Int32Array(this.batchSize * length)
      chunk.set(sequences.subarray(row * length, end * length))
      const means = new Float32Array(this.batchSize)
      await this.#run(
        'losses',
        { ...this.#state.parameters, [NAMES.sequences]: this.#sequences(chunk) },
        { [NAMES.losses]: new this.#runtime.Tensor('float32', means, [this.batchSize]) },
      )
      losses.set(means.subarray(0, end - row), row)
    }
    return losses
  }

  async gradient(sequences: Int32Array): Promise<{ loss: number; gradient: Float32Array }> {
    const gradient = new Float32Array(this.parameterCount)
    const loss = this.#scalar()
    const feeds = { ...this.#state.parameters, [NAMES.sequences]: this.#batch(sequences) }
    const views = tensorViews(this.#runtime, gradient, this.#layout, 'gradient')
    await this.#run('gradient', feeds, { ...views, [NAMES.loss]: loss })
    return { loss: numberIn(loss), gradient }
  }

  async nextTokenLogits(tokens: Int32Array): Promise<Float32Array> {
    checkedTokens(tokens, this.model)
    const { context, vocabulary } = this.model
    const row = new Int32Array(context)
    row.set(tokens)
    const logits = new Float32Array(vocabulary)
    const feeds = {
      ...this.#state.parameters,
      [NAMES.tokens]: new this.#runtime.Tensor('int32', row, [1, context]),
      [NAMES.last]: new this.#runtime.Tensor('int32', Int32Array.of(tokens.length - 1), [1]),
    }
    const fetches = { [NAMES.logits]: new this.#runtime.Tensor('float32', logits, [1, vocabulary]) }
    await this.#run('logits', feeds, fetches)
    return logits
  }

  state(): LearnerState {
    return this.#state.copy()
  }

  restore(state: LearnerState): void {
    for (const name of ['parameters', 'firstMoment', 'secondMoment'] as const) {
      if (state[name].length !== this.parameterCount) {
        throw new RangeError(
          `${name} of the state has ${state[name].length} elements, the model ${this.parameterCount}`,
        )
      }
    }
    this.#state.restore(state)
  }

  async close(): Promise<void> {
    await this.#sessions.close()
  }

  async #run(name: GraphName, feeds: Tensors, fetches: Tensors): Promise<void> {
    const session: InferenceSession = await this.#sessions.get(name)
    await session.run(feeds, fetches)
  }

  #batch(sequences: Int32Array): Tensor {
    const rows = checkedRows(sequences, this.model)
    if (rows !== this.batchSize) {
      throw new RangeError(`a batch has ${this.batchSize} sequences, not ${rows}`)
    }
    return this.#sequences(sequences)
  }

  #sequences(sequences: Int32Array): Tensor {
    const shape = [this.batchSize, this.model.context + 1]
    return new this.#runtime.Tensor('int32', sequences, shape)
  }

  #scalar(value = 0): Tensor {
    return new this.#runtime.Tensor('float32', Float32Array.of(value), [])
  }

  #rates(rates: AdamwRates<number>): Tensors {
    return {
      [NAMES.decay]: this.#scalar(rates.decay),
      [NAMES.stepSize]: this.#scalar(rates.stepSize),
      [NAMES.epsilon]: this.#scalar(rates.epsilon),
    }
  }
}

function numberIn(scalar: Tensor): number {
  return (scalar.data as Float32Array)[0]
}
