import { describe, expect, test } from 'vitest'
import {
  minimiseBounded,
  minimiseFromStarts,
  type SmoothObjective,
} from '../../../src/optimizers/minimisation/index.js'

/** Two hollows, near −1 and near 1, of which the left one is deeper. */
const hollows: SmoothObjective = ([x], gradient) => {
  gradient[0] = 4 * x * (x * x - 1) + 0.3
  return (x * x - 1) ** 2 + 0.3 * x
}
const bounds = { lower: [-3], upper: [3] }

describe('minimiseFromStarts', () => {
  test('keeps the deepest end and tells of all', () => {
    const starts = [[2], [-2], [1.1], [-0.5]]
    const found = minimiseFromStarts(hollows, starts, bounds)
    const ends = starts.map((start) => minimiseBounded(hollows, start, bounds))
    expect(found.ends).toEqual(ends)
    expect(found.value).toBe(Math.min(...ends.map(({ value }) => value)))
    expect(found.x[0]).toBeLessThan(-1)
    expect(found.ends.some(({ x }) => x[0] > 0.9)).toBe(true)
    expect(found.evaluations).toBe(ends.reduce((sum, end) => sum + end.evaluations, 0))
    expect(minimiseFromStarts(hollows, starts, bounds)).toEqual(found)
  })

  test('of equal ends keeps the first', () => {
    const even: SmoothObjective = ([x], gradient) => {
      gradient[0] = 4 * x * (x * x - 1)
      return (x * x - 1) ** 2
    }
    expect(minimiseFromStarts(even, [[1], [-1]], bounds).x[0]).toBe(1)
    expect(minimiseFromStarts(even, [[-1], [1]], bounds).x[0]).toBe(-1)
  })

  test('passes over starts at which the objective is not finite', () => {
    const right: SmoothObjective = (x, gradient) => {
      const value = hollows(x, gradient)
      return x[0] < 0 ? Number.NEGATIVE_INFINITY : value
    }
    const found = minimiseFromStarts(right, [[-2], [1.1]], bounds)
    expect(found.x[0]).toBeGreaterThan(0.9)
    expect(found.ends.map(({ reason }) => reason === 'not-finite')).toEqual([true, false])
    expect(() => minimiseFromStarts(right, [[-2], [-1]], bounds)).toThrow(/none of the 2 starts/)
    expect(() => minimiseFromStarts(right, [], bounds)).toThrow(RangeError)
  })
})
