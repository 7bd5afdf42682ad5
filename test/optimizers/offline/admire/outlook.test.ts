import { describe, expect, test } from 'vitest'
import {
  conditionOn,
  type Model,
  pointsOf,
} from '../../../../src/optimizers/offline/admire/model.js'
import {
  baselineAtTarget,
  imaginePending,
  meansUnder,
} from '../../../../src/optimizers/offline/admire/outlook.js'
import { createRng } from '../../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import {
  type GpPoints,
  GpPosterior,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'
import {
  bowl,
  choleskyByHand,
  drawnMixtures,
  fitted,
  paramsWith,
  problemOf,
  runTable,
  SMALL_AND_LARGE,
  tried,
  worstError,
} from './support.js'

const DOMAINS = 3
const compiled = problemOf(DOMAINS, SMALL_AND_LARGE)
const f = bowl([0.5, 0.3, 0.2])
const runs = drawnMixtures(14, DOMAINS, 1)
const completed = [
  runTable(
    'small',
    runs.slice(0, 10),
    runs.slice(0, 10).map((row) => 1 + 0.8 * f(row)),
  ),
  runTable('large', runs.slice(8), runs.slice(8).map(f)),
]
const underWay = drawnMixtures(4, DOMAINS, 2)
const active = [tried('small', underWay.slice(0, 3)), tried('large', underWay.slice(3))]
const queries = drawnMixtures(7, DOMAINS, 3)

function outlookWith(overrides: Parameters<typeof paramsWith>[0], pending = active) {
  const params = paramsWith(overrides)
  const { model, situation } = fitted({ compiled, params, completed, active: pending })
  const before = conditionOn(model, model.runs)
  return { before, outlook: imaginePending(model, situation, params, createRng(5)) }
}

function queryOf(model: Model): GpPoints {
  return pointsOf(
    model,
    rowMatrixFrom(queries),
    Int32Array.from(queries, (_, i) => i % 2),
  )
}

/** The process that was told of the scores at the points, too, by a factorisation of its own. */
function told(model: Model, { points, fidelity }: GpPoints, scores: readonly number[]) {
  const { observations, specification, hyperparameters } = model
  const n = observations.values.length
  const joined = (a: Float64Array, b: ArrayLike<number>) => Float64Array.of(...a, ...Array.from(b))
  return new GpPosterior(specification, hyperparameters, {
    points: {
      data: joined(observations.points.data, points.data),
      rows: n + scores.length,
      columns: points.columns,
    },
    fidelity: Int32Array.of(...observations.fidelity, ...fidelity),
    values: joined(observations.values, scores),
    knownNoise: joined(observations.knownNoise, new Float64Array(scores.length)),
    repeats: joined(
      observations.repeats,
      scores.map(() => 1),
    ),
  })
}

/** Noisy scores at the points that are mean + L z, with L Lᵀ their posterior covariance with its noise. */
function noisyOutcomes({ posterior }: Model, points: GpPoints, z: ArrayLike<number>): number[] {
  const known = posterior.at(points)
  const covariance = posterior.covariance(known, known)
  const count = z.length
  const factor = choleskyByHand(
    Array.from({ length: count }, (_, i) =>
      Array.from(
        { length: count },
        (__, k) =>
          covariance[i * count + k] + (i === k ? posterior.state.noise[points.fidelity[i]] : 0),
      ),
    ),
  )
  return factor.map((row, i) => known.means[i] + row.reduce((sum, l, k) => sum + l * z[k], 0))
}

const pendingPoints = (model: Model) =>
  pointsOf(model, rowMatrixFrom(underWay), Int32Array.of(0, 0, 0, 1))

describe('trials under way', () => {
  test('are imagined as a process that was told of noisy outcomes sees it', () => {
    const { before, outlook } = outlookWith({ fantasies: 6 })
    const projected = outlook.model.posterior.at(queryOf(before))
    expect(outlook.fantasies).toHaveLength(6)
    outlook.fantasies.forEach((z, k) => {
      expect(z).toHaveLength(4)
      const points = pendingPoints(before)
      const explicit = told(before, points, noisyOutcomes(before, points, z)).at(queryOf(before))
      expect(worstError(meansUnder(outlook, projected, k), explicit.means)).toBeLessThan(1e-9)
      expect(worstError(projected.deviations, explicit.deviations)).toBeLessThan(1e-9)
    })
    expect(new Set(outlook.fantasies.map(([first]) => first)).size).toBe(6)
  })

  test('leave the means what they are, over all that is imagined', () => {
    const { before, outlook } = outlookWith({ fantasies: 8 })
    const now = before.posterior.at(queryOf(before)).means
    const projected = outlook.model.posterior.at(queryOf(before))
    const each = outlook.fantasies.map((_, k) => meansUnder(outlook, projected, k))
    const average = now.map((_, i) => each.reduce((sum, means) => sum + means[i], 0) / 8)
    expect(worstError(average, now)).toBeLessThan(1e-9)
    // They are not imagined at their means: the fantasies differ.
    expect(worstError(each[0], now)).toBeGreaterThan(1e-3)
  })

  test('have the worst score so far, if the constant liar is asked for', () => {
    const { before, outlook } = outlookWith({ pending: 'constant-liar' })
    const worst = before.observations.values.reduce((a, b) => Math.min(a, b))
    const explicit = told(before, pendingPoints(before), [worst, worst, worst, worst])
    const expected = explicit.at(queryOf(before))
    const projected = outlook.model.posterior.at(queryOf(before))
    expect(outlook.fantasies).toHaveLength(1)
    expect(worstError(meansUnder(outlook, projected, 0), expected.means)).toBeLessThan(1e-9)
    expect(worstError(projected.deviations, expected.deviations)).toBeLessThan(1e-9)
  })

  test('change nothing when there are none', () => {
    const { before, outlook } = outlookWith({}, [])
    const projected = outlook.model.posterior.at(queryOf(before))
    expect(outlook.fantasies).toHaveLength(1)
    expect(meansUnder(outlook, projected, 0)).toEqual(before.posterior.at(queryOf(before)).means)
  })
})

describe('what there is to improve upon', () => {
  test('are the mixtures run and being run at the target', () => {
    const { before, outlook } = outlookWith({})
    const { points, fidelity } = baselineAtTarget(outlook)
    const expected = pointsOf(before, rowMatrixFrom([...runs.slice(8), underWay[3]]), 1)
    expect(points).toEqual(expected.points)
    expect(fidelity).toEqual(expected.fidelity)
  })

  test('are all that were run, where none was at the target', () => {
    const params = paramsWith()
    const { model, situation } = fitted({ compiled, params, completed: completed.slice(0, 1) })
    const outlook = imaginePending(model, situation, params, createRng(5))
    expect(baselineAtTarget(outlook).points).toEqual(
      pointsOf(model, rowMatrixFrom(runs.slice(0, 10)), 1).points,
    )
  })
})
