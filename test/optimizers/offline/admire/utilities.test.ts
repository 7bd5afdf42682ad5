import { describe, expect, test } from 'vitest'
import { sampleMaxima } from '../../../../src/optimizers/acquisition/index.js'
import {
  conditionOn,
  type Model,
  noiseAt,
  pointsOf,
} from '../../../../src/optimizers/offline/admire/model.js'
import {
  baselineAtTarget,
  imaginePending,
  meansUnder,
  type Outlook,
} from '../../../../src/optimizers/offline/admire/outlook.js'
import type { AdmireParams } from '../../../../src/optimizers/offline/admire/params.js'
import { type Choices, logUtilities } from '../../../../src/optimizers/offline/admire/utilities.js'
import { createRng } from '../../../../src/optimizers/random.js'
import { type RowMatrix, rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import { GpPosterior } from '../../../../src/optimizers/surrogates/gaussian-process/index.js'
import type { ActiveTable } from '../../../../src/optimizers/types.js'
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
const f = bowl([0.5, 0.3, 0.2])
const runs = drawnMixtures(12, DOMAINS, 1)
const noise = createRng(2, 'noise')
const losses = runs.map((row) => f(row) + 0.05 * noise.normal())
const MIXTURES = rowMatrixFrom(drawnMixtures(6, DOMAINS, 4))

/** At one fidelity, or with all runs but the last four at a smaller one. */
function outlookOf(count: 1 | 2, overrides: Partial<AdmireParams>, active: ActiveTable[] = []) {
  const params = paramsWith(overrides)
  const compiled = problemOf(DOMAINS, SMALL_AND_LARGE.slice(-count))
  const completed =
    count === 1
      ? [runTable('large', runs, losses)]
      : [
          runTable('small', runs.slice(0, 8), losses.slice(0, 8)),
          runTable('large', runs.slice(8), losses.slice(8)),
        ]
  const { model, situation } = fitted({ compiled, params, completed, active })
  const before = conditionOn(model, model.runs)
  const outlook = imaginePending(model, situation, params, createRng(5))
  return { params, before, outlook }
}

const choicesAt = (weights: RowMatrix, fidelity: number): Choices => ({
  weights,
  fidelity: new Int32Array(weights.rows).fill(fidelity),
})

const utilitiesOf = (
  { outlook, params }: { outlook: Outlook; params: AdmireParams },
  choices: Choices,
  mixtures = MIXTURES,
  seed = 7,
) => logUtilities(outlook, choices, mixtures, params, createRng(seed))

/** Joint draws of the scores at points, without noise. */
function* jointDraws(posterior: GpPosterior, points: ReturnType<typeof pointsOf>, count: number) {
  const known = posterior.at(points)
  const covariance = posterior.covariance(known, known)
  const n = known.means.length
  const factor = choleskyByHand(
    Array.from({ length: n }, (_, i) =>
      Array.from({ length: n }, (__, k) => covariance[i * n + k] + (i === k ? 1e-10 : 0)),
    ),
  )
  const rng = createRng(11, 'draws')
  for (let s = 0; s < count; s++) {
    const z = Float64Array.from({ length: n }, () => rng.normal())
    yield factor.map((row, i) => known.means[i] + row.reduce((sum, l, k) => sum + l * z[k], 0))
  }
}

const maximum = (values: ArrayLike<number>) =>
  Array.from(values).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)

describe('the expected improvement', () => {
  test('is the mean of sampled improvements upon the best mean', () => {
    const setting = outlookOf(1, { acquisition: 'log-ei' })
    const { posterior } = setting.before
    const best = maximum(posterior.at(pointsOf(setting.before, rowMatrixFrom(runs), 0)).means)
    const known = posterior.at(pointsOf(setting.before, MIXTURES, 0))
    const utilities = utilitiesOf(setting, choicesAt(MIXTURES, 0))
    const rng = createRng(3, 'improvement')
    const count = 100_000
    known.means.forEach((mean, k) => {
      const draws = Float64Array.from({ length: count }, () =>
        Math.max(0, mean + known.deviations[k] * rng.normal() - best),
      )
      const average = draws.reduce((a, b) => a + b) / count
      const error = Math.sqrt(draws.reduce((a, b) => a + (b - average) ** 2, 0)) / count
      expect(Math.abs(Math.exp(utilities[k]) - average)).toBeLessThan(5 * error + 1e-12)
    })
  })

  test('is averaged over the outcomes imagined of the trials under way', () => {
    const active = [tried('large', drawnMixtures(2, DOMAINS, 6))]
    const setting = outlookOf(1, { acquisition: 'log-ei', fantasies: 5 }, active)
    const { outlook } = setting
    const atTarget = outlook.model.posterior.at(pointsOf(outlook.model, MIXTURES, 0))
    const baseline = baselineAtTarget(outlook)
    expect(baseline.means).toHaveLength(14)
    const expected = new Float64Array(MIXTURES.rows)
    outlook.fantasies.forEach((_, k) => {
      const best = maximum(meansUnder(outlook, baseline, k))
      meansUnder(outlook, atTarget, k).forEach((mean, i) => {
        expected[i] += improvement(mean, atTarget.deviations[i], best) / 5
      })
    })
    const found = utilitiesOf(setting, choicesAt(MIXTURES, 0)).map(Math.exp)
    found.forEach((value, i) => {
      expect(Math.abs(value / expected[i] - 1)).toBeLessThan(1e-4)
    })
  })
})

