import type { InferenceSession } from 'onnxruntime-common'
import type { ModelConfig, OptimizerConfig } from '../../types.js'
import {
  type GraphForm,
  gradientGraph,
  logitsGraph,
  lossesGraph,
  modelBytes,
  stepGraph,
} from './graphs.js'
import { openSession, type Runtime, type SessionOptions } from './runtime.js'

export type GraphName = 'step' | 'losses' | 'gradient' | 'logits'

/** All that a graph depends on. */
export interface GraphSpec {
  readonly model: ModelConfig
  readonly optimizer: OptimizerConfig
  readonly batchSize: number
}

/** Trials of a study share their shape: the bytes of the last shapes are kept. */
const KEPT_MODELS = 16
const models = new Map<string, Uint8Array>()

function onnxModel(name: GraphName, spec: GraphSpec, form: GraphForm): Uint8Array {
  const key = JSON.stringify([name, form, spec.model, spec.optimizer, spec.batchSize])
  const known = models.get(key)
  if (known) return known
  const bytes = modelBytes(buildGraph(name, spec), form)
  models.set(key, bytes)
  for (const oldest of models.keys()) {
    if (models.size <= KEPT_MODELS) break
    models.delete(oldest)
  }
  return bytes
}

function buildGraph(name: GraphName, { model, optimizer, batchSize }: GraphSpec) {
  switch (name) {
    case 'step':
      return stepGraph(model, batchSize, optimizer)
    case 'losses':
      return lossesGraph(model, batchSize)
    case 'gradient':
      return gradientGraph(model, batchSize)
    case 'logits':
      return logitsGraph(model)
  }
}

/** The sessions of one learner: each is opened when it is first asked for. */
export class ModelSessions {
  readonly #open = new Map<GraphName, Promise<InferenceSession>>()

  constructor(
    readonly runtime: Runtime,
    readonly spec: GraphSpec,
    readonly options: SessionOptions,
  ) {}

  /** @throws MixwrightError `device-unavailable` */
  get(name: GraphName): Promise<InferenceSession> {
    let session = this.#open.get(name)
    if (!session) {
      const form = this.options.device === 'cpu' ? 'fused' : 'standard'
      const { model, optimizer, batchSize } = this.spec
      const bytes = onnxModel(name, { model, optimizer, batchSize }, form)
      session = openSession(this.runtime, bytes, this.options)
      this.#open.set(name, session)
    }
    return session
  }

  async close(): Promise<void> {
    const sessions = await Promise.allSettled(this.#open.values())
    this.#open.clear()
    for (const session of sessions) {
      if (session.status === 'fulfilled') await session.value.release()
    }
  }
}
