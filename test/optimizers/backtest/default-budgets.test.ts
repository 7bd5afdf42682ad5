import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultBudgets } from '../../../src/optimizers/backtest/index.js'

describe('budgets that nobody asked for', () => {
  test('are whole numbers of runs where there is one fidelity', () => {
    expect(defaultBudgets({ budget: 48, cheapest: 1, target: 1 })).toEqual([
      1, 2, 3, 5, 8, 12, 18, 27, 41, 48,
    ])
    expect(defaultBudgets({ budget: 3, cheapest: 1, target: 1 })).toEqual([1, 2, 3])
  })

  test('start with one run at the cheapest fidelity', () => {
    expect(defaultBudgets({ budget: 8, cheapest: 0.001, target: 1 })).toEqual([
      0.001, 0.004, 0.016, 0.064, 0.255, 1, 2, 3, 5, 8,
    ])
    expect(defaultBudgets({ budget: 0.5, cheapest: 0.2, target: 1 })).toEqual([0.2, 0.4, 0.5])
  })

  test('are rounded up, so that the runs they stand for are within them', () => {
    expect(defaultBudgets({ budget: 1700, cheapest: 537.467857, target: 537.467857 })).toEqual([
      538, 1080, 1620, 1700,
    ])
  })

  test('are the whole budget where it pays for nothing', () => {
    expect(defaultBudgets({ budget: 0.5, cheapest: 1, target: 4 })).toEqual([0.5])
  })

  test('are at most 16, rise to the budget, and have three digits, for any costs', () => {
    const positive = fc.double({ min: 1e-6, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(positive, positive, positive, (budget, one, other) => {
        const cheapest = Math.min(one, other)
        const target = Math.max(one, other)
        const budgets = defaultBudgets({ budget, cheapest, target })
        expect(budgets.length).toBeLessThanOrEqual(16)
        expect(budgets.at(-1)).toBe(budget)
        budgets.slice(1).forEach((value, i) => {
          expect(value).toBeGreaterThan(budgets[i])
        })
        for (const value of budgets.slice(0, -1)) {
          expect(Number(value.toPrecision(3))).toBe(value)
        }
        // One run of each is within one of the first budgets, or the budget itself.
        if (budget >= cheapest) {
          expect(budgets[0] / cheapest).toBeGreaterThan(1 - 1e-8)
          expect(budgets[0] / cheapest).toBeLessThan(1.011)
        }
        if (budget >= target) {
          const atTarget = budgets.find((value) => value >= target * (1 - 1e-8)) ?? 0
          expect(atTarget / target).toBeLessThan(1.011)
        }
      }),
      { numRuns: 500 },
    )
  })

  test.each([{ budget: 0 }, { cheapest: -1 }, { target: Number.NaN }])('refuse %j', (wrong) => {
    const [name] = Object.keys(wrong)
    const costs = { budget: 5, cheapest: 1, target: 1, ...wrong }
    expect(() => defaultBudgets(costs)).toThrow(RangeError)
    expect(() => defaultBudgets(costs)).toThrow(new RegExp(`^${name} has to be a positive number`))
  })
})
