import type { Space } from '../../mixture/types.js'
import {
  ar1,
  type GpRecipe,
  type GpSpecification,
  gamma,
  ILR,
  type InputMap,
  icm,
  linearTruncated,
  MATERN_5_2,
  minMax,
  RAW,
  RBF,
  SQRT,
  single,
  specifyGp,
} from '../../surrogates/gaussian-process/index.js'
import type { Model, ModelOptions } from './model.js'
import type { AdmireParams } from './params.js'

/** The coordinates that the parameters name. */
export function inputMap(space: Space, { inputs, replicate }: AdmireParams): InputMap {
  if (replicate || inputs === 'raw') return RAW
  if (inputs === 'sqrt') return SQRT
  return inputs === 'ilr' ? ILR : minMax(space.lower, space.upper)
}

/** @param map of the coordinates */
export function specificationOf(
  fidelities: number,
  map: InputMap,
  { space, params, costs }: ModelOptions,
): GpSpecification {
  const coordinates = map.coordinates(space.names.length)
  if (params.replicate) return publishedSpecification(costs, coordinates)
  const several = params.fidelityKernel === 'icm' ? icm : ar1
  return specifyGp({
    kernel: params.kernel === 'rbf' ? RBF : MATERN_5_2,
    fidelityKernel: fidelities > 1 ? several(fidelities) : single(),
    coordinates,
    meanByFidelity: fidelities > 1,
  })
}

/** Of ADMIRE's program (arXiv 2508.11551, as released): one noise for all fidelities, the parameter ratio as coordinate. */
function publishedSpecification(costs: readonly number[], coordinates: number): GpSpecification {
  return specifyGp({
    kernel: MATERN_5_2,
    fidelityKernel: {
      ...linearTruncated(publishedCoordinates(costs)),
      lengthScalePriors: [
        { ...gamma(3, 6), start: Math.LN2 },
        { ...gamma(6, 2), start: Math.LN2 },
      ],
    },
    coordinates,
    noiseByFidelity: false,
    noisePrior: { ...gamma(1.1, 0.05), start: 2 },
  })
}

function publishedCoordinates(costs: readonly number[]): number[] {
  const target = costs[costs.length - 1] || 1
  return costs.map((cost) => Math.min(1, cost / target))
}

/** What is stored of a model beside its numbers. */
export function recipeOf(
  { specification, map }: Model,
  space: Space,
  { replicate }: AdmireParams,
  costs: readonly number[],
): GpRecipe {
  const { kernel, fidelityKernel, meanByFidelity, noiseByFidelity } = specification
  const isBounded = map.name === 'min-max'
  return {
    kernel: kernel.name,
    inputs: map.name,
    lower: isBounded ? [...space.lower] : [],
    upper: isBounded ? [...space.upper] : [],
    fidelityKernel: fidelityKernel.name,
    fidelities: fidelityKernel.fidelities,
    coordinates: replicate ? publishedCoordinates(costs) : [],
    meanByFidelity,
    noiseByFidelity,
  }
}
