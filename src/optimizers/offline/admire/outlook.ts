import type { Rng } from '../../random.js'
import { rowMatrixFrom, rowOf } from '../../row-matrix.js'
import type { GpProjection } from '../../surrogates/gaussian-process/index.js'
import { type Model, pointsOf } from './model.js'
import type { AdmireParams } from './params.js'
import { rowsAt } from './runs.js'
import type { Situation } from './situation.js'

/**
 * The model with the trials under way imagined: the doubt about the scores of other mixtures is what it will be when they have ended,
 * and the means differ from one imagined outcome (fantasy) to the next.
 */
export interface Outlook {
  readonly model: Model
  readonly situation: Situation
  /** Runs that are known, before those imagined. */
  readonly known: number
  /** By fantasy, one standard normal number for each trial under way. */
  readonly fantasies: readonly Float64Array[]
}

/** The model's posterior is changed: it takes the trials in. */
export function imaginePending(
  model: Model,
  situation: Situation,
  params: AdmireParams,
  rng: Rng,
): Outlook {
  const { weights, fidelity } = situation.pending
  const known = model.posterior.size
  const points = pointsOf(model, weights, fidelity)
  if (weights.rows === 0) return { model, situation, known, fantasies: [new Float64Array(0)] }
  if (params.pending === 'constant-liar') {
    const worst = model.observations.values.reduce((a, b) => Math.min(a, b))
    model.posterior.imagine(points, new Float64Array(weights.rows).fill(worst))
    return { model, situation, known, fantasies: [new Float64Array(weights.rows)] }
  }
  // At their means, so that what an outcome adds is linear in the normal numbers it is made of: see `meansUnder`.
  for (let p = 0; p < weights.rows; p++) {
    const row = { data: rowOf(weights, p), rows: 1, columns: weights.columns }
    const point = pointsOf(model, row, fidelity[p])
    model.posterior.imagine(point, model.posterior.at(point).means)
  }
  return { model, situation, known, fantasies: antithetic(params.fantasies, weights.rows, rng) }
}

/**
 * Means at projected points under one fantasy. With K = L Lᵀ of known and imagined runs, noisy outcomes drawn jointly from the posterior
 * are L times standard normal numbers in the imagined rows, so each mean shifts by Σ_p z_p (L⁻¹ k)_p.
 */
export function meansUnder(
  { known, fantasies }: Outlook,
  { means, solved }: GpProjection,
  fantasy: number,
): Float64Array {
  const shifted = means.slice()
  const count = means.length
  fantasies[fantasy].forEach((z, p) => {
    if (z === 0) return
    const at = (known + p) * count
    for (let k = 0; k < count; k++) shifted[k] += z * solved[at + k]
  })
  return shifted
}

/** What is known, at the target, of the mixtures that were run or are being run there; of all mixtures where none was. */
export function baselineAtTarget({ model, situation }: Outlook): GpProjection {
  const { runs, target } = model
  const { pending } = situation
  const atTarget = rowsAt(runs, target)
  const rows = atTarget.length > 0 ? atTarget : [...runs.fidelity.keys()]
  const waiting = [...pending.fidelity.keys()].filter((i) => pending.fidelity[i] === target)
  const weights = rowMatrixFrom([
    ...rows.map((i) => rowOf(runs.weights, i)),
    ...waiting.map((i) => rowOf(pending.weights, i)),
  ])
  return model.posterior.at(pointsOf(model, weights, target))
}

/** Each draw with its mirror image, so that their mean is 0. */
function antithetic(count: number, length: number, rng: Rng): Float64Array[] {
  const draws: Float64Array[] = []
  while (draws.length < count) {
    const draw = Float64Array.from({ length }, () => rng.normal())
    draws.push(
      draw,
      draw.map((z) => -z),
    )
  }
  return draws.slice(0, count)
}
