import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import {
  fitGp,
  type GpObservations,
  GpPosterior,
  icm,
  LogPosterior,
  MATERN_5_2,
  single,
  specifyGp,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'
import { observed, randomMixture, randomObservations } from './support.js'

const one = specifyGp({ kernel: MATERN_5_2, fidelityKernel: single(), coordinates: 3 })
const two = specifyGp({ kernel: MATERN_5_2, fidelityKernel: icm(2), coordinates: 3 })

describe('the fit of a Gaussian process', () => {
  test('ends where no small change of a hyper-parameter is better', () => {
    const observations = randomObservations(30, 3, 2, 1)
    const { values, logPosterior } = fitGp(two, observations, { rng: createRng(1) })
    const target = new LogPosterior(two, observations)
    expect(target.evaluate(values)).toBeCloseTo(logPosterior, 8)
    two.parameters.forEach(({ lower, upper, name }, i) => {
      for (const share of [-0.02, 0.02]) {
        const other = values.slice()
        other[i] = Math.min(upper, Math.max(lower, values[i] * (1 + share)))
        expect(target.evaluate(other), name).toBeLessThanOrEqual(logPosterior + 1e-6)
      }
    })
  })

  test('is the same again with the same seed, and from its own end', () => {
    const observations = randomObservations(20, 3, 1, 2)
    const first = fitGp(one, observations, { rng: createRng(7) })
    expect(fitGp(one, observations, { rng: createRng(7) })).toEqual(first)
    const warm = fitGp(one, observations, { rng: createRng(8), warmStart: first.values })
    expect(warm.logPosterior).toBeCloseTo(first.logPosterior, 6)
    expect(warm.evaluations).toBeLessThan(first.evaluations / 4)
  })

  test('from several starts is no worse than from one', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const observations = randomObservations(15, 3, 2, seed)
      const densityFrom = (drawnStarts: number) =>
        fitGp(two, observations, { rng: createRng(seed), drawnStarts }).logPosterior
      expect(densityFrom(4)).toBeGreaterThanOrEqual(densityFrom(0) - 1e-6)
    }
  })

  test('finds the correlation and the noise that made the scores', () => {
    const rng = createRng(3, 'truth')
    const truth = Float64Array.of(0, 0.02, 0.02, 0.8, 0.5, 0.5, 0.5)
    const rows = Array.from({ length: 60 }, () => randomMixture(3, rng))
    const fidelity = rows.flatMap(() => [0, 1])
    const drawn = drawScores(
      truth,
      rows.flatMap((row) => [row, row]),
      fidelity,
      5,
    )
    const { values } = fitGp(two, drawn, { rng: createRng(1) })
    expect(values[3]).toBeGreaterThan(0.6)
    expect(values[3]).toBeLessThan(0.95)
    for (const noise of [values[1], values[2]]) {
      expect(noise).toBeGreaterThan(0.02 / 3)
      expect(noise).toBeLessThan(0.02 * 3)
    }
  })

  test.each([
    ['one run', observed([[0.2, 0.3, 0.5]], [0], [0])],
    ['scores that are all equal', observed(mixtures(6), [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1])],
    ['two fidelities with one run each', observed(mixtures(2), [0, 1], [0.5, -0.5])],
    [
      'the same mixture again and again',
      observed(Array(5).fill([1, 0, 0]), [0, 0, 0, 0, 0], [1, 2, 1, 0, 1]),
    ],
  ])('has an answer for %s', (_name, observations) => {
    const { values, logPosterior } = fitGp(two, observations, { rng: createRng(1) })
    expect(Number.isFinite(logPosterior)).toBe(true)
    const { means, deviations } = new GpPosterior(two, values, observations).at(observations)
    expect([...means, ...deviations].every(Number.isFinite)).toBe(true)
  })

  test('is refused without observations, and with a score that is no number', () => {
    const none = observed([], [], [])
    expect(() => fitGp(one, none, { rng: createRng(1) })).toThrow(RangeError)
    const broken = observed(mixtures(3), [0, 0, 0], [1, Number.NaN, 2])
    expect(() => fitGp(one, broken, { rng: createRng(1) })).toThrow(RangeError)
  })
})

function mixtures(count: number): number[][] {
  const rng = createRng(9, 'mixtures')
  return Array.from({ length: count }, () => randomMixture(3, rng))
}

/** Scores drawn one after the other, each given those before it. */
function drawScores(
  values: Float64Array,
  rows: number[][],
  fidelity: number[],
  seed: number,
): GpObservations {
  const rng = createRng(seed, 'scores')
  const first = observed([rows[0]], [fidelity[0]], [rng.normal()])
  const posterior = new GpPosterior(two, values, first)
  const scores = [first.values[0]]
  for (let i = 1; i < rows.length; i++) {
    const point = observed([rows[i]], [fidelity[i]], [0])
    const { means, deviations } = posterior.at(point)
    const noise = values[1 + fidelity[i]]
    scores.push(means[0] + Math.sqrt(deviations[0] ** 2 + noise) * rng.normal())
    posterior.imagine(point, [scores[i]])
  }
  return observed(rows, fidelity, scores)
}