/** E[max(N(mean, sd²) − best, 0)] by the trapezoidal rule. */
function improvement(mean: number, sd: number, best: number): number {
  const from = (best - mean) / sd
  const step = 1e-3
  let sum = 0
  for (let z = from + step; z < from + 12; z += step) {
    sum += sd * (z - from) * Math.exp(-0.5 * z * z) * step
  }
  return sum / Math.sqrt(2 * Math.PI)
}

describe('the noisy expected improvement', () => {
  test('is the mean improvement upon the best of what was run, drawn together', () => {
    const setting = outlookOf(1, { acquisition: 'log-noisy-ei' })
    const { before } = setting
    // Of a handful of mixtures, those that promise something.
    const candidates = rowMatrixFrom([...drawnMixtures(3, DOMAINS, 8), [0.5, 0.3, 0.2]])
    const points = pointsOf(before, rowMatrixFrom([...runs, [0.5, 0.3, 0.2]]), 0)
    let gained = 0
    const count = 20_000
    for (const scores of jointDraws(before.posterior, points, count)) {
      gained += Math.max(0, scores[12] - maximum(scores.slice(0, 12)))
    }
    // It looks at 64 draws of what was run: over many streams their errors cancel.
    const streams = 60
    let found = 0
    for (let seed = 0; seed < streams; seed++) {
      found += Math.exp(utilitiesOf(setting, choicesAt(candidates, 0), candidates, seed)[3])
    }
    expect(Math.abs(found / streams / (gained / count) - 1)).toBeLessThan(0.05)
  })

  test('of a mixture that was run is as good as none, unlike the plain one', () => {
    const best = runs.toSorted((a, b) => f(a) - f(b))[0]
    const choice = choicesAt(rowMatrixFrom([best]), 0)
    const [plain] = utilitiesOf(outlookOf(1, { acquisition: 'log-ei' }), choice)
    const [noisy] = utilitiesOf(outlookOf(1, { acquisition: 'log-noisy-ei' }), choice)
    expect(noisy).toBeLessThan(plain - Math.log(10))
  })
})

/** Nats that a noisy score gives about f ≤ y*, from the entropy integrals themselves. */
function textbookInformation(model: Model, weights: RowMatrix, fidelity: number, y: number) {
  const { posterior } = model
  const own = posterior.at(pointsOf(model, weights, fidelity))
  const target = posterior.at(pointsOf(model, weights, model.target))
  const observed = Math.hypot(own.deviations[0], Math.sqrt(noiseAt(model, fidelity)))
  const rho = posterior.covariance(own, target)[0] / (observed * target.deviations[0])
  const gamma = (y - target.means[0]) / target.deviations[0]
  // Density of z = (score − mean)/sd given f ≤ y*: φ(z) Φ((γ − ρz)/√(1 − ρ²))/Φ(γ), with Φ by the same sums.
  const step = 2e-3
  const grid = Array.from({ length: 10_001 }, (_, i) => -10 + i * step)
  const phi = (z: number) => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)
  const cumulative: number[] = []
  let sum = 0
  grid.forEach((z, i) => {
    if (i > 0) sum += (step * (phi(grid[i - 1]) + 4 * phi(z - step / 2) + phi(z))) / 6
    cumulative.push(sum)
  })
  const Phi = (u: number) => {
    const at = Math.min(10_000, Math.max(0, (u + 10) / step))
    const below = Math.min(9999, Math.floor(at))
    return cumulative[below] + (at - below) * (cumulative[below + 1] - cumulative[below])
  }
  let entropy = 0
  for (const z of grid) {
    const density = (phi(z) * Phi((gamma - rho * z) / Math.sqrt(1 - rho * rho))) / Phi(gamma)
    if (density > 0) entropy -= step * density * Math.log(density)
  }
  return 0.5 * Math.log(2 * Math.PI * Math.E) - entropy
}

