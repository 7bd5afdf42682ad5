import { describe, expect, test } from 'vitest'
import { temperedPrior } from '../../../src/optimizers/mixture/index.js'

describe('temperedPrior', () => {
  test('powers, normalised', () => {
    expect([...temperedPrior([0.64, 0.36], 0.5)]).toEqual([
      expect.closeTo(0.8 / 1.4, 15),
      expect.closeTo(0.6 / 1.4, 15),
    ])
    expect([...temperedPrior([3, 1], 1)]).toEqual([expect.closeTo(0.75, 15), 0.25])
  })

  test('exponent 0 is uniform over what has any weight; zeros stay 0', () => {
    expect([...temperedPrior([5, 0, 1e-300], 0)]).toEqual([0.5, 0, 0.5])
    expect([...temperedPrior([1, 0], 0.5)]).toEqual([1, 0])
  })

  test('extreme sizes and exponents neither overflow nor underflow', () => {
    expect([...temperedPrior([1e308, 1e308, 1e-308], 1)]).toEqual([0.5, 0.5, 0])
    expect([...temperedPrior([2, 1], 1e4)]).toEqual([1, 0])
    expect([...temperedPrior([1e-308, 1e-308], 100)]).toEqual([0.5, 0.5])
  })

  test('refuses what is no prior', () => {
    expect(() => temperedPrior([0, 0], 0.5)).toThrow(RangeError)
    expect(() => temperedPrior([1, -1], 0.5)).toThrow(RangeError)
    expect(() => temperedPrior([1, 1], Number.NaN)).toThrow(RangeError)
  })
})
