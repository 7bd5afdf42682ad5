import { expect, test } from 'vitest'
import { selectRows } from '../../../../src/optimizers/row-matrix.js'
import {
  GpPosterior,
  icm,
  leaveOneOut,
  MATERN_5_2,
  specifyGp,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'
import { randomObservations } from './support.js'

test('predictions without each observation are those of a process that never had it', () => {
  const specification = specifyGp({
    kernel: MATERN_5_2,
    fidelityKernel: icm(2),
    coordinates: 3,
    meanByFidelity: true,
  })
  const values = Float64Array.of(0.3, -0.2, 0.05, 0.2, 0.6, 0.4, 0.9, 0.5)
  const all = randomObservations(14, 3, 2, 3)
  const { means, deviations } = leaveOneOut(specification, values, all)
  for (let i = 0; i < 14; i++) {
    const rest = [...Array(14).keys()].filter((k) => k !== i)
    const pick = (of: Float64Array) => Float64Array.from(rest, (k) => of[k])
    const others = {
      points: selectRows(all.points, rest),
      fidelity: Int32Array.from(rest, (k) => all.fidelity[k]),
      values: pick(all.values),
      knownNoise: pick(all.knownNoise),
      repeats: pick(all.repeats),
    }
    const posterior = new GpPosterior(specification, values, others)
    const left = { points: selectRows(all.points, [i]), fidelity: all.fidelity.slice(i, i + 1) }
    const known = posterior.at(left)
    const noise = (values[2 + all.fidelity[i]] + all.knownNoise[i]) / all.repeats[i]
    expect(means[i]).toBeCloseTo(known.means[0], 9)
    expect(deviations[i]).toBeCloseTo(Math.sqrt(known.deviations[0] ** 2 + noise), 9)
  }
})
