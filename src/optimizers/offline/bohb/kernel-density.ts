import { LogSum } from '../../acquisition/log-sum.js'
import { normalCdf, normalQuantile } from '../../normal-distribution.js'
import type { Rng } from '../../random.js'
import { type RowMatrix, rowOf } from '../../row-matrix.js'

/** A mean of Gaussian kernels around points, with a bandwidth for each coordinate. */
export interface KernelDensity {
  /** (n × d), n ≥ 1. */
  readonly points: RowMatrix
  /** d standard deviations. */
  readonly bandwidths: Float64Array
}

/**
 * Bandwidths by the rule of thumb for normal data, 1.06 σⱼ n^(−1/(4 + d)), as BOHB takes them (`normal_reference` of statsmodels).
 * @param points (n × d), n ≥ 1
 * @param minBandwidth lower bound of every bandwidth, above 0
 */
export function fitKernelDensity(points: RowMatrix, minBandwidth: number): KernelDensity {
  const { rows, columns } = points
  const factor = 1.06 * rows ** (-1 / (4 + columns))
  const bandwidths = Float64Array.from({ length: columns }, (_, j) =>
    Math.max(minBandwidth, factor * deviation(points, j)),
  )
  return { points, bandwidths }
}

/** ln of the density at d coordinates; it does not underflow. */
export function logDensity(
  { points, bandwidths }: KernelDensity,
  coordinates: ArrayLike<number>,
): number {
  const sum = new LogSum()
  for (let i = 0; i < points.rows; i++) {
    const point = rowOf(points, i)
    let squares = 0
    for (let j = 0; j < point.length; j++) {
      squares += ((coordinates[j] - point[j]) / bandwidths[j]) ** 2
    }
    sum.add(-squares / 2)
  }
  const volume = bandwidths.reduce((total, width) => total + Math.log(width), 0)
  return (
    sum.value - Math.log(points.rows) - volume - (bandwidths.length / 2) * Math.log(2 * Math.PI)
  )
}

/** Smallest and largest value of each of d coordinates. */
export interface CoordinateRange {
  readonly lower: ArrayLike<number>
  readonly upper: ArrayLike<number>
}

/** Draws d coordinates from the density with all bandwidths multiplied by `widening` and every kernel truncated to the range. */
export function drawFromDensity(
  { points, bandwidths }: KernelDensity,
  widening: number,
  { lower, upper }: CoordinateRange,
  rng: Rng,
): Float64Array {
  const point = rowOf(points, rng.integer(points.rows))
  return point.map((value, j) => {
    const width = widening * bandwidths[j]
    const below = normalCdf((lower[j] - value) / width)
    const above = normalCdf((upper[j] - value) / width)
    return value + width * normalQuantile(below + (above - below) * rng.uniformOpen())
  })
}

export function rangeOf({ rows, columns, data }: RowMatrix): CoordinateRange {
  const lower = new Float64Array(columns).fill(Number.POSITIVE_INFINITY)
  const upper = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY)
  for (let i = 0; i < rows * columns; i++) {
    const j = i % columns
    lower[j] = Math.min(lower[j], data[i])
    upper[j] = Math.max(upper[j], data[i])
  }
  return { lower, upper }
}

function deviation(points: RowMatrix, j: number): number {
  let mean = 0
  for (let i = 0; i < points.rows; i++) mean += rowOf(points, i)[j] / points.rows
  let squares = 0
  for (let i = 0; i < points.rows; i++) squares += (rowOf(points, i)[j] - mean) ** 2
  return Math.sqrt(squares / points.rows)
}
