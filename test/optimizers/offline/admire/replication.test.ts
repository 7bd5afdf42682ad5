import { describe, expect, test } from 'vitest'
import { type Model, noiseAt, pointsOf } from '../../../../src/optimizers/offline/admire/model.js'
import { imaginePending } from '../../../../src/optimizers/offline/admire/outlook.js'
import { pick } from '../../../../src/optimizers/offline/admire/pick.js'
import {
  asPublished,
  pickAsPublished,
  publishedMaxima,
  publishedUtilities,
} from '../../../../src/optimizers/offline/admire/replication.js'
import type { Situation } from '../../../../src/optimizers/offline/admire/situation.js'
import { suggest } from '../../../../src/optimizers/offline/admire/suggest.js'
import { fitGuarded } from '../../../../src/optimizers/offline/admire/surrogate.js'
import { logUtilities } from '../../../../src/optimizers/offline/admire/utilities.js'
import type { Fidelity } from '../../../../src/optimizers/problem.js'
import { createRng } from '../../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import { Search } from './searching.js'
import { bowl, drawnMixtures, fitted, paramsWith, problemOf, runTable } from './support.js'

const DOMAINS = 3
/** Costs as the parameter counts of the published runs. */
const SCALES: Fidelity[] = [
  { name: '1M', evaluator: 'table', cost: 0.001 },
  { name: '60M', evaluator: 'table', cost: 0.06 },
  { name: '1B', evaluator: 'table', cost: 1 },
]
const params = asPublished(paramsWith({ replicate: true }))
const loss = bowl([0.5, 0.3, 0.2], 1)
const rows = drawnMixtures(18, DOMAINS, 3)
const noise = createRng(3, 'noise')
const losses = rows.map((row) => loss(row) + 0.1 * noise.normal())
const part = (name: string, from: number, end: number) =>
  runTable(name, rows.slice(from, end), losses.slice(from, end))
const several = fitted({
  compiled: problemOf(DOMAINS, SCALES),
  params,
  completed: [part('1M', 0, 9), part('60M', 9, 14), part('1B', 14, 18)],
})
const one = fitted({
  compiled: problemOf(DOMAINS, SCALES.slice(2)),
  params,
  completed: [part('1B', 0, 18)],
})
const CHOICES = rowMatrixFrom(drawnMixtures(6, DOMAINS, 4))

