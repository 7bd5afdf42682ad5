import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BacktestSettings } from '../../src/store/index.js'
import { refuseManySteps } from '../../src/studies/backtest-work.js'

const settingsOf = (change: Partial<BacktestSettings>): BacktestSettings => ({
  target: 'large',
  costs: { small: 0.1, large: 1 },
  methods: [{ label: 'random', method: 'random', params: {}, fidelities: ['small', 'large'] }],
  seeds: 10,
  seed: 1,
  budget: 20,
  budgets: [20],
  maxRuns: 200,
  tolerance: 0.1,
  shuffle: [],
  ...change,
})

const SCORED = { small: 300, large: 60 }

function saidOf(settings: BacktestSettings, most: number): string | undefined {
  try {
    refuseManySteps(settings, SCORED, most)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const adviceIn = (said: string) =>
  [...said.matchAll(/ower `(seeds|maxRuns|budget)` to ([\d.e+-]+\d)/g)].map(([, name, bound]) => ({
    name: name as 'seeds' | 'maxRuns' | 'budget',
    bound: Number(bound),
  }))

const settings = fc
  .record({
    seeds: fc.integer({ min: 1, max: 200 }),
    maxRuns: fc.integer({ min: 1, max: 5000 }),
    budget: fc.double({ min: 0.1, max: 500, noNaN: true }),
    copies: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ copies, ...change }) => {
    const [method] = settingsOf({}).methods
    const methods = Array.from({ length: copies }, (_, i) => ({ ...method, label: `m${i}` }))
    return settingsOf({ ...change, methods })
  })

test('what is advised is enough, and of seeds and runs as many as possible', () => {
  fc.assert(
    fc.property(settings, fc.integer({ min: 10, max: 20_000 }), (asked, most) => {
      const said = saidOf(asked, most)
      fc.pre(said !== undefined)
      for (const { name, bound } of adviceIn(said as string)) {
        expect(bound).toBeLessThan(asked[name])
        expect(saidOf({ ...asked, [name]: bound }, most)).toBeUndefined()
        if (name === 'budget') continue
        expect(saidOf({ ...asked, [name]: bound + 1 }, most)).toBeDefined()
      }
    }),
  )
})

test('advice has figures, and one of a thing is no plural', () => {
  // 360 runs of 100 seeds: 300 small ones for 30, 60 large ones for 60.
  const large = settingsOf({ seeds: 100, budget: 500, maxRuns: 1000 })
  expect(saidOf(large, 36_000)).toBeUndefined()
  expect(saidOf(large, 20_000)).toBe(
    '1 method with 100 seeds can replay up to 360 runs each, 36000 in all; at most 20000 are replayed. ' +
      'Lower `seeds` to 55, or lower `maxRuns` to 200, or lower `budget` to 20 and leave larger `budgets` out.',
  )
  const single = settingsOf({ seeds: 200, maxRuns: 1 })
  expect(saidOf(single, 100)).toBe(
    '1 method with 200 seeds can replay up to 1 run each, 200 in all; at most 100 are replayed. Lower `seeds` to 100.',
  )
})
