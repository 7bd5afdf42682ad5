import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import {
  crossCovariance,
  unpack,
} from '../../../../src/optimizers/surrogates/gaussian-process/covariance.js'
import {
  ar1,
  type GpPoints,
  icm,
  linearTruncated,
  MATERN_5_2,
  single,
  specifyGp,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'
import { drawStart } from '../../../../src/optimizers/surrogates/gaussian-process/parameters.js'
import { pointsAt, randomMixture } from './support.js'

const DOMAINS = 3

function randomPoints(count: number, fidelities: number, seed: number): GpPoints {
  const rng = createRng(seed, 'points')
  const rows = Array.from({ length: count }, () => randomMixture(DOMAINS, rng))
  return pointsAt(
    rows,
    rows.map(() => rng.integer(fidelities)),
  )
}

describe.each([
  ['one fidelity', single()],
  ['ICM', icm(3)],
  ['AR(1), whose terms do not reach all fidelities', ar1(3)],
  ['linear truncated', linearTruncated([0.01, 0.3, 1])],
])('the covariance of two sets of points: %s', (_name, fidelityKernel) => {
  const { fidelities, terms } = fidelityKernel
  const specification = specifyGp({ kernel: MATERN_5_2, fidelityKernel, coordinates: DOMAINS })
  const rng = createRng(1, 'values')
  const values = Float64Array.from(specification.parameters, (one) => drawStart(one, rng))
  const state = unpack(specification, values)
  const one = randomPoints(9, fidelities, 1)

  test('is the sum of its terms, pair by pair', () => {
    const other = randomPoints(6, fidelities, 2)
    const all = crossCovariance(specification, state, one, other)
    for (let i = 0; i < 9; i++)
      for (let k = 0; k < 6; k++) {
        let expected = 0
        for (let q = 0; q < terms; q++) {
          const share = state.b[(q * fidelities + one.fidelity[i]) * fidelities + other.fidelity[k]]
          let r = 0
          for (let j = 0; j < DOMAINS; j++) {
            const [x, y] = [one.points.data[i * DOMAINS + j], other.points.data[k * DOMAINS + j]]
            r = Math.hypot(r, (x - y) / state.lengthScales[q * DOMAINS + j])
          }
          const t = Math.sqrt(5) * r
          expected += share * (1 + t + (t * t) / 3) * Math.exp(-t)
        }
        expect(all[i * 6 + k]).toBeCloseTo(expected, 13)
      }
  })

  test('of a set with itself is that with a copy of it, and symmetric', () => {
    const itself = crossCovariance(specification, state, one, one)
    const copy = { points: { ...one.points }, fidelity: one.fidelity.slice() }
    expect(itself).toEqual(crossCovariance(specification, state, one, copy))
    for (let i = 0; i < 9; i++)
      for (let k = 0; k < i; k++) expect(itself[i * 9 + k]).toBe(itself[k * 9 + i])
  })
})
