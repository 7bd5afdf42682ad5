import { describe, expect, test } from 'vitest'
import { learningRateSchedule } from '../../../src/training/optimization/index.js'

describe('learningRateSchedule', () => {
  test('cosine: linear warm-up, then half a cosine down to the final fraction', () => {
    const rate = learningRateSchedule({
      kind: 'cosine',
      peak: 2e-3,
      steps: 101,
      warmupSteps: 20,
      finalFraction: 0.1,
    })
    expect(rate(0)).toBeCloseTo(1e-4, 15)
    expect(rate(9)).toBeCloseTo(1e-3, 15)
    expect(rate(19)).toBe(2e-3)
    expect(rate(20)).toBe(2e-3)
    // 81 steps of decay: a quarter, half and all of the way.
    expect(rate(40)).toBeCloseTo(2e-3 * (0.1 + 0.9 * ((1 + Math.SQRT1_2) / 2)), 15)
    expect(rate(60)).toBeCloseTo(2e-3 * 0.55, 15)
    expect(rate(100)).toBeCloseTo(2e-4, 15)
  })

  test('wsd: warm-up, stable, then linear', () => {
    const rate = learningRateSchedule({
      kind: 'wsd',
      peak: 1,
      steps: 50,
      warmupSteps: 5,
      finalFraction: 0.2,
      decaySteps: 11,
    })
    expect([0, 1, 2, 3, 4].map(rate)).toEqual([0.2, 0.4, 0.6, 0.8, 1])
    expect([5, 20, 38, 39].map(rate)).toEqual([1, 1, 1, 1])
    for (let i = 0; i <= 10; i++) expect(rate(39 + i)).toBeCloseTo(1 - 0.08 * i, 15)
  })

  test('without warm-up it begins at the peak; a training of one step ends at the final fraction', () => {
    const options = { peak: 1, warmupSteps: 0, finalFraction: 0.5 }
    expect(learningRateSchedule({ ...options, kind: 'cosine', steps: 10 })(0)).toBe(1)
    expect(learningRateSchedule({ ...options, kind: 'cosine', steps: 1 })(0)).toBe(0.5)
    expect(learningRateSchedule({ ...options, kind: 'wsd', steps: 10 })(9)).toBe(1)
  })

  test('warm-up and decay that overlap: the smaller holds', () => {
    const options = { peak: 1, steps: 10, warmupSteps: 8, finalFraction: 0 }
    const rate = learningRateSchedule({ ...options, kind: 'wsd', decaySteps: 6 })
    expect(rate(4)).toBeCloseTo(5 / 8, 15)
    expect(rate(7)).toBeCloseTo(2 / 5, 15)
    expect(rate(9)).toBe(0)
  })
})
