import type { ProxySpec } from '../../optimizers/proxy.js'
import type {
  Device,
  DomainTokens,
  LearnerState,
  ModelConfig,
  ProxyMeasurement,
  TrainingEngine,
} from '../types.js'

/** A proxy specification with every default written out. */
export type CompleteProxySpec = Required<ProxySpec>

/** One proxy to train. */
export interface ProxyRun {
  readonly spec: CompleteProxySpec
  /** The model of the specification for the vocabulary of the tokens. */
  readonly model: ModelConfig
  /** Every one of them is measured; in a fixed order. */
  readonly domains: readonly DomainTokens[]
  /** Domain → share of the training tokens, sum 1; a domain left out has none. */
  readonly weights: Readonly<Record<string, number>>
  /** The trial's: the order of sequences, and initial parameters unless they have a seed of their own. */
  readonly seed: number
  /** Of the initial parameters, for runs that are to begin alike. Default: `seed`. */
  readonly initialSeed?: number
  /** The study's: what its trials share, such as the text that simulated epoching keeps. */
  readonly studySeed: number
  /** Tokens of the target run; simulated epoching takes it. */
  readonly targetTokens?: number
  readonly engine: TrainingEngine
  /** Default `cpu`. */
  readonly device?: Device
  /** Threads of the engine. Default 1. */
  readonly threads?: number
  /** Bytes of a checkpoint of this same run, to go on from. */
  readonly resume?: Uint8Array
  /** Least time between two checkpoints; 0 for one after every step. Default: none are made. */
  readonly checkpointSeconds?: number
  /** Asked after each step: whether a checkpoint is wanted now, whatever the time since the last. */
  readonly checkpointRequested?: () => boolean
  /** Ends the run with the signal's reason after the step under way. */
  readonly signal?: AbortSignal
}

export type ProxyRunEvent =
  | {
      readonly type: 'progress'
      readonly step: number
      readonly steps: number
      /** Tokens trained on so far. */
      readonly tokens: number
      readonly totalTokens: number
      /** Mean training loss since the event before, nats per token. */
      readonly loss: number
      /** Since the event before, without the time of measurements. */
      readonly tokensPerSecond: number
    }
  | { readonly type: 'measurement'; readonly measurement: ProxyMeasurement }
  | { readonly type: 'checkpoint'; readonly step: number; readonly bytes: Uint8Array }
  | {
      readonly type: 'finished'
      /** All of the run, those before it was resumed included; the last is that of the whole budget. */
      readonly measurements: readonly ProxyMeasurement[]
      readonly learner: LearnerState
      /** Spent in training steps since it was started or resumed. */
      readonly seconds: number
    }
