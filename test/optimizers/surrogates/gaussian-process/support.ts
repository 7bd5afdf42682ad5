import { sampleUniformSimplex } from '../../../../src/optimizers/mixture/index.js'
import { createRng, type Rng } from '../../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import type {
  GpObservations,
  GpPoints,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'

export function pointsAt(rows: number[][], fidelity: number[]): GpPoints {
  return { points: rowMatrixFrom(rows), fidelity: Int32Array.from(fidelity) }
}

export function observed(rows: number[][], fidelity: number[], values: number[]): GpObservations {
  return {
    ...pointsAt(rows, fidelity),
    values: Float64Array.from(values),
    knownNoise: new Float64Array(values.length),
    repeats: new Float64Array(values.length).fill(1),
  }
}

export function randomMixture(domains: number, rng: Rng): number[] {
  return Array.from(sampleUniformSimplex(rng, new Float64Array(domains)))
}

/** Scores that mixtures and fidelities have something to do with. */
export function randomObservations(
  count: number,
  domains: number,
  fidelities: number,
  seed: number,
): GpObservations {
  const rng = createRng(seed, 'observations')
  const rows = Array.from({ length: count }, () => randomMixture(domains, rng))
  const fidelity = rows.map(() => rng.integer(fidelities))
  const values = rows.map((row, i) => {
    const signal = row.reduce((sum, weight, j) => sum + weight * Math.sin(3 * j + 2 * weight), 0)
    return signal * (1 + 0.3 * fidelity[i]) + 0.05 * rng.normal()
  })
  return {
    ...observed(rows, fidelity, values),
    knownNoise: Float64Array.from(rows, () => 0.01 * rng.uniform()),
    repeats: Float64Array.from(rows, () => 1 + rng.integer(3)),
  }
}