describe('the information about the best score', () => {
  test('is what the entropies say, at every fidelity', () => {
    const setting = outlookOf(2, { maxima: 3, overhead: 0 })
    const { before, outlook } = setting
    const weights = rowMatrixFrom([[0.4, 0.35, 0.25]])
    const sought = before.posterior.at(pointsOf(before, MIXTURES, 1))
    const atRun = before.posterior.at(pointsOf(before, rowMatrixFrom(runs.slice(8)), 1))
    const atLeast = maximum(atRun.means) + 1e-6
    const stream = createRng(7).fork('maxima').fork('fantasy', 0)
    const samples = sampleMaxima(sought.means, sought.deviations, 3, stream, { atLeast })
    for (const fidelity of [0, 1]) {
      const [utility] = utilitiesOf(setting, choicesAt(weights, fidelity))
      const each = Array.from(samples, (y) => textbookInformation(before, weights, fidelity, y))
      const expected = each.reduce((a, b) => a + b) / 3
      const cost = outlook.situation.costs[fidelity]
      expect(Math.abs((Math.exp(utility) * cost) / expected - 1)).toBeLessThan(1e-4)
    }
  })

  test('counts per cost of a run and its overhead', () => {
    const plain = outlookOf(2, { overhead: 0 })
    const choices = choicesAt(MIXTURES, 0)
    const dearer = { ...plain.outlook.situation, costs: [0.3, 1] }
    const before = utilitiesOf(plain, choices)
    const after = utilitiesOf(
      { ...plain, outlook: { ...plain.outlook, situation: dearer } },
      choices,
    )
    expect(
      worstError(
        after,
        before.map((utility) => utility - Math.log(3)),
      ),
    ).toBeLessThan(1e-9)
    const params = { ...plain.params, overhead: 0.25 }
    const slower = utilitiesOf({ ...plain, params }, choices)
    expect(
      worstError(
        slower,
        before.map((utility) => utility - Math.log(3.5)),
      ),
    ).toBeLessThan(1e-9)
  })
})

describe('the knowledge gradient', () => {
  test.each([0, 1])('is how much the best mean rises on average, at fidelity %d', (fidelity) => {
    const setting = outlookOf(2, { acquisition: 'knowledge-gradient', overhead: 0 })
    const { before, outlook } = setting
    const weights = rowMatrixFrom([[0.45, 0.3, 0.25]])
    const [utility] = utilitiesOf(setting, choicesAt(weights, fidelity))
    const point = pointsOf(before, weights, fidelity)
    const known = before.posterior.at(point)
    const sd = Math.hypot(known.deviations[0], Math.sqrt(noiseAt(before, fidelity)))
    const everywhere = pointsOf(
      before,
      rowMatrixFrom([
        ...Array.from({ length: 6 }, (_, i) => MIXTURES.data.slice(3 * i, 3 * i + 3)),
        [0.45, 0.3, 0.25],
      ]),
      1,
    )
    // Means are linear in the score: two processes that were told of one give all of them.
    const meansAfter = (score: number) => {
      const { observations, specification, hyperparameters } = before
      const { data, columns, rows } = observations.points
      return new GpPosterior(specification, hyperparameters, {
        points: { data: Float64Array.of(...data, ...point.points.data), columns, rows: rows + 1 },
        fidelity: Int32Array.of(...observations.fidelity, fidelity),
        values: Float64Array.of(...observations.values, score),
        knownNoise: Float64Array.of(...observations.knownNoise, 0),
        repeats: Float64Array.of(...observations.repeats, 1),
      }).at(everywhere).means
    }
    const expected = meansAfter(known.means[0])
    const slopes = meansAfter(known.means[0] + sd).map((mean, i) => mean - expected[i])
    let rise = 0
    const step = 1e-3
    for (let z = -9; z < 9; z += step) {
      const best = maximum(expected.map((mean, i) => mean + slopes[i] * z))
      rise += ((best - maximum(expected)) * Math.exp(-0.5 * z * z) * step) / Math.sqrt(2 * Math.PI)
    }
    const cost = outlook.situation.costs[fidelity]
    expect(Math.abs((Math.exp(utility) * cost) / rise - 1)).toBeLessThan(1e-3)
  })
})

describe('a trial under way', () => {
  const place = [[0.54, 0.26, 0.2]]
  const active = [tried('large', place)]
  const choice = choicesAt(rowMatrixFrom(place), 0)
  const cases = (
    ['log-ei', 'log-noisy-ei', 'max-value-entropy', 'knowledge-gradient'] as const
  ).flatMap((acquisition) => [
    { acquisition, pending: 'fantasies' as const },
    { acquisition, pending: 'constant-liar' as const },
  ])

  test.each(cases)('leaves less to gain there: $acquisition, $pending', (overrides) => {
    const [alone] = utilitiesOf(outlookOf(1, overrides), choice)
    const [besides] = utilitiesOf(outlookOf(1, overrides, active), choice)
    expect(besides).toBeLessThan(alone)
  })
})
