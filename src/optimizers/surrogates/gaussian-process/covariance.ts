import type { RowMatrix } from '../../row-matrix.js'
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

/** Points (n × d), each coordinate divided by the length-scale of a term. */
export function scaledPoints(
  { data, rows, columns }: RowMatrix,
  lengthScales: Float64Array,
  term: number,
): Float64Array {
  const inverse = Float64Array.from(
    lengthScales.subarray(term * columns, (term + 1) * columns),
    (length) => 1 / length,
  )
  const scaled = new Float64Array(rows * columns)
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < columns; j++, at++) scaled[at] = data[at] * inverse[j]
  return scaled
}

/** r² of row i of one and row k of the other, both (· × d). */
export function squaredDistance(
  a: Float64Array,
  i: number,
  b: Float64Array,
  k: number,
  columns: number,
): number {
  let sum = 0
  for (let j = 0, p = i * columns, q = k * columns; j < columns; j++, p++, q++) {
    const step = a[p] - b[q]
    sum += step * step
  }
  return sum
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
  { kernel, fidelityKernel }: GpSpecification,
  { b, lengthScales }: GpState,
  one: GpPoints,
  other: GpPoints,
): Float64Array {
  const { fidelities, terms } = fidelityKernel
  const { columns } = one.points
  const out = new Float64Array(one.points.rows * other.points.rows)
  for (let q = 0; q < terms; q++) {
    const left = scaledPoints(one.points, lengthScales, q)
    const right = one.points === other.points ? left : scaledPoints(other.points, lengthScales, q)
    for (let i = 0, at = 0; i < one.points.rows; i++) {
      const row = (q * fidelities + one.fidelity[i]) * fidelities
      for (let k = 0; k < other.points.rows; k++, at++) {
        const share = b[row + other.fidelity[k]]
        if (share === 0) continue
        out[at] += share * kernel.value(squaredDistance(left, i, right, k, columns))
      }
    }
  }
  return out
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
