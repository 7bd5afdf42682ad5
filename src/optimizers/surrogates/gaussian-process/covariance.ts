import type { RowMatrix } from '../../row-matrix.js'
import { scaledPoints, squaredDistance, squaredDistances } from './distances.js'
import type { GpObservations } from './observations.js'
import type { GpSpecification } from './specification.js'

/** The hyper-parameters of a Gaussian process, unpacked. */
export interface GpState {
  readonly values: Float64Array
  /** By fidelity, also when all share one. */
  readonly means: Float64Array
  /** By fidelity, also when all share one. */
  readonly noise: Float64Array
  /** (terms × M × M). */
  readonly b: Float64Array
  /** (terms × d). */
  readonly lengthScales: Float64Array
}

export function unpack(specification: GpSpecification, values: Float64Array): GpState {
  const { fidelityKernel, coordinates, meanByFidelity, noiseByFidelity, places } = specification
  const { fidelities, terms, parameters } = fidelityKernel
  const b = new Float64Array(terms * fidelities * fidelities)
  const own = values.subarray(places.fidelity, places.fidelity + parameters.length)
  fidelityKernel.evaluate(own, b)
  const byFidelity = (first: number, isOwn: boolean) =>
    Float64Array.from({ length: fidelities }, (_, m) => values[first + (isOwn ? m : 0)])
  return {
    values,
    means: byFidelity(places.mean, meanByFidelity),
    noise: byFidelity(places.noise, noiseByFidelity),
    b,
    lengthScales: values.subarray(places.lengthScales, places.lengthScales + terms * coordinates),
  }
}

/** Scores less the means of their fidelities. */
export function residualsOf(
  { means }: GpState,
  { values, fidelity }: Pick<GpObservations, 'values' | 'fidelity'>,
): Float64Array {
  return values.map((value, i) => value - means[fidelity[i]])
}

/** The noise variance of observation i: learned and known, less by the scores that it is the mean of. */
export function noiseOf(
  { noise }: GpState,
  { fidelity, knownNoise, repeats }: Omit<GpObservations, 'points' | 'values'>,
  i: number,
): number {
  return (noise[fidelity[i]] + knownNoise[i]) / repeats[i]
}

/** Points at fidelities: what can be asked of a Gaussian process. */
export interface GpPoints {
  /** (n × d). */
  readonly points: RowMatrix
  /** n. */
  readonly fidelity: Int32Array
}

/** Σ_q B_q[m, m'] κ_q(x, x') between all of two sets: (n × k), row-major, without noise. */
export function crossCovariance(
  specification: GpSpecification,
  state: GpState,
  one: GpPoints,
  other: GpPoints,
): Float64Array {
  const [rows, columns] = [one.points.rows, other.points.rows]
  const out = new Float64Array(rows * columns)
  const isSame = one.points === other.points && one.fidelity === other.fidelity
  for (let q = 0; q < specification.fidelityKernel.terms; q++) {
    addTerm(specification, state, q, one, other, isSame, out)
  }
  if (isSame)
    for (let i = 0; i < rows; i++)
      for (let k = 0; k < i; k++) out[k * columns + i] = out[i * columns + k]
  return out
}

/** Adds B_q[m, m'] κ_q(x, x') for one q; up to the diagonal where asked. */
function addTerm(
  { kernel, fidelityKernel: { fidelities } }: GpSpecification,
  { b, lengthScales }: GpState,
  term: number,
  one: GpPoints,
  other: GpPoints,
  lowerOnly: boolean,
  out: Float64Array,
): void {
  const { rows, columns: coordinates } = one.points
  const columns = other.points.rows
  const left = scaledPoints(one.points, lengthScales, term)
  const right = lowerOnly ? left : scaledPoints(other.points, lengthScales, term)
  const line = new Float64Array(columns)
  for (let i = 0; i < rows; i++) {
    const row = (term * fidelities + one.fidelity[i]) * fidelities
    const shares = b.subarray(row, row + fidelities)
    if (shares.every((share) => share === 0)) continue
    const count = lowerOnly ? i + 1 : columns
    squaredDistances(left, i, right, count, coordinates, line, 0)
    kernel.evaluate(line, line, undefined, 0, count)
    const begin = i * columns
    for (let k = 0; k < count; k++) out[begin + k] += shares[other.fidelity[k]] * line[k]
  }
}

/** The prior variance at each fidelity, without noise: κ(0) = 1. */
export function priorVariances(
  { fidelityKernel: { fidelities, terms } }: GpSpecification,
  { b }: GpState,
): Float64Array {
  const variances = new Float64Array(fidelities)
  for (let q = 0; q < terms; q++)
    for (let m = 0; m < fidelities; m++) variances[m] += b[(q * fidelities + m) * fidelities + m]
  return variances
}

/** The prior covariance of the k-th points of two sets of as many, without noise. */
export function pairedPrior(
  { kernel, fidelityKernel }: GpSpecification,
  { b, lengthScales }: GpState,
  one: GpPoints,
  other: GpPoints,
): Float64Array {
  const { fidelities, terms } = fidelityKernel
  const { columns, rows } = one.points
  const out = new Float64Array(rows)
  for (let q = 0; q < terms; q++) {
    const left = scaledPoints(one.points, lengthScales, q)
    const right = scaledPoints(other.points, lengthScales, q)
    for (let k = 0; k < rows; k++) {
      const share = b[(q * fidelities + one.fidelity[k]) * fidelities + other.fidelity[k]]
      out[k] += share * kernel.value(squaredDistance(left, k, right, k, columns))
    }
  }
  return out
}
