import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import { restoreGaussianProcess } from '../../../../src/optimizers/surrogates/gaussian-process/fitted.js'
import {
  ar1,
  type FidelityKernel,
  FittedGaussianProcess,
  GpPosterior,
  type GpRecipe,
  ILR,
  type InputMap,
  icm,
  linearTruncated,
  MATERN_5_2,
  mapRows,
  minMax,
  RAW,
  RBF,
  SQRT,
  single,
  specifyGp,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'
import type { FittedJson } from '../../../../src/optimizers/surrogates/types.js'
import { randomMixture, randomObservations } from './support.js'

const DOMAINS = 4
const LOWER = [0, 0, 0.1, 0]
const UPPER = [1, 0.5, 0.9, 1]
const MEAN = -2.5
const DEVIATION = 0.2

const MAPS: Record<GpRecipe['inputs'], InputMap> = {
  raw: RAW,
  sqrt: SQRT,
  ilr: ILR,
  'min-max': minMax(LOWER, UPPER),
}

function kernelOf(name: GpRecipe['fidelityKernel']): FidelityKernel {
  if (name === 'single') return single()
  if (name === 'icm') return icm(3)
  return name === 'ar1' ? ar1(3) : linearTruncated([0.01, 0.2, 1])
}

/** One of each recipe, with the posterior that it stands for. */
function fittedOf(
  kernel: GpRecipe['kernel'],
  inputs: GpRecipe['inputs'],
  fidelity: GpRecipe['fidelityKernel'],
) {
  const fidelityKernel = kernelOf(fidelity)
  const map = MAPS[inputs]
  const isPublished = fidelity === 'linear-truncated'
  const specification = specifyGp({
    kernel: kernel === 'rbf' ? RBF : MATERN_5_2,
    fidelityKernel,
    coordinates: map.coordinates(DOMAINS),
    meanByFidelity: !isPublished,
    noiseByFidelity: !isPublished,
  })
  const rng = createRng(7, 'hyper-parameters')
  const hyperparameters = Float64Array.from(specification.parameters, ({ name, start, scale }) => {
    if (name.startsWith('length')) return 0.4 + 0.6 * rng.uniform()
    if (name.startsWith('mean')) return 0.3 * rng.normal()
    return scale === 'log' ? start * (0.8 + rng.uniform()) : start
  })
  const drawn = randomObservations(20, DOMAINS, fidelityKernel.fidelities, 3)
  const observations = { ...drawn, points: mapRows(map, drawn.points) }
  const fitted = new FittedGaussianProcess({
    recipe: {
      kernel,
      inputs,
      lower: inputs === 'min-max' ? LOWER : [],
      upper: inputs === 'min-max' ? UPPER : [],
      fidelityKernel: fidelity,
      fidelities: fidelityKernel.fidelities,
      coordinates: isPublished ? [0.01, 0.2, 1] : [],
      meanByFidelity: !isPublished,
      noiseByFidelity: !isPublished,
    },
    hyperparameters,
    observations,
    mean: MEAN,
    deviation: DEVIATION,
    details: { runs: { small: 12, large: 8 } },
  })
  return { fitted, posterior: new GpPosterior(specification, hyperparameters, observations), map }
}

const rng = createRng(5, 'queries')
const queries = rowMatrixFrom(Array.from({ length: 6 }, () => randomMixture(DOMAINS, rng)))
const RECIPES = (['single', 'icm', 'ar1', 'linear-truncated'] as const).flatMap((fidelity) =>
  (['raw', 'sqrt', 'ilr', 'min-max'] as const).map(
    (inputs, i) => [i % 2 === 0 ? 'rbf' : 'matern-5/2', inputs, fidelity] as const,
  ),
)

describe.each(RECIPES)('a fitted process: %s, %s, %s', (kernel, inputs, fidelity) => {
  const { fitted, posterior, map } = fittedOf(kernel, inputs, fidelity)
  const target = kernelOf(fidelity).fidelities - 1

  test('predicts one run at the target, in the unit of the metric, lower is better', () => {
    const { mean, sd } = fitted.predict(queries)
    const points = mapRows(map, queries)
    const known = posterior.at({ points, fidelity: new Int32Array(6).fill(target) })
    const noise = posterior.state.noise[target]
    expect(fitted.residualSd).toBeCloseTo(DEVIATION * Math.sqrt(noise), 12)
    mean.forEach((value, i) => {
      expect(value).toBeCloseTo(-(MEAN + DEVIATION * known.means[i]), 12)
      expect(sd[i]).toBeCloseTo(DEVIATION * Math.sqrt(known.deviations[i] ** 2 + noise), 12)
    })
    expect(fitted.predictMean(queries)).toEqual(mean)
  })

  test('is the same after a way through JSON', () => {
    const restored = restoreGaussianProcess(JSON.parse(JSON.stringify(fitted)) as FittedJson)
    expect(restored.predict(queries)).toEqual(fitted.predict(queries))
    expect(restored.draws(queries)).toEqual(fitted.draws(queries))
    expect(restored.details).toEqual({ runs: { small: 12, large: 8 } })
    expect(JSON.stringify(restored)).toBe(JSON.stringify(fitted))
  })
})

test('draws vary together as the posterior says, and are always the same', () => {
  const { fitted, posterior } = fittedOf('matern-5/2', 'sqrt', 'icm')
  const draws = fitted.draws(queries)
  expect(fitted.draws(queries)).toEqual(draws)
  const points = mapRows(SQRT, queries)
  const known = posterior.at({ points, fidelity: new Int32Array(6).fill(2) })
  const covariance = posterior.covariance(known, known)
  const means = fitted.predictMean(queries)
  const count = draws.length
  for (let i = 0; i < 6; i++)
    for (let k = 0; k <= i; k++) {
      const products = draws.map((draw) => (draw[i] - means[i]) * (draw[k] - means[k]))
      const found = products.reduce((a, b) => a + b) / count
      const scale = DEVIATION ** 2 * Math.sqrt(covariance[7 * i] * covariance[7 * k])
      // A standard error of such a mean is at most √(2/200) = 0.1 of the scale.
      expect(Math.abs(found - DEVIATION ** 2 * covariance[6 * i + k])).toBeLessThan(0.4 * scale)
    }
  const centre = draws.reduce((sum, draw) => sum + draw[0], 0) / count
  expect(Math.abs(centre - means[0])).toBeLessThan(0.3 * DEVIATION * known.deviations[0])
})

test('draws of one mixture twice are the same score', () => {
  const { fitted } = fittedOf('rbf', 'sqrt', 'single')
  const twice = rowMatrixFrom([queries.data.slice(0, 4), queries.data.slice(0, 4)])
  const { sd } = fitted.predict(twice)
  for (const [one, other] of fitted.draws(twice)) {
    expect(Math.abs(one - other)).toBeLessThan(1e-3 * sd[0])
  }
})

test('one stored in another layout is refused', () => {
  const { fitted } = fittedOf('rbf', 'sqrt', 'single')
  const json = { ...fitted.toJSON(), version: 2 }
  expect(() => restoreGaussianProcess(json)).toThrow('layout version 2, this program reads 1')
})
