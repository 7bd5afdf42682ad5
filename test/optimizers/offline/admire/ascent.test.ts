import { describe, expect, test } from 'vitest'
import type { MixtureObjective } from '../../../../src/optimizers/acquisition/index.js'
import {
  improvementObjective,
  informationObjective,
  meanObjective,
} from '../../../../src/optimizers/offline/admire/ascent.js'
import { imaginePending } from '../../../../src/optimizers/offline/admire/outlook.js'
import type { AdmireParams } from '../../../../src/optimizers/offline/admire/params.js'
import type { Fidelity } from '../../../../src/optimizers/problem.js'
import { createRng } from '../../../../src/optimizers/random.js'
import { bowl, drawnMixtures, fitted, paramsWith, problemOf, runTable, tried } from './support.js'

const DOMAINS = 4
const SCALES: Fidelity[] = [
  { name: 'small', evaluator: 'table', cost: 0.02 },
  { name: 'medium', evaluator: 'table', cost: 0.2 },
  { name: 'large', evaluator: 'table', cost: 1 },
]
const f = bowl([0.4, 0.3, 0.2, 0.1])

/** A model of 18 runs and 2 trials under way, over the last so many of the scales. */
function modelOf(overrides: Partial<AdmireParams>, count: number) {
  const params = paramsWith({ starts: 1, ...overrides })
  const fidelities = SCALES.slice(-count)
  const compiled = problemOf(DOMAINS, fidelities)
  const rng = createRng(3, 'noise')
  const completed = fidelities.map(({ name }, m) => {
    const rows = drawnMixtures(18 / count, DOMAINS, m)
    return runTable(
      name,
      rows,
      rows.map((row) => m + f(row) + (count - m) * 0.1 * row[0] + 0.05 * rng.normal()),
    )
  })
  const active = [tried('large', drawnMixtures(2, DOMAINS, 9))]
  const { model, situation } = fitted({ compiled, params, completed, active })
  return imaginePending(model, situation, params, createRng(4)).model
}

/** Largest difference from central differences, relative to the largest slope. */
function slopeError(objective: MixtureObjective, weights: Float64Array): number {
  const gradient = new Float64Array(DOMAINS)
  objective(weights, gradient)
  const ignored = new Float64Array(DOMAINS)
  const expected = weights.map((_, j) => {
    const moved = (step: number) => objective(weights.with(j, weights[j] + step), ignored)
    // Five points: the error is of the fourth order of the step.
    const h = 5e-4 * weights[j]
    return (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
  })
  const scale = expected.reduce((most, slope) => Math.max(most, Math.abs(slope)), 1)
  return (
    gradient.reduce((most, slope, j) => Math.max(most, Math.abs(slope - expected[j])), 0) / scale
  )
}

const FORMS: [string, Partial<AdmireParams>, number][] = [
  ['one fidelity, √w', {}, 1],
  ['one fidelity, w, Gaussian kernel', { inputs: 'raw', kernel: 'rbf' }, 1],
  ['one fidelity, log-ratios', { inputs: 'ilr' }, 1],
  ['two fidelities, √w', {}, 2],
  ['two fidelities, within bounds, Gaussian kernel', { inputs: 'min-max', kernel: 'rbf' }, 2],
  ['two fidelities, autoregressive', { fidelityKernel: 'ar1', inputs: 'raw' }, 2],
  ['three fidelities, √w, Gaussian kernel', { kernel: 'rbf' }, 3],
  ['three fidelities, autoregressive, log-ratios', { fidelityKernel: 'ar1', inputs: 'ilr' }, 3],
  ['three fidelities, as published', { replicate: true }, 3],
]

describe('gradients to climb by agree with central differences', () => {
  test.each(FORMS)('%s', (_, overrides, count) => {
    const model = modelOf(overrides, count)
    const best = model.posterior.at(model.observations).means.reduce((a, b) => Math.max(a, b))
    const objectives = [
      meanObjective(model),
      improvementObjective(model, best),
      ...Array.from({ length: count }, (__, m) =>
        informationObjective(model, m, Float64Array.of(best + 0.1, best + 0.4, best + 1)),
      ),
    ]
    let checked = 0
    for (const row of drawnMixtures(4, DOMAINS, 21)) {
      // No share so small that a log-ratio takes another for it.
      const weights = Float64Array.from(row, (weight) => (weight + 0.02) / 1.08)
      for (const objective of objectives) {
        if (objective(weights, new Float64Array(DOMAINS)) === Number.NEGATIVE_INFINITY) continue
        expect(slopeError(objective, weights)).toBeLessThan(1e-6)
        checked += 1
      }
    }
    expect(checked).toBeGreaterThanOrEqual(3 * objectives.length)
  })
})

test('what is climbed is the mean, the improvement and the information that it is said to be', () => {
  const model = modelOf({}, 2)
  const [row] = drawnMixtures(1, DOMAINS, 22)
  const weights = Float64Array.from(row)
  const value = (objective: MixtureObjective) => objective(weights, new Float64Array(DOMAINS))
  const at = (m: number) =>
    model.posterior.at({
      points: { data: weights.map(Math.sqrt), rows: 1, columns: DOMAINS },
      fidelity: Int32Array.of(m),
    })
  const [own, target] = [at(0), at(1)]
  const [mean, sd] = [target.means[0], target.deviations[0]]
  expect(value(meanObjective(model))).toBeCloseTo(mean, 10)
  // E[max(N(mean, sd²) − best, 0)] by the trapezoidal rule.
  const best = mean + 0.5 * sd
  let improvement = 0
  for (let z = 0.5; z < 9; z += 1e-4) {
    improvement += (sd * (z - 0.5) * Math.exp(-0.5 * z * z) * 1e-4) / Math.sqrt(2 * Math.PI)
  }
  expect(value(improvementObjective(model, best))).toBeCloseTo(Math.log(improvement), 6)
  // A normal distribution cut off at γ = 0.5 has the variance 1 − R (γ + R), R = φ/Φ.
  const ratio = 0.3520653267642995 / 0.6914624612740131
  const noise = model.posterior.state.noise[0]
  const rho =
    model.posterior.covariance(own, target)[0] /
    (Math.hypot(own.deviations[0], Math.sqrt(noise)) * sd)
  const information = -0.5 * Math.log(1 - rho * rho * ratio * (0.5 + ratio))
  expect(value(informationObjective(model, 0, Float64Array.of(best)))).toBeCloseTo(
    Math.log(information),
    9,
  )
})

test('there is nothing to climb by where the best score is out of reach', () => {
  const model = modelOf({}, 2)
  const gradient = new Float64Array(DOMAINS).fill(1)
  const objective = informationObjective(model, 0, Float64Array.of(1e3))
  expect(objective(Float64Array.of(0.25, 0.25, 0.25, 0.25), gradient)).toBe(
    Number.NEGATIVE_INFINITY,
  )
  expect(gradient).toEqual(new Float64Array(DOMAINS))
})
