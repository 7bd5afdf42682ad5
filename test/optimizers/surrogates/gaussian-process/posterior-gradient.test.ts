import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import {
  ar1,
  type FidelityKernel,
  GpPosterior,
  ILR,
  type InputMap,
  icm,
  linearTruncated,
  MATERN_5_2,
  type MixtureKernel,
  mapRows,
  minMax,
  PosteriorGradient,
  RAW,
  RBF,
  SQRT,
  single,
  specifyGp,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'
import { observed, pointsAt, randomMixture, randomObservations } from './support.js'

const DOMAINS = 4
const MAPS = [RAW, SQRT, ILR, minMax([0, 0, 0.1, 0], [1, 0.5, 0.9, 1])]
const FIDELITY_KERNELS = [single(), icm(3), ar1(3), linearTruncated([0.01, 0.2, 1])]
const CASES = [MATERN_5_2, RBF].flatMap((kernel) =>
  MAPS.flatMap((map) =>
    FIDELITY_KERNELS.map(
      (fidelityKernel) =>
        [kernel.name, map.name, fidelityKernel.name, { kernel, map, fidelityKernel }] as const,
    ),
  ),
)

interface Choice {
  kernel: MixtureKernel
  map: InputMap
  fidelityKernel: FidelityKernel
}

/** A posterior of scores at random mixtures with hyper-parameters drawn near their starts. */
function posteriorOf({ kernel, map, fidelityKernel }: Choice, count = 15): GpPosterior {
  const rng = createRng(7, 'hyper-parameters')
  const coordinates = map.coordinates(DOMAINS)
  const specification = specifyGp({ kernel, fidelityKernel, coordinates, meanByFidelity: true })
  const values = specification.parameters.map(({ name, start, scale }) => {
    if (name.startsWith('length')) return 0.3 + 0.6 * rng.uniform()
    if (name.startsWith('mean')) return 0.3 * rng.normal()
    return scale === 'log' ? start * (0.8 + rng.uniform()) : start
  })
  const observations = randomObservations(count, DOMAINS, fidelityKernel.fidelities, 3)
  const points = mapRows(map, observations.points)
  return new GpPosterior(specification, Float64Array.from(values), { ...observations, points })
}

/** Means and deviations at two fidelities and their covariance, as projections give them. */
function projected(posterior: GpPosterior, map: InputMap, weights: number[], fidelity: number) {
  const target = posterior.specification.fidelityKernel.fidelities - 1
  const at = (m: number) => {
    const row = new Float64Array(map.coordinates(DOMAINS))
    map.map(weights, row)
    return posterior.at(pointsAt([Array.from(row)], [m]))
  }
  const [own, other] = [at(fidelity), at(target)]
  return {
    mean: own.means[0],
    deviation: own.deviations[0],
    targetMean: other.means[0],
    targetDeviation: other.deviations[0],
    covariance: posterior.covariance(own, other)[0],
  }
}

describe('the gradient of a posterior', () => {
  test.each(CASES)('agrees with central differences: %s, %s, %s', (_, __, ___, choice) => {
    const { map, fidelityKernel } = choice
    const posterior = posteriorOf(choice)
    const gradient = new PosteriorGradient(posterior, map)
    const rng = createRng(11, 'mixtures')
    for (let repeat = 0; repeat < 6; repeat++) {
      // No share so small that a log-ratio takes another for it.
      const weights = randomMixture(DOMAINS, rng).map((weight) => (weight + 0.01) / 1.04)
      const fidelity = rng.integer(fidelityKernel.fidelities)
      const asked = (shares: number[]) => projected(posterior, map, shares, fidelity)
      const found = gradient.jointly(Float64Array.from(weights), fidelity)
      const { own, target } = found
      const slopes = {
        mean: own.meanByWeights,
        deviation: own.deviationByWeights,
        targetMean: target.meanByWeights,
        targetDeviation: target.deviationByWeights,
        covariance: found.covarianceByWeights,
      }
      const expected = centralDifferences(asked, weights)
      for (const name of NAMES) expectClose(slopes[name], expected[name], 1e-6)
      const values = asked(weights)
      expectClose([own.mean, own.deviation], [values.mean, values.deviation], 1e-9)
      expectClose(
        [target.mean, target.deviation, found.covariance],
        [values.targetMean, values.targetDeviation, values.covariance],
        1e-9,
      )
      expect(gradient.at(Float64Array.from(weights), fidelity)).toEqual(own)
      const alone = gradient.meanAt(Float64Array.from(weights), fidelity)
      expectClose([alone.mean], [own.mean], 1e-10)
      expect(alone.meanByWeights).toEqual(own.meanByWeights)
    }
  })

  test('has the values of the published vector', () => {
    const specification = specifyGp({
      kernel: MATERN_5_2,
      fidelityKernel: linearTruncated([0.001, 0.06, 1]),
      coordinates: 3,
      noiseByFidelity: false,
    })
    const values = Float64Array.of(0.1, 0.05, 0.8, 1, 0.5, 0.5, 0.5, 1.5, 1.5, 1.5)
    const rows = [
      [0.7, 0.2, 0.1],
      [0.1, 0.8, 0.1],
      [0.2, 0.2, 0.6],
    ]
    const posterior = new GpPosterior(
      specification,
      values,
      observed(rows, [2, 1, 0], [0.3, -0.5, 0.9]),
    )
    const gradient = new PosteriorGradient(posterior, RAW)
    const { own, target, covariance } = gradient.jointly(Float64Array.of(0.3, 0.3, 0.4), 1)
    expect(own.mean).toBeCloseTo(0.593814647, 9)
    expect(own.deviation ** 2).toBeCloseTo(0.220953029, 9)
    expect(target.mean).toBeCloseTo(0.478145809, 9)
    expect(target.deviation ** 2).toBeCloseTo(0.412463363, 9)
    expect(covariance).toBeCloseTo(0.16432119, 9)
  })

  test('counts scores that are imagined before it is made', () => {
    const choice = { kernel: RBF, map: SQRT, fidelityKernel: icm(2) }
    const posterior = posteriorOf(choice)
    const weights = [0.4, 0.3, 0.2, 0.1]
    const pending = pointsAt([[0.6, 0.5, 0.4, 0.3]], [1])
    posterior.imagine(pending, [2])
    const gradient = new PosteriorGradient(posterior, SQRT)
    const values = projected(posterior, SQRT, weights, 0)
    const found = gradient.at(Float64Array.from(weights), 0)
    expectClose([found.mean, found.deviation], [values.mean, values.deviation], 1e-10)
    const expected = centralDifferences((shares) => projected(posterior, SQRT, shares, 0), weights)
    expectClose(found.meanByWeights, expected.mean, 1e-6)
    expectClose(found.deviationByWeights, expected.deviation, 1e-6)
  })

  test('is finite where a score is known and where weights are 0', () => {
    for (const map of MAPS) {
      const specification = specifyGp({
        kernel: MATERN_5_2,
        fidelityKernel: single(),
        coordinates: map.coordinates(DOMAINS),
      })
      const corner = [1, 0, 0, 0]
      const row = new Float64Array(map.coordinates(DOMAINS))
      map.map(corner, row)
      const values = Float64Array.from(specification.parameters, ({ start }) => start)
      values[1] = 1e-13
      const known = new GpPosterior(specification, values, observed([Array.from(row)], [0], [1]))
      const { mean, deviation, ...slopes } = new PosteriorGradient(known, map).at(
        Float64Array.from(corner),
        0,
      )
      expect(mean).toBeCloseTo(1, 10)
      expect(deviation).toBe(1e-6)
      expect([...slopes.deviationByWeights]).toEqual([0, 0, 0, 0])
      expect(slopes.meanByWeights.every(Number.isFinite)).toBe(true)
    }
  })
})

type Values = ReturnType<typeof projected>
const NAMES = ['mean', 'deviation', 'targetMean', 'targetDeviation', 'covariance'] as const

/** Of fourth order, (8 (f(h) − f(−h)) − (f(2h) − f(−2h)))/12h, for each weight alone. */
function centralDifferences(
  values: (weights: number[]) => Values,
  weights: number[],
): Record<(typeof NAMES)[number], number[]> {
  const step = 2e-4
  const byWeight = weights.map((_, j) => {
    const at = (by: number) => values(weights.map((w, k) => (k === j ? w + by : w)))
    const [ahead, behind, far, farBehind] = [step, -step, 2 * step, -2 * step].map(at)
    return (name: (typeof NAMES)[number]) =>
      (8 * (ahead[name] - behind[name]) - (far[name] - farBehind[name])) / (12 * step)
  })
  return Object.fromEntries(
    NAMES.map((name) => [name, byWeight.map((slope) => slope(name))]),
  ) as Record<(typeof NAMES)[number], number[]>
}

/** Relative to the largest of the entries. */
function expectClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
): void {
  expect(actual.length).toBe(expected.length)
  const scale = Math.max(1e-3, ...expected.map(Math.abs))
  expected.forEach((value, i) => {
    expect(Math.abs(actual[i] - value)).toBeLessThan(tolerance * scale)
  })
}