describe('the published form', () => {
  test('has the kernel, the priors and the starting values of the published program', () => {
    const { specification } = several.model
    expect(specification.kernel.name).toBe('matern-5/2')
    expect(specification.fidelityKernel.name).toBe('linear-truncated')
    // 2d + 4.
    expect(specification.parameters).toHaveLength(2 * DOMAINS + 4)
    const start = (name: string) => specification.parameters.find((one) => one.name === name)?.start
    expect(start('mean')).toBe(0)
    expect(start('noise')).toBe(2)
    for (const name of ['output scale', 'power', 'length-scale 0 0', 'length-scale 1 2']) {
      expect(start(name)).toBeCloseTo(Math.LN2, 12)
    }
    // Gamma(a, b): (a − 1) ln x − b x + a ln b − ln Γ(a); Γ(2) = 1, Γ(3) = 2, Γ(6) = 120, Γ(1.1) = 0.9513507698668732.
    const density = (name: string, x: number) =>
      specification.parameters.find((other) => other.name === name)?.prior?.logDensity(x)
    const gammaAt = (a: number, b: number, norm: number, x: number) =>
      (a - 1) * Math.log(x) - b * x + a * Math.log(b) - Math.log(norm)
    expect(density('output scale', 3)).toBeCloseTo(gammaAt(2, 0.15, 1, 3), 10)
    expect(density('power', 3)).toBeCloseTo(gammaAt(3, 3, 2, 3), 10)
    expect(density('length-scale 0 1', 0.4)).toBeCloseTo(gammaAt(3, 6, 2, 0.4), 10)
    expect(density('length-scale 1 1', 0.4)).toBeCloseTo(gammaAt(6, 2, 120, 0.4), 10)
    expect(density('noise', 0.2)).toBeCloseTo(gammaAt(1.1, 0.05, 0.9513507698668732, 0.2), 10)
    expect(density('mean', 1)).toBeUndefined()
    expect(specification.parameters.find(({ name }) => name === 'noise')?.lower).toBe(1e-4)
  })

  test('sees weights and scores as they are, at the shares of the cost', () => {
    const { observations } = several.model
    expect(Array.from(observations.values)).toEqual(losses.map((value) => -value))
    expect(Array.from(observations.points.data)).toEqual(rows.flat())
    // b = (1 − s)(1 − s')(1 + s s')^p of 1M and 60M, from the two terms of the kernel.
    const { b, values } = several.model.posterior.state
    const [scale, power] = [values[2], values[3]]
    const bias = (1 - 0.001) * (1 - 0.06) * (1 + 0.001 * 0.06) ** power
    expect(b[1]).toBeCloseTo(scale, 12)
    expect(b[9 + 1]).toBeCloseTo(scale * bias, 12)
    expect(b[9 + 2]).toBe(0)
  })

  test('has no guard', () => {
    const { judgements, situation } = fitGuarded(several.situation, params, createRng(1))
    expect(judgements).toEqual([])
    expect(situation).toBe(several.situation)
  })

  test('begins with one run of the lowest fidelity at random, and then asks the model', () => {
    const compiled = problemOf(DOMAINS, SCALES)
    const first = [1, 2, 3].map((seed) => {
      const search = new Search(compiled, paramsWith({ replicate: true, candidates: 100 }), seed)
      const [trial] = search.ask(1)
      search.add(trial, loss(trial.row))
      const [next] = suggest({
        compiled,
        params: paramsWith({ replicate: true, candidates: 100 }),
        completed: [runTable('1M', [trial.row], [loss(trial.row)])],
        active: [],
        fidelities: SCALES.map(({ name }) => name),
        count: 1,
        rng: createRng(seed, 'suggest'),
      })
      expect(next.reason).toContain('Gaussian process over 1 run')
      return trial
    })
    expect(first.map(({ fidelity }) => fidelity)).toEqual(['1M', '1M', '1M'])
    expect(new Set(first.map(({ row }) => row.join())).size).toBe(3)
  })

  test('does not stop', () => {
    const compiled = problemOf(2, SCALES.slice(2))
    const search = new Search(
      compiled,
      paramsWith({ replicate: true, candidates: 100, refinements: 1 }),
    )
    expect(search.run(40, bowl([0.37, 0.63]))).toBe('steps')
  })
})

/** E[max(N(mean, sd²) − best, 0)] by the trapezoidal rule. */
function improvement(mean: number, sd: number, best: number): number {
  let sum = 0
  for (let z = (best - mean) / sd; z < 12; z += 1e-3) {
    sum += (mean + sd * z - best) * Math.exp(-0.5 * z * z) * 1e-3
  }
  return sum / Math.sqrt(2 * Math.PI)
}

const utilitiesOf = ({ model, situation }: Fit, fidelity: number, seed = 1) =>
  publishedUtilities(
    model,
    situation,
    { weights: CHOICES, fidelity: new Int32Array(CHOICES.rows).fill(fidelity) },
    createRng(seed),
  )

interface Fit {
  model: Model
  situation: Situation
}

