import { describe, expect, test } from 'vitest'
import type { AdmireParams } from '../../../../src/optimizers/offline/admire/params.js'
import { pick } from '../../../../src/optimizers/offline/admire/pick.js'
import { assess } from '../../../../src/optimizers/offline/admire/situation.js'
import { fitGuarded } from '../../../../src/optimizers/offline/admire/surrogate.js'
import { createRng } from '../../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import type { RunTable } from '../../../../src/optimizers/types.js'
import { bowl, drawnMixtures, paramsWith, problemOf, runTable, SMALL_AND_LARGE } from './support.js'

const compiled = problemOf(3, SMALL_AND_LARGE)
const loss = bowl([0.5, 0.3, 0.2])
const rows = drawnMixtures(16, 3, 1)
const candidates = drawnMixtures(30, 3, 2)
const measured = (name: string, some: number[][]) => runTable(name, some, some.map(loss))

function picked(completed: RunTable[], overrides: Partial<AdmireParams> = {}, target = 'large') {
  return pick({
    compiled,
    params: paramsWith(overrides),
    completed,
    active: [],
    target,
    candidates: rowMatrixFrom(candidates),
    rng: createRng(1, 'suggest'),
  })
}

/** Place of a candidate among all, by its true loss; the best is 0. */
const placeOf = (k: number | undefined) =>
  k === undefined ? undefined : candidates.filter((row) => loss(row) < loss(candidates[k])).length

describe('a pick', () => {
  test('is one of the best candidates, which need not have been run', () => {
    expect(placeOf(picked([measured('large', rows)]))).toBeLessThanOrEqual(1)
    const few = measured('large', rows.slice(0, 3))
    expect(placeOf(picked([few, measured('small', rows)]))).toBeLessThanOrEqual(2)
  })

  test('is for the target, whatever fidelities the runs are at', () => {
    const only = [measured('small', rows)]
    expect(placeOf(picked(only))).toBeLessThanOrEqual(2)
    expect(placeOf(picked([measured('large', rows)], {}, 'small'))).toBeLessThanOrEqual(2)
  })

  test('is taken over from another fidelity where one is to do alone', () => {
    expect(placeOf(picked([measured('small', rows)], { form: 'bo' }))).toBeLessThanOrEqual(2)
    // Where the target has runs, those decide: here they say the opposite.
    const opposite = runTable(
      'small',
      rows,
      rows.map((row) => -loss(row)),
    )
    const both = [opposite, measured('large', rows)]
    expect(placeOf(picked(both, { form: 'bo' }))).toBeLessThanOrEqual(1)
  })

  test('is, of candidates that look the same, the one that was run', () => {
    // After a single run, nothing is better than its mixture, as far as is known.
    expect(picked([measured('large', [candidates[17]])])).toBe(17)
  })

  test('is made all the same where the guard leaves no run', () => {
    // Alternating scores: of no use, and dropped (see the guard's tests); yet one of the candidates has to be named.
    const noise = runTable(
      'small',
      drawnMixtures(40, 3, 5),
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 1 : 2) + 1e-3 * ((i * 7) % 11)),
    )
    const rng = createRng(1, 'suggest')
    const input = { compiled, params: paramsWith(), completed: [noise], active: [] }
    const situation = assess({ ...input, offered: ['small', 'large'], target: 'large' })
    expect(fitGuarded(situation, input.params, rng).model).toBeUndefined()
    expect(placeOf(picked([noise]))).toBeGreaterThanOrEqual(0)
  })

  test('is undefined before the first score', () => {
    expect(picked([])).toBeUndefined()
    expect(
      picked([
        runTable(
          'large',
          rows,
          rows.map(() => Number.NaN),
        ),
      ]),
    ).toBeUndefined()
  })
})
