import type { Mixture } from '../../optimizers/problem.js'
import type { Trial } from '../client/index.js'
import { TARGET_DOMAINS } from './study.js'

/** One mixture of the proof: the target's loss of each of its models. */
export interface ProvenMixture {
  name: string
  weights: Mixture
  /** Mean loss over the target domains, nats per token, by seed. */
  losses: number[]
  mean: number
}

export interface Proof {
  mixtures: ProvenMixture[]
  /** Standard deviation between seeds, pooled over the mixtures; null when a mixture has fewer than two. */
  deviation: number | null
  /** Standard error of the difference of two means; null as above. */
  standardError: number | null
}

/** @param trials completed trials of the comparison, replicates of a mixture in the order of their seeds */
export function proofOf(trials: readonly Trial[]): Proof {
  const names = [...new Set(trials.map(({ label }) => label))]
  const mixtures = names.map((name) => {
    const own = trials.filter(({ label }) => label === name)
    const losses = own.map(targetLoss)
    return { name, weights: own[0].weights, losses, mean: meanOf(losses) }
  })
  return { mixtures, ...spreadOf(mixtures) }
}

function targetLoss({ id, measurement }: Trial): number {
  if (!measurement) throw new Error(`trial ${id} completed without a measurement`)
  return meanOf(TARGET_DOMAINS.map((domain) => measurement.values[`loss/${domain}`]))
}

function spreadOf(mixtures: readonly ProvenMixture[]): Omit<Proof, 'mixtures'> {
  const seeds = Math.min(...mixtures.map(({ losses }) => losses.length))
  if (seeds < 2) return { deviation: null, standardError: null }
  const squares = mixtures.flatMap(({ losses, mean }) => losses.map((loss) => (loss - mean) ** 2))
  const freedom = squares.length - mixtures.length
  const deviation = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / freedom)
  return { deviation, standardError: deviation * Math.sqrt(2 / seeds) }
}

const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/** What the proof says of one mixture against another, in a sentence that claims no more than it shows. */
export function comparisonText(proof: Proof, name: string, rival: string): string {
  const [ours, theirs] = [name, rival].map((wanted) =>
    proof.mixtures.find((mixture) => mixture.name === wanted),
  )
  if (!ours || !theirs) return `${rival}: none of its models completed, so nothing is shown.`
  const gain = theirs.mean - ours.mean
  const { standardError } = proof
  if (standardError === null) return `${rival}: too few models completed to tell noise from gain.`
  const size = `${Math.abs(gain).toFixed(3)} nats/token, standard error ${standardError.toFixed(3)}`
  if (Math.abs(gain) < 2 * standardError) return `${rival}: inside the noise (${size}).`
  return gain > 0
    ? `${rival}: the recommended mixture is better (${size}).`
    : `${rival}: the recommended mixture is WORSE (${size}).`
}
