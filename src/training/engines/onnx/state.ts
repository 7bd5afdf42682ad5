import type { Tensor } from 'onnxruntime-common'
import type { ParameterSlot } from '../../model/index.js'
import type { LearnerState } from '../../types.js'
import { STATE_KINDS, type TensorKind, tensorName } from './graphs.js'
import type { Runtime } from './runtime.js'

export type Tensors = Record<string, Tensor>

/** A flat vector of the model's size, and its tensors as views of it: the runtime reads and writes them in place. */
export function tensorViews(
  runtime: Runtime,
  flat: Float32Array,
  layout: readonly ParameterSlot[],
  kind: TensorKind,
): Tensors {
  return Object.fromEntries(
    layout.map((slot) => [
      tensorName(kind, slot),
      new runtime.Tensor(
        'float32',
        flat.subarray(slot.offset, slot.offset + slot.size),
        slot.shape,
      ),
    ]),
  )
}

type Vectors = Record<(typeof STATE_KINDS)[number], Float32Array>

/** One of the two sets of buffers that take turns: read by one step, written by the next. */
class StateSet {
  readonly vectors: Vectors
  /** The set as inputs of a step. */
  readonly inputs: Tensors
  /** Its parameters alone: the inputs of the graphs that do not learn. */
  readonly parameters: Tensors
  /** The set as outputs of a step. */
  readonly outputs: Tensors

  constructor(runtime: Runtime, layout: readonly ParameterSlot[], count: number) {
    const vector = () => new Float32Array(count)
    this.vectors = { parameter: vector(), firstMoment: vector(), secondMoment: vector() }
    const views = (kind: (typeof STATE_KINDS)[number], name: TensorKind) =>
      tensorViews(runtime, this.vectors[kind], layout, name)
    this.parameters = views('parameter', 'parameter')
    this.inputs = Object.assign({}, ...STATE_KINDS.map((kind) => views(kind, kind)))
    this.outputs = Object.assign({}, ...STATE_KINDS.map((kind) => views(kind, `next.${kind}`)))
  }
}

/** Parameters, moments and step of a learner, in buffers allocated once. */
export class OnnxState {
  step = 0
  #current: StateSet
  #next: StateSet

  constructor(runtime: Runtime, layout: readonly ParameterSlot[], parameters: Float32Array) {
    this.#current = new StateSet(runtime, layout, parameters.length)
    this.#next = new StateSet(runtime, layout, parameters.length)
    this.#current.vectors.parameter.set(parameters)
  }

  get parameters(): Tensors {
    return this.#current.parameters
  }

  get inputs(): Tensors {
    return this.#current.inputs
  }

  get outputs(): Tensors {
    return this.#next.outputs
  }

  /** What a step wrote becomes what the next one reads. */
  advance(): void {
    const written = this.#next
    this.#next = this.#current
    this.#current = written
    this.step++
  }

  copy(): LearnerState {
    const { parameter, firstMoment, secondMoment } = this.#current.vectors
    return {
      step: this.step,
      parameters: parameter.slice(),
      firstMoment: firstMoment.slice(),
      secondMoment: secondMoment.slice(),
    }
  }

  restore(state: LearnerState): void {
    const { vectors } = this.#current
    vectors.parameter.set(state.parameters)
    vectors.firstMoment.set(state.firstMoment)
    vectors.secondMoment.set(state.secondMoment)
    this.step = state.step
  }
}
