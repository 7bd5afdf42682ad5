import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Box } from '../../../src/optimizers/minimisation/box.js'

const number = fc.double({ min: -5, max: 5, noNaN: true })
const change = fc
  .double({ min: 0.01, max: 5, noNaN: true })
  .chain((size) => fc.constantFrom(size, 0, -size))
const bound = fc.oneof(number, fc.constant(Number.POSITIVE_INFINITY))
/** Variables with bounds, a point within them, a direction. */
const variables = fc.array(
  fc
    .record({ below: bound, above: bound, at: number, by: change })
    .map(({ below, above, at, by }) => ({
      lower: at - Math.abs(below),
      upper: at + Math.abs(above),
      at,
      by,
    })),
  { minLength: 1, maxLength: 6 },
)
const isInside = (box: Box, x: Float64Array, slack = 0) =>
  x.every((value, j) => value >= box.lower[j] - slack && value <= box.upper[j] + slack)

function situation(spec: { lower: number; upper: number; at: number; by: number }[]) {
  const column = (key: 'lower' | 'upper' | 'at' | 'by') => Float64Array.from(spec, (v) => v[key])
  const box = new Box({ lower: column('lower'), upper: column('upper') })
  return { box, x: column('at'), direction: column('by') }
}

describe('Box', () => {
  test('the longest step stays inside, and one a little longer does not', () => {
    fc.assert(
      fc.property(variables, (spec) => {
        const { box, x, direction } = situation(spec)
        const reached = (step: number) => x.map((value, j) => value + step * direction[j])
        const longest = box.longestStep(x, direction, 100)
        expect(longest).toBeGreaterThanOrEqual(0)
        expect(isInside(box, reached(longest), 1e-12)).toBe(true)
        if (longest < 100) expect(isInside(box, reached(longest + 1e-6))).toBe(false)
      }),
    )
  })

  test('clipping gives the nearest point inside and says whether it moved', () => {
    fc.assert(
      fc.property(variables, (spec) => {
        const { box, x, direction } = situation(spec)
        const target = x.map((value, j) => value + direction[j])
        const clipped = target.slice()
        expect(box.clip(clipped)).toBe(!isInside(box, target))
        expect(isInside(box, clipped)).toBe(true)
        clipped.forEach((value, j) => {
          if (target[j] >= box.lower[j] && target[j] <= box.upper[j]) expect(value).toBe(target[j])
          else expect([box.lower[j], box.upper[j]]).toContain(value)
        })
      }),
    )
  })

  test('the projected gradient is the way to the projection of x − g', () => {
    fc.assert(
      fc.property(variables, (spec) => {
        const { box, x, direction } = situation(spec)
        const target = x.map((value, j) => value - direction[j])
        box.clip(target)
        const norm = Math.max(...target.map((value, j) => Math.abs(value - x[j])))
        expect(box.projectedGradientNorm(x, direction)).toBeCloseTo(norm, 12)
      }),
    )
  })

  test('knows whether it has bounds', () => {
    const kinds = [
      [
        [-1, -1],
        [1, 1],
      ],
      [
        [-1, -Infinity],
        [1, 1],
      ],
      [
        [-Infinity, -Infinity],
        [Infinity, Infinity],
      ],
    ].map(([lower, upper]) => new Box({ lower, upper }))
    expect(kinds.map(({ isBounded }) => isBounded)).toEqual([true, false, false])
    expect(kinds.map(({ isEverything }) => isEverything)).toEqual([false, false, true])
  })
})
