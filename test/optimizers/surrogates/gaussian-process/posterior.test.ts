import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import {
  type GpObservations,
  type GpPoints,
  GpPosterior,
  icm,
  MATERN_5_2,
  specifyGp,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'
import { pointsAt, randomMixture, randomObservations } from './support.js'

const specification = specifyGp({
  kernel: MATERN_5_2,
  fidelityKernel: icm(2),
  coordinates: 3,
  meanByFidelity: true,
})
// Means, noises, correlation, length-scales.
const values = Float64Array.of(0.2, -0.7, 0.03, 0.01, 0.6, 0.4, 0.9, 0.5)

/** The same by Gauss–Jordan elimination on the covariance matrix of everything. */
function conditioned(observations: GpObservations, query: GpPoints) {
  const rows = [...rowsOf(observations), ...rowsOf(query)]
  const n = observations.points.rows
  const covariance = (i: number, k: number) => {
    const [a, b] = [rows[i], rows[k]]
    const r = Math.hypot(...a.row.map((x, j) => (x - b.row[j]) / values[5 + j]))
    const kappa = (1 + Math.sqrt(5) * r + (5 / 3) * r * r) * Math.exp(-Math.sqrt(5) * r)
    return (a.m === b.m ? 1 : values[4]) * kappa
  }
  const joint = rows.map((_, i) => rows.map((_, k) => covariance(i, k)))
  for (let i = 0; i < n; i++) {
    const noise = values[2 + observations.fidelity[i]] + observations.knownNoise[i]
    joint[i][i] += noise / observations.repeats[i]
  }
  const residuals = rows.map((_, i) => (i < n ? observations.values[i] - values[rows[i].m] : 0))
  for (let p = 0; p < n; p++)
    for (let i = p + 1; i < rows.length; i++) {
      const factor = joint[i][p] / joint[p][p]
      for (let k = p; k < rows.length; k++) joint[i][k] -= factor * joint[p][k]
      residuals[i] -= factor * residuals[p]
    }
  return {
    means: residuals.slice(n).map((residual, k) => values[rows[n + k].m] - residual),
    covariance: joint.slice(n).map((row) => row.slice(n)),
  }
}

function rowsOf({ points, fidelity }: GpPoints) {
  return Array.from({ length: points.rows }, (_, i) => ({
    row: Array.from(points.data.subarray(3 * i, 3 * i + 3)),
    m: fidelity[i],
  }))
}

describe('the posterior of a Gaussian process', () => {
  test('is what elimination makes of the joint covariance', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 12 }), (seed, count) => {
        const rng = createRng(seed, 'query')
        const observations = randomObservations(count, 3, 2, seed)
        const query = pointsAt(
          Array.from({ length: 4 }, () => randomMixture(3, rng)),
          [0, 1, 1, 0],
        )
        const known = new GpPosterior(specification, values, observations).at(query)
        const expected = conditioned(observations, query)
        expectClose(known.means, expected.means)
        const variances = expected.covariance.map((row, i) => row[i])
        expectClose(
          known.deviations.map((sd) => sd * sd),
          variances,
        )
      }),
      { numRuns: 40 },
    )
  })

  test('has covariances that agree however they are asked for', () => {
    const posterior = new GpPosterior(specification, values, randomObservations(9, 3, 2, 4))
    const rng = createRng(5, 'query')
    const rows = Array.from({ length: 3 }, () => randomMixture(3, rng))
    const one = posterior.at(pointsAt(rows, [0, 0, 1]))
    const other = posterior.at(pointsAt(rows, [1, 1, 1]))
    const all = posterior.covariance(one, other)
    const paired = posterior.pairedCovariance(one, other)
    expectClose(paired, [all[0], all[4], all[8]])
    const own = posterior.covariance(one, one)
    expectClose(
      [own[0], own[4], own[8]],
      Array.from(one.deviations, (sd) => sd * sd),
    )
    const expected = conditioned(
      randomObservations(9, 3, 2, 4),
      pointsAt([...rows, ...rows], [0, 0, 1, 1, 1, 1]),
    )
    expectClose(
      Array.from(all),
      expected.covariance.slice(0, 3).flatMap((row) => row.slice(3)),
    )
  })

  test('with imagined scores is that of a process which was given them, until they are forgotten', () => {
    const all = randomObservations(10, 3, 2, 8)
    const plain = {
      ...all,
      knownNoise: new Float64Array(10),
      repeats: new Float64Array(10).fill(1),
    }
    const first = (count: number, from = 0): GpObservations => ({
      points: {
        data: plain.points.data.slice(3 * from, 3 * count),
        rows: count - from,
        columns: 3,
      },
      fidelity: plain.fidelity.slice(from, count),
      values: plain.values.slice(from, count),
      knownNoise: plain.knownNoise.slice(from, count),
      repeats: plain.repeats.slice(from, count),
    })
    const query = pointsAt([[0.3, 0.3, 0.4]], [1])
    const posterior = new GpPosterior(specification, values, first(6))
    const before = posterior.at(query)
    posterior.imagine(first(10, 6), first(10, 6).values)
    expect(posterior.size).toBe(10)
    const grown = posterior.at(query)
    const whole = new GpPosterior(specification, values, plain).at(query)
    expectClose(grown.means, Array.from(whole.means))
    expectClose(grown.deviations, Array.from(whole.deviations))
    expect(grown.deviations[0]).toBeLessThan(before.deviations[0])
    posterior.forget(6)
    expect(posterior.at(query)).toEqual(before)
  })
})

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length)
  expected.forEach((value, i) => {
    expect(Math.abs(actual[i] - value)).toBeLessThan(1e-9 * Math.max(1, Math.abs(value)))
  })
}
