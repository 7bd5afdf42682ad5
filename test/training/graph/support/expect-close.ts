import { expect } from 'vitest'

/** |actual − expected| ≤ tolerance · (1 + |expected|), element by element. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  where = '',
): void {
  expect(actual.length, where).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / (1 + Math.abs(expected[i]))
    if (!(error <= tolerance)) {
      expect.fail(`${where}, element ${i}: ${actual[i]} instead of ${expected[i]}`)
    }
  }
}
