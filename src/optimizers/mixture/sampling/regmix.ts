import { InvalidInputError, type Issue } from '../../issue.js'
import { permutation, type Rng } from '../../random.js'
import { type RowMatrix, rowMatrixFrom, selectRows } from '../../row-matrix.js'
import { temperedPrior } from '../temper.js'
import type { Space } from '../types.js'
import { createRegmixDraw } from './regmix-draw.js'

/** Options of the sampler of RegMix (Liu et al. 2024, arXiv 2407.01492), Step A. */
export interface RegmixSamplingOptions {
  /** Exponent on the prior before it becomes concentrations: below 1 flattens it. > 0. */
  temperature: number
  /** Ends of the logarithmic grid of strengths (total concentration of the Dirichlet). > 0. */
  minStrength: number
  maxStrength: number
  /** Strengths on the grid. ≥ 1. */
  strengths: number
  /** Vectors drawn for each row asked for. ≥ 1. */
  multiplier: number
  /** Largest weight of a domain above its lower bound, in multiples of its prior weight, beside the space's own bounds. Infinity: none. */
  maxUsage: number
  /** Weights below it become 0, others are rounded to multiples of it. In [0, 1); 0 turns both off. */
  minimumWeight: number
  /** Whether rows are made to sum to 1 again after rounding; RegMix does not, Olmix does. */
  renormalise: boolean
  /** Of rows closer than this (L1) to the row before them, in sorted order, one is kept. ≥ 0. */
  dedupDistance: number
}

/** As shipped with RegMix. */
export const REGMIX_SAMPLING: Readonly<RegmixSamplingOptions> = {
  temperature: 0.5,
  minStrength: 0.1,
  maxStrength: 5,
  strengths: 15,
  multiplier: 100,
  maxUsage: 15,
  minimumWeight: 2e-4,
  renormalise: false,
  dedupDistance: 1e-5,
}

/** Olmix's swarm over one level of domains (arXiv 2602.12237): the same sampler; repetition is bounded by the space. */
export const OLMIX_SAMPLING: Readonly<RegmixSamplingOptions> = {
  ...REGMIX_SAMPLING,
  temperature: 1,
  multiplier: 10,
  maxUsage: Number.POSITIVE_INFINITY,
  minimumWeight: 0.002,
  renormalise: true,
}

/** What the sampler did on the way to its rows. */
export interface RegmixSamplingStatistics {
  drawn: number
  /** Within all bounds. */
  accepted: number
  /** Left after de-duplication. */
  distinct: number
  /** Mean number of domains with a positive weight, and mean entropy (nats), of the accepted and the distinct rows. */
  activeAccepted: number
  activeDistinct: number
  entropyAccepted: number
  entropyDistinct: number
}

/**
 * RegMix's Step A: `count` distinct mixtures around the tempered prior, from near one-hot to near the prior. A strength s is
 * drawn uniformly from the grid and one vector from Dirichlet(s · tempered prior); those beyond an upper bound or a group are
 * rejected; small weights are cut, the rest rounded; near-duplicates are dropped; `count` rows are chosen at random.
 * Lower bounds are met by drawing l + (1 − Σ l) · Dirichlet, fixed weights are left out of the draw.
 * With `renormalise` every row is in the space to 1e-9 (by KL projection, which is division by the sum where no bound is in the
 * way). Without it bounds and groups are met too, but the sum is 1 only up to rounding, as upstream.
 * @returns (count × m)
 * @throws InvalidInputError when an option is out of range (pointer `/temperature`, …), or fewer than `count` rows survive
 */
export function sampleRegmix(
  space: Space,
  options: Partial<RegmixSamplingOptions>,
  count: number,
  rng: Rng,
): RowMatrix {
  return sampleRegmixWithStatistics(space, options, count, rng).rows
}

/** `sampleRegmix`, and what happened on the way. */
export function sampleRegmixWithStatistics(
  space: Space,
  options: Partial<RegmixSamplingOptions>,
  count: number,
  rng: Rng,
): { rows: RowMatrix; statistics: RegmixSamplingStatistics } {
  const settings = completeOptions(options)
  const draw = drawerOf(space, settings)
  const drawn = Math.ceil(count * settings.multiplier)
  const accepted: Float64Array[] = []
  for (let i = 0; i < drawn; i++) {
    const row = draw(rng)
    if (row) accepted.push(row)
  }
  const distinct = withoutDuplicates(accepted, settings.dedupDistance)
  if (distinct.length < count) {
    throw tooFew(settings, count, drawn, accepted.length, distinct.length)
  }
  const chosen = permutation(distinct.length, rng).subarray(0, count)
  return {
    rows: selectRows(rowMatrixFrom(distinct, space.names.length), chosen),
    statistics: {
      drawn,
      accepted: accepted.length,
      distinct: distinct.length,
      activeAccepted: meanOf(accepted, activeDomains),
      activeDistinct: meanOf(distinct, activeDomains),
      entropyAccepted: meanOf(accepted, entropy),
      entropyDistinct: meanOf(distinct, entropy),
    },
  }
}

