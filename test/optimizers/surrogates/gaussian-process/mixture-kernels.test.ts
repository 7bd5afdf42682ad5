import { describe, expect, test } from 'vitest'
import { MATERN_5_2, RBF } from '../../../../src/optimizers/surrogates/gaussian-process/index.js'

const SQUARED = [0, 1e-12, 1e-6, 0.01, 0.3, 1, 2.5, 9, 40, 300, 2000]

describe.each([MATERN_5_2, RBF])('the kernel $name', (kernel) => {
  const squared = Float64Array.from(SQUARED)

  test('is 1 at distance 0 and falls from there', () => {
    expect(kernel.value(0)).toBe(1)
    const values = SQUARED.map(kernel.value)
    for (let i = 1; i < values.length; i++) expect(values[i]).toBeLessThan(values[i - 1])
  })

  test('has the same values one by one and many at once, with their slopes or without', () => {
    const [values, alone] = [squared.slice(), squared.slice()]
    const slopes = new Float64Array(squared.length)
    kernel.evaluate(squared, values, slopes, 0, squared.length)
    kernel.evaluate(alone, alone, undefined, 0, squared.length)
    expect([...values]).toEqual(SQUARED.map(kernel.value))
    expect(alone).toEqual(values)
  })

  test('has slopes as of central differences', () => {
    const slopes = new Float64Array(squared.length)
    kernel.evaluate(squared, new Float64Array(squared.length), slopes, 0, squared.length)
    SQUARED.forEach((at, i) => {
      if (at < 0.01) return
      const step = 1e-4 * Math.min(1, at)
      const difference = (kernel.value(at + step) - kernel.value(at - step)) / (2 * step)
      expect(Math.abs(slopes[i] - difference)).toBeLessThan(1e-6 * Math.abs(difference) + 1e-300)
    })
    // At 0 differences exist on one side only: (κ(h) − 1) / h.
    expect(slopes[0]).toBeCloseTo((kernel.value(1e-8) - 1) / 1e-8, 3)
  })

  test('writes between its ends alone', () => {
    const [values, slopes] = [squared.slice(), squared.slice()]
    kernel.evaluate(squared, values, slopes, 3, 6)
    for (const written of [values, slopes]) {
      expect([...written.slice(0, 3), ...written.slice(6)]).toEqual([
        ...SQUARED.slice(0, 3),
        ...SQUARED.slice(6),
      ])
    }
  })
})
