import { createRowMatrix, type RowMatrix } from '../../row-matrix.js'

/** The law f(p) = e^logC + e^{t·p} for mixtures p that sum to 1. */
export interface LogLinearLaw {
  readonly logC: number
  /** m exponents, one a domain, in the study's order. */
  readonly t: Float64Array
}

/**
 * The coordinates the law is fitted in: z = b + Σ θ_j (p_j − centre_j) / scale_j.
 *
 * Exponents of rare domains are hundreds of times those of common ones (−406 beside 1 on RegMix's
 * tables), so in the exponents themselves L-BFGS needs some seven times as many steps. Because Σp =
 * 1, b is one parameter more than the law has; the search never moves along that flat direction.
 */
export interface LawCoordinates {
  /** (n × (m + 1)): a column of ones, then the centred and scaled weights. */
  readonly design: RowMatrix
  readonly centre: Float64Array
  readonly scale: Float64Array
}

/** @param points (n × m) rows that sum to 1 */
export function lawCoordinates(points: RowMatrix): LawCoordinates {
  const { rows, columns } = points
  const centre = new Float64Array(columns)
  const scale = new Float64Array(columns)
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) centre[j] += points.data[i * columns + j] / rows
    for (let i = 0; i < rows; i++) scale[j] += (points.data[i * columns + j] - centre[j]) ** 2
    scale[j] = Math.sqrt(scale[j] / rows)
    // A weight that never varies (but for rounding) tells nothing; its exponent is set by `toLaw`.
    if (scale[j] <= 1e-9) scale[j] = 0
  }
  const design = createRowMatrix(rows, columns + 1)
  for (let i = 0; i < rows; i++) {
    design.data[i * (columns + 1)] = 1
    for (let j = 0; j < columns; j++) {
      const offset = points.data[i * columns + j] - centre[j]
      design.data[i * (columns + 1) + j + 1] = scale[j] > 0 ? offset / scale[j] : 0
    }
  }
  return { design, centre, scale }
}

/**
 * The law at fitted parameters (logC, b, θ). A domain whose weight never varied gets the exponent
 * of the mean mixture, so that the law is neutral about it.
 */
export function toLaw({ centre, scale }: LawCoordinates, parameters: Float64Array): LogLinearLaw {
  const atCentre = parameters[1]
  let constant = atCentre
  let fixedShare = 0
  for (let j = 0; j < centre.length; j++) {
    if (scale[j] > 0) constant -= (parameters[j + 2] * centre[j]) / scale[j]
    else fixedShare += centre[j]
  }
  // t_j = base + θ_j / scale_j where the weight varied; t·centre = atCentre fixes the base.
  const base = (constant - fixedShare * atCentre) / (1 - fixedShare)
  const t = Float64Array.from(centre, (_, j) =>
    scale[j] > 0 ? base + parameters[j + 2] / scale[j] : atCentre,
  )
  return { logC: parameters[0], t }
}

/**
 * Parameters (logC, b, θ) of a start given by logC, the level of t·p and θ, with p = 0 in every
 * domain as origin.
 */
export function fromOrigin(
  { centre, scale }: LawCoordinates,
  logC: number,
  level: number,
  slopes: Float64Array,
): Float64Array {
  const parameters = new Float64Array(centre.length + 2)
  parameters[0] = logC
  parameters[1] = level
  for (let j = 0; j < centre.length; j++) {
    if (scale[j] === 0) continue
    parameters[j + 2] = slopes[j]
    parameters[1] += (slopes[j] * centre[j]) / scale[j]
  }
  return parameters
}
