import { nearestFeasible } from '../optimizers/evidence/index.js'
import { fromMixture, SAME_WEIGHT, type Space } from '../optimizers/mixture/index.js'
import type { Mixture } from '../optimizers/problem.js'
import { createRng } from '../optimizers/random.js'
import { rowMatrixFrom } from '../optimizers/row-matrix.js'
import type { StudyRecord } from '../store/records.js'
import type { Compute } from './ports.js'
import { compileStored } from './problem.js'

/** A mixture to try. */
export interface PlannedMixture {
  /** `uniform` and `natural` for the baselines, '' for suggestions. */
  label: string
  reason: string
  /** In the study's domain order; they sum to 1. */
  weights: number[]
}

export interface PlacedMixture extends PlannedMixture {
  fidelity: string
}

/** A mixture to train a proxy on. */
export interface PlannedTrial extends PlacedMixture {
  seed: number
}

export interface SearchPlan {
  fidelity: string
  count: number
  seed: number
  /** Mixtures that the study has tried before. */
  tried: readonly (readonly number[])[]
}

/** Seeds are below it. */
export const LARGEST_SEED = 2 ** 31

/**
 * The mixtures of a search: uniform and natural, and then what the study's method suggests. They may be fewer than asked
 * for, in a space that does not have as many. All begin with the same parameters, as RegMix's proxies do, so that they
 * differ by their mixtures; each draws its sequences in an order of its own.
 */
export async function planSearch(
  compute: Pick<Compute, 'suggest'>,
  study: StudyRecord,
  { fidelity, count, seed, tried }: SearchPlan,
): Promise<PlannedTrial[]> {
  const { problem } = study
  const { space } = compileStored(problem)
  const baselines = baselineMixtures(space).slice(0, count)
  const active = [...baselines.map(({ weights }) => weights), ...tried]
  const suggested = await suggestMixtures(compute, study, space, {
    fidelity,
    seed,
    active,
    count: count - baselines.length,
  })
  const mixtures = [...baselines, ...suggested].map((mixture) => ({ ...mixture, fidelity }))
  return withSeeds(mixtures, seed)
}

/**
 * The mixtures with the randomness of their training.
 * @param searchSeed of the search
 * @param first position of the first of them in the search
 */
export function withSeeds(
  mixtures: readonly PlacedMixture[],
  searchSeed: number,
  first = 0,
): PlannedTrial[] {
  return mixtures.map((mixture, i) => ({
    ...mixture,
    seed: createRng(searchSeed, 'trial', first + i).integer(LARGEST_SEED),
  }))
}

/**
 * What the study's method, which does not look at results, suggests beside the mixtures that are known (`active`); fewer than asked
 * for when there are no more.
 */
export async function suggestMixtures(
  compute: Pick<Compute, 'suggest'>,
  { problem, problemHash, method, params }: StudyRecord,
  space: Space,
  request: {
    fidelity: string
    seed: number
    active: readonly (readonly number[])[]
    count: number
  },
): Promise<PlannedMixture[]> {
  const { fidelity, seed, count } = request
  const weights = rowMatrixFrom(request.active, space.names.length).data
  const chosen = await compute.suggest({
    problem,
    problemHash,
    method,
    params,
    seed,
    fidelities: [fidelity],
    active: [{ fidelity, weights }],
    count,
  })
  return chosen.map(({ weights, reason }) => ({
    label: '',
    reason,
    weights: [...fromMixture(space, weights)],
  }))
}

/** Seed of the initial parameters that the trials of a search share. */
export function initialSeed(searchSeed: number): number {
  return createRng(searchSeed, 'initial parameters').integer(LARGEST_SEED)
}

/**
 * Uniform and natural. Where constraints forbid one, the nearest that they allow stands in its place. Equal ones are tried
 * once.
 */
export function baselineMixtures(space: Space): PlannedMixture[] {
  const m = space.names.length
  const ideals = [
    { label: 'uniform', weights: new Float64Array(m).fill(1 / m) },
    { label: 'natural', weights: space.prior.slice() },
  ]
  const planned: PlannedMixture[] = []
  for (const { label, weights: ideal } of ideals) {
    const { weights, feasible } = nearestFeasible(space, ideal)
    const equal = planned.find((other) => isSame(other.weights, weights))
    if (equal) {
      equal.reason = `${equal.reason} The ${label} mixture is the same here.`
      continue
    }
    const reason = feasible
      ? `The ${label} mixture: every search needs it for comparison.`
      : `The constraints forbid the ${label} mixture; this is the nearest that they allow, for comparison.`
    planned.push({ label, reason, weights: [...weights] })
  }
  return planned
}

/** Whether no weight differs by more than 1e-6. */
export function isSame(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let j = 0; j < a.length; j++) if (!(Math.abs(a[j] - b[j]) <= SAME_WEIGHT)) return false
  return true
}

/** Given mixtures by name, each trained with the same seeds. They need not meet the constraints. */
export function planComparison(
  study: StudyRecord,
  mixtures: Readonly<Record<string, Mixture>>,
  { fidelity, replicates, seed }: { fidelity: string; replicates: number; seed: number },
): PlannedTrial[] {
  const { space } = compileStored(study.problem)
  const named = Object.entries(mixtures).map(([label, mixture]) => ({
    label,
    weights: normalised(fromMixture(space, mixture)),
  }))
  return Array.from({ length: replicates }, (_, r) =>
    named.map(({ label, weights }) => ({
      label,
      reason: `Replicate ${r + 1} of ${replicates} of the mixture "${label}".`,
      weights,
      fidelity,
      seed: createRng(seed, 'replicate', r).integer(LARGEST_SEED),
    })),
  ).flat()
}

/** Divided by their sum. */
export function normalised(weights: Float64Array): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return Array.from(weights, (weight) => weight / sum)
}