describe('its acquisition', () => {
  test('is, of one fidelity, the expected improvement upon the best score observed', () => {
    const best = -Math.min(...losses)
    const known = one.model.posterior.at(pointsOf(one.model, CHOICES, 0))
    utilitiesOf(one, 0).forEach((utility, k) => {
      const expected = improvement(known.means[k], known.deviations[k], best)
      expect(Math.abs(Math.exp(utility) / expected - 1)).toBeLessThan(2e-3)
    })
  })

  test.each([
    ['1M', 0, 0.01],
    ['60M', 1, 0.06],
    ['1B', 2, 1],
  ])(
    'is, of several, the information per cost, which is at least 0.01: %s',
    (_, fidelity, cost) => {
      const { model } = several
      const [y] = publishedMaxima(model, createRng(1))
      const own = model.posterior.at(pointsOf(model, CHOICES, fidelity))
      const target = model.posterior.at(pointsOf(model, CHOICES, 2))
      const covariance = model.posterior.pairedCovariance(own, target)
      utilitiesOf(several, fidelity).forEach((utility, k) => {
        const observed = Math.hypot(own.deviations[k], Math.sqrt(noiseAt(model, fidelity)))
        const rho = covariance[k] / (observed * target.deviations[k])
        const gamma = (y - target.means[k]) / target.deviations[k]
        // The GIBBON bound is close below the exact information.
        const ratio = Math.exp(-0.5 * gamma * gamma) / Math.sqrt(2 * Math.PI) / normalCdf(gamma)
        const bound = -0.5 * Math.log1p(-rho * rho * ratio * (gamma + ratio))
        const information = Math.exp(utility) * cost
        expect(information).toBeGreaterThanOrEqual(bound * (1 - 1e-9))
        expect(information).toBeLessThan(2 * bound)
      })
    },
  )

  test('looks at one sample of the best score, among the mixtures that were run', () => {
    const { model } = several
    const samples = Array.from({ length: 400 }, (_, seed) =>
      publishedMaxima(model, createRng(seed)),
    )
    expect(samples.every(({ length }) => length === 1)).toBe(true)
    const sorted = samples.map(([y]) => y).sort((a, b) => a - b)
    // Its median is that of the largest of independent scores at these mixtures.
    const known = model.posterior.at(pointsOf(model, rowMatrixFrom(rows), 2))
    const below = (y: number) =>
      known.means.reduce(
        (product, mean, i) => product * normalCdf((y - mean) / known.deviations[i]),
        1,
      )
    expect(Math.abs(below(sorted[200]) - 0.5)).toBeLessThan(0.1)
  })

  test('is what suggestions go by', () => {
    const { model, situation } = several
    const outlook = imaginePending(model, situation, params, createRng(9))
    const choices = { weights: CHOICES, fidelity: Int32Array.of(0, 1, 2, 0, 1, 2) }
    expect(logUtilities(outlook, choices, CHOICES, params, createRng(1))).toEqual(
      publishedUtilities(model, situation, choices, createRng(1)),
    )
  })
})

/** Φ by Simpson's rule. */
function normalCdf(x: number): number {
  const phi = (z: number) => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)
  const steps = 2000
  const h = (x + 12) / steps
  if (h <= 0) return 0
  let sum = phi(-12) + phi(x)
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * phi(-12 + i * h)
  return (sum * h) / 3
}

describe('its pick', () => {
  test('is, of several fidelities, the candidate with the best acquisition value at the target', () => {
    const values = utilitiesOf(several, 2, 5)
    const best = values.indexOf(Math.max(...values))
    const picked = pickAsPublished(several.model, several.situation, CHOICES, createRng(5))
    expect(picked).toBe(best)
    const { means } = several.model.posterior.at(pointsOf(several.model, CHOICES, 2))
    expect(best).not.toBe(means.indexOf(Math.max(...means)))
  })

  test('is, of one, the candidate with the best mean', () => {
    const { means } = one.model.posterior.at(pointsOf(one.model, CHOICES, 0))
    const best = means.indexOf(Math.max(...means))
    const given = {
      compiled: problemOf(DOMAINS, SCALES.slice(2)),
      params: paramsWith({ replicate: true }),
      completed: [part('1B', 0, 18)],
      active: [],
      target: '1B',
      candidates: CHOICES,
      rng: createRng(1),
    }
    expect(pick(given)).toBe(best)
  })

  test('goes by the sample of the suggestion that is due', () => {
    const compiled = problemOf(DOMAINS, SCALES)
    const given = {
      compiled,
      params: paramsWith({ replicate: true }),
      completed: [part('1M', 0, 9), part('60M', 9, 14), part('1B', 14, 18)],
      active: [],
      rng: createRng(6, 'suggest'),
    }
    const picked = pick({ ...given, target: '1B', candidates: CHOICES })
    const [suggested] = suggest({
      ...given,
      count: 1,
      fidelities: ['1B'],
      candidates: new Map([['1B', CHOICES]]),
    })
    expect(suggested.row).toBe(picked)
  })
})
