import { MixwrightError } from '../../errors.js'
import { createRng, permutation } from '../../optimizers/random.js'
import type { DomainTokens } from '../types.js'
import { quotas } from './quotas.js'
import { readSequence, sequenceCount } from './sequences.js'
import { shuffledIndex } from './shuffled-index.js'
import { domainWeights } from './weights.js'

export interface SamplerOptions {
  /** In a fixed order; the weights are given by name. */
  readonly domains: readonly Pick<DomainTokens, 'name' | 'train'>[]
  /** Domain → share of the sequences, sum 1; a domain left out has none. */
  readonly weights: Readonly<Record<string, number>>
  /** Tokens a sequence predicts. */
  readonly context: number
  /** Sequences of a batch. */
  readonly batchSize: number
  /** Of the order of sequences: the trial's. */
  readonly seed: number
  /**
   * Simulated epoching (arXiv 2606.07597): of U sequences a domain keeps round(U · ratio), at least one, so that a run of D_p
   * tokens repeats text as often as one of D = D_p / ratio tokens would. `seed` is the study's: its trials share the subset.
   */
  readonly subsample?: { readonly ratio: number; readonly seed: number }
}

/** Where a sampler stands: with its options, all that is needed to go on with the very next batch. */
export interface SamplerState {
  readonly batches: number
  /** Domain → sequences drawn. */
  readonly drawn: Readonly<Record<string, number>>
}

/** An endless row of batches, fixed by the options. */
export interface SequenceSampler {
  /** The next batch: (batchSize × (context + 1)) token ids, in an array that the next call fills anew. */
  next(): Int32Array
  /** Domain → how often its sequences were passed so far. */
  epochs(): Record<string, number>
  state(): SamplerState
  /** @throws RangeError when the state belongs to other domains */
  restore(state: SamplerState): void
}

/**
 * Draws sequences from domains by their weights: exact quotas (see `quotas`) in a random order inside each batch, each
 * domain without replacement until all its sequences were seen, in a new order every epoch.
 * @throws MixwrightError `domain-too-small` for a domain with a weight and without a whole sequence, `validation-failed` for
 * weights that are no mixture of the domains
 */
export function createSampler(options: SamplerOptions): SequenceSampler {
  const { domains, context, batchSize, seed } = options
  const names = domains.map(({ name }) => name)
  const weights = domainWeights(names, options.weights)
  const streams = domains.map((domain, i) => domainStream(domain, weights[i], options))
  const batch = new Int32Array(batchSize * (context + 1))
  const drawn = new Float64Array(domains.length)
  let nextDomain = quotas(weights, drawn)
  let batches = 0
  return {
    next() {
      const rows = permutation(batchSize, createRng(seed, 'batch', batches))
      for (const row of rows) {
        const domain = nextDomain()
        const sequence = streams[domain].sequence(drawn[domain] - 1)
        readSequence(domains[domain].train, sequence, context, batch, row)
      }
      batches += 1
      return batch
    },
    epochs: () =>
      Object.fromEntries(
        names.map((name, i) => [name, drawn[i] === 0 ? 0 : drawn[i] / streams[i].length]),
      ),
    state: () => ({ batches, drawn: Object.fromEntries(names.map((name, i) => [name, drawn[i]])) }),
    restore(state) {
      drawn.set(drawnCounts(state, names, batchSize))
      batches = state.batches
      nextDomain = quotas(weights, drawn)
    },
  }
}

/** The sequences of one domain in the order in which they are drawn: draw → index of the sequence. */
interface DomainStream {
  /** Sequences of one epoch. */
  readonly length: number
  sequence(draw: number): number
}

function domainStream(
  domain: Pick<DomainTokens, 'name' | 'train'>,
  weight: number,
  { context, seed, subsample }: SamplerOptions,
): DomainStream {
  const available = sequenceCount(domain.train, context)
  if (weight > 0 && available === 0) {
    throw new MixwrightError(
      'domain-too-small',
      `domain "${domain.name}" has a weight of ${weight}, but its ${domain.train.length} training tokens are fewer than one sequence, ` +
        `which takes ${context + 1}`,
    )
  }
  if (available === 0) return { length: 0, sequence: (draw) => draw }
  const kept = subsample ? keptSequences(available, subsample.ratio) : available
  const member =
    subsample && kept < available
      ? shuffledIndex(available, createRng(subsample.seed, `subsample ${domain.name}`))
      : (place: number) => place
  let epoch = -1
  let order = member
  return {
    length: kept,
    sequence(draw) {
      const current = Math.floor(draw / kept)
      if (current !== epoch) {
        order = shuffledIndex(kept, createRng(seed, `epoch ${domain.name}`, current))
        epoch = current
      }
      return member(order(draw % kept))
    },
  }
}

function keptSequences(available: number, ratio: number): number {
  return Math.min(available, Math.max(1, Math.round(available * ratio)))
}

function drawnCounts(state: SamplerState, names: readonly string[], batchSize: number): number[] {
  const counts = names.map((name) =>
    Object.hasOwn(state.drawn, name) ? state.drawn[name] : Number.NaN,
  )
  const total = counts.reduce((sum, count) => sum + count, 0)
  const whole = counts.every((count) => Number.isSafeInteger(count) && count >= 0)
  if (
    !whole ||
    Object.keys(state.drawn).length !== names.length ||
    total !== state.batches * batchSize
  ) {
    throw new RangeError('the state is not one of a sampler of these domains and this batch size')
  }
  return counts
}
