import { rowMatrixFrom, selectRows } from '../../row-matrix.js'
import { ILR, mapRows } from '../../surrogates/gaussian-process/index.js'
import type { SearchState } from '../../types.js'
import { orderedFidelities, type TriedMixture, triedAt } from '../hyperband/rungs.js'
import {
  type CoordinateRange,
  fitKernelDensity,
  type KernelDensity,
  logDensity,
  rangeOf,
} from './kernel-density.js'

/** Where good mixtures lie, and where bad ones do. */
export interface DensityModel {
  /** l, over isometric log-ratios. */
  readonly good: KernelDensity
  /** g */
  readonly bad: KernelDensity
  /** Of all mixtures it was made from. */
  readonly range: CoordinateRange
  readonly fidelity: string
  /** Mixtures it was made from. */
  readonly mixtures: number
}

export interface DensityParams {
  topNPercent: number
  minBandwidth: number
}

/** ln of the smallest density that is told from 0, as in BOHB's code: far from all points the ratio says nothing. */
const LOG_LEAST_DENSITY = Math.log(1e-32)

/**
 * BOHB's model (Falkner, Klein, Hutter 2018, equations 2 and 3), from the fidelity closest to the target at which N_min + 2 mixtures
 * have a result, N_min = m + 1. Of its N mixtures, the N_l = max(N_min, ⌊q N⌋) best make l and the N_g = max(N_min, N − N_l) worst
 * make g; where there are few, some are in both. Mixtures without a result are the worst. Undefined where no fidelity has enough.
 */
export function fitDensityModel<P extends DensityParams>(
  state: SearchState<P>,
): DensityModel | undefined {
  const { topNPercent, minBandwidth } = state.params
  const least = state.compiled.space.names.length + 1
  for (const fidelity of orderedFidelities(state).reverse()) {
    const ended = triedAt(state, fidelity).mixtures.filter(({ hasEnded }) => hasEnded)
    const scored = ended.filter(hasResult).toSorted((a, b) => a.objective - b.objective)
    if (scored.length < least + 2) continue
    const ranked = [...scored, ...ended.filter((mixture) => !hasResult(mixture))]
    const good = Math.max(least, Math.floor((topNPercent * ranked.length) / 100))
    const bad = Math.max(least, ranked.length - good)
    const points = mapRows(ILR, rowMatrixFrom(ranked.map(({ weights }) => weights)))
    const density = (from: number, to: number) =>
      fitKernelDensity(selectRows(points, indices(from, to)), minBandwidth)
    return {
      fidelity,
      mixtures: ranked.length,
      good: density(0, Math.min(scored.length, good)),
      bad: density(ranked.length - bad, ranked.length),
      range: rangeOf(points),
    }
  }
  return undefined
}

/** ln l/g: what BOHB maximises. */
export function logRatio({ good, bad }: DensityModel, weights: ArrayLike<number>): number {
  const coordinates = new Float64Array(ILR.coordinates(weights.length))
  ILR.map(weights, coordinates)
  return (
    Math.max(LOG_LEAST_DENSITY, logDensity(good, coordinates)) -
    Math.max(LOG_LEAST_DENSITY, logDensity(bad, coordinates))
  )
}

function hasResult({ objective }: TriedMixture): boolean {
  return Number.isFinite(objective)
}

function indices(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}
