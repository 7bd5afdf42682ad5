import { apportion } from '../../optimizers/mixture/index.js'
import type { ExportOptions } from './options.js'
import { refuseField } from './refusals.js'
import type { ExportWarning, Share } from './types.js'

export interface Quantised {
  /** What to write: those that get something, with weights that sum to 1. */
  readonly shares: readonly Share[]
  /** What the target makes of them. */
  readonly realised: readonly Share[]
  readonly warnings: readonly ExportWarning[]
}

/**
 * What becomes of shares where a target gives out whole counts. Domains that get nothing are left out.
 * @param countsOf the target's rule: weights that sum to 1 → whole counts
 * @param resolution for people: what a domain is below that gets nothing
 * @param pointer what to blame when no domain gets anything
 */
export function quantise(
  shares: readonly Share[],
  countsOf: (weights: readonly number[]) => ArrayLike<number>,
  resolution: string,
  pointer: string,
): Quantised {
  let kept = shares
  let counts = Array.from(countsOf(kept.map(({ weight }) => weight)))
  while (counts.includes(0)) {
    const some = kept.filter((_, i) => counts[i] > 0)
    if (some.length === 0) refuseField(pointer, `No domain gets anything: all are ${resolution}.`)
    kept = normalised(some)
    counts = Array.from(countsOf(kept.map(({ weight }) => weight)))
  }
  const total = counts.reduce((sum, count) => sum + count, 0)
  const realised = kept.map(({ name }, i) => ({ name, weight: counts[i] / total }))
  const names = new Set(kept.map(({ name }) => name))
  const lost = shares.filter(({ name }) => !names.has(name))
  return { shares: kept, realised, warnings: lostWarnings(lost, resolution) }
}

function normalised(shares: readonly Share[]): Share[] {
  const sum = shares.reduce((total, { weight }) => total + weight, 0)
  return shares.map(({ name, weight }) => ({ name, weight: weight / sum }))
}

function lostWarnings(lost: readonly Share[], resolution: string): ExportWarning[] {
  if (lost.length === 0) return []
  const names = lost.map(({ name, weight }) => `"${name}" (${weight})`).join(', ')
  const message = `Left out, because they would get nothing, being ${resolution}: ${names}.`
  return [{ code: 'below-resolution', message }]
}

/** ⌊weight · total⌋ each, in double arithmetic as NumPy and Python have it. */
export function truncatedCounts(weights: readonly number[], total: number): number[] {
  return weights.map((weight) => Math.trunc(weight * total))
}

/**
 * Samples of the run, each domain's quota rounded up or down, when the run's length is known.
 * @throws MixwrightError `validation-failed` when only one of `tokens` and `sequenceLength` is given
 */
export function quantiseSamples(shares: readonly Share[], options: ExportOptions): Quantised {
  const samples = samplesOf(options)
  if (samples === undefined) return { shares, realised: shares, warnings: [] }
  const resolution = `below half a sample of ${samples} in the run`
  return quantise(shares, (weights) => apportion(weights, samples), resolution, '/options/tokens')
}

/** Whole training samples in the run; undefined when its length is not known. */
export function samplesOf({ tokens, sequenceLength }: ExportOptions): number | undefined {
  if (tokens === undefined && sequenceLength === undefined) return undefined
  if (tokens === undefined || sequenceLength === undefined) {
    const missing = tokens === undefined ? 'tokens' : 'sequenceLength'
    refuseField(`/options/${missing}`, 'Give `tokens` and `sequenceLength` together, or neither.')
  }
  if (tokens >= sequenceLength) return Math.floor(tokens / sequenceLength)
  refuseField('/options/tokens', `It is less than one sample of ${sequenceLength} tokens.`)
}