/**
 * The same mixtures one at a time, for sequences whose length is not known: a row of m weights, or undefined when the vector was
 * rejected. Near-duplicates are the caller's to drop.
 * @throws InvalidInputError when an option is out of range
 */
export function regmixDrawer(
  space: Space,
  options: Partial<RegmixSamplingOptions>,
): (rng: Rng) => Float64Array | undefined {
  return drawerOf(space, completeOptions(options))
}

function drawerOf(space: Space, settings: RegmixSamplingOptions) {
  return createRegmixDraw(space, temperedPrior(space.prior, settings.temperature), settings)
}

function completeOptions(options: Partial<RegmixSamplingOptions>): RegmixSamplingOptions {
  const settings = { ...REGMIX_SAMPLING, ...withoutUndefined(options) }
  requireOptions(settings)
  return settings
}

function withoutUndefined(options: Partial<RegmixSamplingOptions>): Partial<RegmixSamplingOptions> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function requireOptions(options: RegmixSamplingOptions): void {
  const issues: Issue[] = []
  const require = (name: keyof RegmixSamplingOptions, met: boolean, range: string) => {
    if (!met)
      issues.push({
        pointer: `/${name}`,
        detail: `${name} has to be ${range}, not ${options[name]}.`,
      })
  }
  const { minStrength, maxStrength, minimumWeight, maxUsage } = options
  const finite = Number.isFinite
  require('temperature', options.temperature > 0 && finite(options.temperature), 'above 0')
  require('minStrength', minStrength > 0 && finite(minStrength), 'above 0')
  require('maxStrength', maxStrength >= minStrength && finite(maxStrength), 'at least minStrength')
  require('strengths', Number.isInteger(options.strengths) &&
    options.strengths >= 1, 'an integer ≥ 1')
  require('multiplier', options.multiplier >= 1 && finite(options.multiplier), 'at least 1')
  require('maxUsage', maxUsage > 0, 'above 0')
  require('minimumWeight', minimumWeight >= 0 && minimumWeight < 1, 'from 0 to below 1')
  require('dedupDistance', options.dedupDistance >= 0 &&
    finite(options.dedupDistance), 'at least 0')
  if (issues.length > 0) {
    throw new InvalidInputError('The options of the RegMix sampler are not valid.', issues)
  }
}

/** Sorts by the last column first, then the one before it, …, and keeps a row unless it is close to the last one kept. */
function withoutDuplicates(rows: readonly Float64Array[], distance: number): Float64Array[] {
  const sorted = [...rows].sort((a, b) => {
    let j = a.length - 1
    while (j > 0 && a[j] === b[j]) j -= 1
    return a[j] - b[j]
  })
  const kept: Float64Array[] = []
  for (const row of sorted) {
    const last = kept.at(-1)
    if (!last || row.reduce((sum, weight, j) => sum + Math.abs(weight - last[j]), 0) > distance) {
      kept.push(row)
    }
  }
  return kept
}

function tooFew(
  { maxUsage, multiplier }: RegmixSamplingOptions,
  count: number,
  drawn: number,
  accepted: number,
  distinct: number,
): InvalidInputError {
  const found = `Of ${drawn} vectors drawn ${accepted} were within all bounds and ${distinct} distinct; ${count} are needed.`
  const usage = Number.isFinite(maxUsage) ? `, raise maxUsage (${maxUsage})` : ''
  const advice =
    accepted < count
      ? `Raise multiplier (${multiplier})${usage} or loosen the bounds of the space.`
      : `Raise multiplier (${multiplier}), minStrength or maxStrength, or lower minimumWeight or dedupDistance.`
  const pointer = accepted < count && usage ? '/maxUsage' : '/multiplier'
  return new InvalidInputError('Too few mixtures could be sampled.', [
    { pointer, detail: `${found} ${advice}` },
  ])
}

function meanOf(rows: readonly Float64Array[], measure: (row: Float64Array) => number): number {
  return rows.reduce((sum, row) => sum + measure(row), 0) / rows.length
}

function activeDomains(row: Float64Array): number {
  return row.reduce((sum, weight) => sum + (weight > 0 ? 1 : 0), 0)
}

function entropy(row: Float64Array): number {
  return -row.reduce((sum, weight) => sum + (weight > 0 ? weight * Math.log(weight) : 0), 0)
}
