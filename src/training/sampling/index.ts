/** Sequences for training and validation, drawn from the tokens of domains. */

export {
  createSampler,
  type SamplerOptions,
  type SamplerState,
  type SequenceSampler,
} from './sampler.js'
export { evenlySpacedSequences, sequenceCount } from './sequences.js'
