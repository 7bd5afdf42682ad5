/** What the parts of the training room say to each other. Token ids are Int32; everything a model computes is Float32. */

/** A decoder-only transformer: pre-norm (RMS norm with a gain), causal attention, tied output, no biases. */
export interface ModelConfig {
  /** Number of token ids. */
  readonly vocabulary: number
  /** Size of the residual stream; a multiple of `heads`. */
  readonly width: number
  readonly layers: number
  readonly heads: number
  readonly feedForward: number
  /** Tokens a sequence predicts: sequences are handed over with one token more. */
  readonly context: number
  /** `gelu`: tanh form. `swiglu`: SiLU(x W₁) ∘ (x W₃). */
  readonly activation: 'gelu' | 'swiglu'
  readonly positions: 'learned' | 'rotary'
}

/** AdamW (Loshchilov & Hutter 2019) with the whole gradient clipped by its L2 norm before. */
export interface OptimizerConfig {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  /** Decoupled; applied to matrices only, not to gains. */
  readonly weightDecay: number
  readonly clipNorm: number
}

/** Everything a learner learned: what a checkpoint holds and a second learner can go on from, bit by bit. */
export interface LearnerState {
  /** Optimiser steps taken. */
  readonly step: number
  /** (P) each, in the order of `parameterLayout`. */
  readonly parameters: Float32Array
  readonly firstMoment: Float32Array
  readonly secondMoment: Float32Array
}

export interface StepResult {
  /** Mean over the batch before the step, nats per token. */
  readonly loss: number
  /** L2 norm of the whole gradient before clipping. */
  readonly gradientNorm: number
}

/** A model in training on one engine. Calls must not overlap. Sequences are rows of context + 1 token ids, row after row. */
export interface Learner {
  readonly model: ModelConfig
  readonly batchSize: number
  readonly parameterCount: number
  /** One AdamW step. @param sequences (batchSize × (context + 1)) */
  step(sequences: Int32Array, learningRate: number): Promise<StepResult>
  /** Mean loss of each sequence without a step, nats per token. @param sequences (n × (context + 1)), any n */
  losses(sequences: Int32Array): Promise<Float32Array>
  /** Mean loss of the batch and its gradient (P), unclipped, without a step. @param sequences (batchSize × (context + 1)) */
  gradient(sequences: Int32Array): Promise<{ loss: number; gradient: Float32Array }>
  /** Logits (vocabulary) of the token after the given ones. @param tokens 1 to context ids */
  nextTokenLogits(tokens: Int32Array): Promise<Float32Array>
  /** A copy. */
  state(): LearnerState
  restore(state: LearnerState): void
  close(): Promise<void>
}

export interface LearnerSpec {
  readonly model: ModelConfig
  readonly optimizer: OptimizerConfig
  readonly batchSize: number
  /** Parameters at the start (P), see `initialParameters`. */
  readonly parameters: Float32Array
}

export type Device = 'cpu' | 'webgpu' | 'cuda'

/** Runs models. `open` rejects with a plain message when the device is not there. */
export interface TrainingEngine {
  readonly name: 'onnx' | 'tfjs'
  open(spec: LearnerSpec, options?: { device?: Device; threads?: number }): Promise<Learner>
}

/** A row of token ids that can be read anywhere: a shard file, or an array. */
export interface TokenArray {
  readonly length: number
  /** Copies `count` ids from `start` into `target` at `offset`. Throws RangeError outside of the array. */
  read(start: number, count: number, target: Int32Array, offset: number): void
}

/** The text of one domain, as tokens. */
export interface DomainTokens {
  readonly name: string
  readonly train: TokenArray
  readonly validation: TokenArray
  /** UTF-8 bytes of the validation text per validation token: turns nats per token into bits per byte. */
  readonly bytesPerToken: number
}

/** Loss on one domain's validation sequences. */
export interface DomainLoss {
  /** Mean, nats per token. */
  readonly loss: number
  /** Standard error of the mean over sequences. */
  readonly standardError: number
  readonly bitsPerByte: number
  readonly sequences: number
}

/** What is known of a proxy after a number of tokens. */
export interface ProxyMeasurement {
  readonly step: number
  /** Tokens trained on so far. */
  readonly tokens: number
  readonly domains: Readonly<Record<string, DomainLoss>>
  /** Mean training loss since the measurement before, nats per token. */
  readonly trainingLoss: number
  /** Domain → how often its training tokens were passed, so far. */
  readonly epochs: Readonly<Record<string, number>>
}
