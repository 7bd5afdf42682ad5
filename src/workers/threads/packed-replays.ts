import type { Replay, ReplayStep } from '../../optimizers/backtest/index.js'

/** A replay with its steps in arrays: objects of a million steps would hold up the thread that passes them on. */
export interface PackedReplay extends Omit<Replay, 'steps'> {
  /** Of the steps, those that occur. */
  fidelityNames: string[]
  /** Place among the names, row, and pick (−1 for none), of each step. */
  places: Int32Array
  costs: Float64Array
}

const FIELDS = 3
const NO_PICK = -1

export function packReplay({ steps, ...rest }: Replay): PackedReplay {
  const fidelityNames = [...new Set(steps.map(({ fidelity }) => fidelity))]
  const places = new Int32Array(FIELDS * steps.length)
  steps.forEach(({ fidelity, row, pick }, i) => {
    places.set([fidelityNames.indexOf(fidelity), row, pick ?? NO_PICK], FIELDS * i)
  })
  return { ...rest, fidelityNames, places, costs: Float64Array.from(steps, ({ cost }) => cost) }
}

export function unpackReplay({ fidelityNames, places, costs, ...rest }: PackedReplay): Replay {
  const steps = Array.from(costs, (cost, i): ReplayStep => {
    const [fidelity, row, pick] = places.subarray(FIELDS * i, FIELDS * (i + 1))
    return { fidelity: fidelityNames[fidelity], row, cost, pick: pick === NO_PICK ? null : pick }
  })
  return { ...rest, steps }
}
