import { MixtureSet, SAME_MIXTURE } from '../../mixture/index.js'
import { type RowMatrix, rowOf, selectRows } from '../../row-matrix.js'
import type { ActiveTable } from '../../types.js'

/** Candidates with their places in the table that was given. */
export type Left = ReadonlyMap<string, { rows: RowMatrix; places: number[] }>

/** Those that were not tried in vain. */
export function placesLeft(
  candidates: ReadonlyMap<string, RowMatrix>,
  avoid: readonly ActiveTable[],
): Left {
  return new Map(
    [...candidates].map(([name, all]) => {
      const known = new MixtureSet(SAME_MIXTURE)
      for (const { fidelity, normalised } of avoid) {
        if (fidelity !== name) continue
        for (let i = 0; i < normalised.rows; i++) known.add(rowOf(normalised, i))
      }
      const places = [...Array(all.rows).keys()].filter((k) => !known.has(rowOf(all, k)))
      return [name, { rows: selectRows(all, places), places }]
    }),
  )
}

export const rowsLeft = (left: Left) => new Map([...left].map(([name, { rows }]) => [name, rows]))

export function withoutPlace(left: Left, fidelity: string, row: number): Left {
  const own = left.get(fidelity)
  if (!own) return left
  const kept = [...own.places.keys()].filter((k) => k !== row)
  return new Map(left).set(fidelity, {
    rows: selectRows(own.rows, kept),
    places: kept.map((k) => own.places[k]),
  })
}
