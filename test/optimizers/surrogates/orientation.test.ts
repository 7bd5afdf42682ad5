import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { orient, unorient } from '../../../src/optimizers/surrogates/orientation.js'

const direction = fc.constantFrom('minimize' as const, 'maximize' as const)
const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1 })

describe('orientation', () => {
  test('losses above 0 stay as they are, also where positive values are needed', () => {
    const losses = Float64Array.of(2.5, 3, 2.8)
    expect(orient('minimize', losses, { positive: true })).toEqual({
      sign: 1,
      shift: 0,
      values: losses,
    })
  })

  test('an accuracy is negated, and shifted so that the best run is one range above 0', () => {
    const accuracy = Float64Array.of(0.3, 0.5, 0.4)
    const plain = orient('maximize', accuracy, { positive: false })
    expect([...plain.values]).toEqual([-0.3, -0.5, -0.4])
    const shifted = orient('maximize', accuracy, { positive: true })
    // Range 0.2: best 0.5 → 0.2, worst 0.3 → 0.4.
    ;[0.4, 0.2, 0.3].forEach((value, i) => {
      expect(shifted.values[i]).toBeCloseTo(value, 14)
    })
  })

  test('log-likelihoods, maximised and below 0, are losses with the sign turned', () => {
    const { shift, values: oriented } = orient('maximize', Float64Array.of(-2, -3), {
      positive: true,
    })
    expect(shift).toBe(0)
    expect([...oriented]).toEqual([2, 3])
  })

  test('lower is better, positive where asked for, and back again', () => {
    fc.assert(
      fc.property(direction, values, fc.boolean(), (way, list, positive) => {
        const own = Float64Array.from(list)
        const oriented = orient(way, own, { positive })
        if (positive) expect(Math.min(...oriented.values)).toBeGreaterThan(0)
        else expect(oriented.shift).toBe(0)
        unorient(oriented, oriented.values).forEach((value, i) => {
          expect(value).toBeCloseTo(own[i], 9)
        })
        for (let i = 1; i < own.length; i++) {
          const better = way === 'minimize' ? own[i] < own[0] - 1e-9 : own[i] > own[0] + 1e-9
          if (better) expect(oriented.values[i]).toBeLessThan(oriented.values[0])
        }
      }),
    )
  })
})
