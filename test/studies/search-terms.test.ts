import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileProblem } from '../../src/optimizers/complete-problem.js'
import { affordablePlaces, totalCost, withinBudget } from '../../src/studies/search-terms.js'

const problemAt = (cost: number) =>
  compileProblem({
    domains: [{ name: 'web' }, { name: 'code' }],
    metrics: [{ name: 'loss' }],
    fidelities: [{ name: 'proxy', evaluator: 'table', cost }],
  }).problem

const trials = (count: number) => Array.from({ length: count }, () => ({ fidelity: 'proxy' }))

describe('a budget in any unit', () => {
  // GPU seconds of a cluster, or shares of a target run: the same searches.
  const unit = fc.integer({ min: -12, max: 15 }).map((power) => 10 ** power)
  const cost = fc
    .tuple(fc.double({ min: 1, max: 10, noNaN: true }), unit)
    .map(([number, scale]) => number * scale)

  test('pays for as many trials as it was said to be for, and for none more', () => {
    fc.assert(
      fc.property(cost, fc.integer({ min: 1, max: 200 }), (each, count) => {
        const purse = { budget: count * each, spent: 0 }
        expect(withinBudget(problemAt(each), trials(count + 3), purse)).toHaveLength(count)
      }),
    )
  })

  test('pays for the same when the trials come one after the other', () => {
    fc.assert(
      fc.property(cost, fc.integer({ min: 1, max: 200 }), (each, count) => {
        const problem = problemAt(each)
        const left = (made: number) =>
          affordablePlaces(problem, ['proxy'], {
            budget: count * each,
            spent: totalCost(problem, trials(made)),
          })
        expect(left(count - 1)).toEqual(['proxy'])
        expect(left(count)).toEqual([])
      }),
    )
  })
})
