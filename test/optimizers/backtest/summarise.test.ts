import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type BacktestTable,
  type Replay,
  type ReplayStep,
  summarise,
} from '../../../src/optimizers/backtest/index.js'
import { studentQuantile } from '../../../src/optimizers/student-t.js'
import { anything, backtestTable, entryOf, runsWith } from './support.js'

const LOSSES = [2.5, 2, 3.5, 2.004, 3]
const table = backtestTable(
  [runsWith('small', [9, 8, 7, 6, 5, 4, 3, 2]), runsWith('big', LOSSES)],
  {
    costs: { small: 0.25, big: 1 },
    target: 'big',
  },
)
const entry = entryOf(anything, { label: 'one' })

/** Steps from fidelity, row and pick; the costs follow. */
function replayOf(
  seed: number,
  runs: [fidelity: 'small' | 'big', row: number, pick: number | null][],
  first: number | null = null,
): Replay {
  let cost = 0
  const steps = runs.map(([fidelity, row, pick]): ReplayStep => {
    cost += fidelity === 'big' ? 1 : 0.25
    return { fidelity, row, cost, pick }
  })
  return { label: 'one', seed, first, steps, end: 'budget' }
}

const report = (replays: Replay[], budgets: number[], tolerance = 0.005, of = table) =>
  summarise(of, [entry], replays, { budgets, tolerance })

describe('by hand', () => {
  const found = report(
    [
      replayOf(8, [
        ['small', 0, 2],
        ['big', 0, 1],
        ['big', 3, 0],
        ['big', 1, 3],
      ]),
      replayOf(3, [
        ['big', 4, null],
        ['small', 1, 4],
        ['small', 2, 1],
      ]),
    ],
    [0.2, 0.25, 1.25, 2.25, 10],
  )
  const [summary] = found.entries
  const means = (name: 'runningBest' | 'pick' | 'paid' | 'regret') =>
    summary.budgets.map(({ [name]: value }) => value && [value.mean, value.seeds])

  test('the table is described', () => {
    expect(found).toMatchObject({
      target: 'big',
      candidates: 5,
      best: 2,
      seeds: [3, 8],
      tolerance: 0.005,
    })
    expect(found.mean).toBeCloseTo((2.5 + 2 + 3.5 + 2.004 + 3) / 5, 14)
  })

  test('the four numbers are those after the last run within the budget', () => {
    expect(summary.budgets.map(({ cost }) => cost)).toEqual([0.2, 0.25, 1.25, 2.25, 10])
    expect(means('runningBest')).toEqual([null, [3.5, 1], [(2 + 3) / 2, 2], [2, 2], [2, 2]])
    expect(means('pick')).toEqual([null, [3.5, 1], [2.5, 2], [2.25, 2], [2.002, 2]])
    expect(means('paid')).toEqual([null, null, [2.75, 2], [(2.004 + 3) / 2, 2], [2.5, 2]])
    expect(means('regret')).toEqual([
      null,
      [1.5, 1],
      [0.5, 2],
      [0.25, 2],
      [expect.closeTo(0.002, 12), 2],
    ])
  })

  test('of one seed the interval is its value, of two it is as wide as t with one degree says', () => {
    expect(summary.budgets[1].pick).toEqual({ mean: 3.5, lower: 3.5, upper: 3.5, seeds: 1 })
    const { lower, upper } = summary.budgets[2].pick ?? {}
    // s/√n of 2 and 3 is 1/2.
    expect(lower).toBeCloseTo(2.5 - 12.7062047361747 / 2, 10)
    expect(upper).toBeCloseTo(2.5 + 12.7062047361747 / 2, 10)
  })

  test('runs are counted, and the optimum is when it was run at the target', () => {
    expect(summary.runs).toEqual({ small: 1.5, big: 2 })
    // Never in one of two seeds: the median is never.
    expect(summary.optimumPaid).toEqual({ share: 0.5, medianTargetRuns: null, medianCost: null })
    expect(summary.withinTolerance).toEqual({ share: 1, medianCost: (3.25 + 1.5) / 2 })
    expect(summary).toMatchObject({ label: 'one', method: 'anything' })
  })
})

test('replays are counted by why they ended', () => {
  const ends = ['stopped', 'budget', 'stopped', 'nothing-left', 'runs', 'stopped'] as const
  const replays = ends.map((end, seed) => ({ ...replayOf(seed, [['big', 0, 0]]), end }))
  const [{ ends: counts }] = report(replays, [10]).entries
  expect(counts).toEqual({ budget: 1, runs: 1, 'nothing-left': 1, stopped: 3 })
})

describe('the optimum', () => {
  test('is any of the rows that share the best score, at the target only', () => {
    const tied = backtestTable([runsWith('small', [5, 5, 1, 5]), runsWith('big', [2, 4, 2, 3])], {
      target: 'big',
    })
    const paidBy = (row: number) =>
      report(
        [
          replayOf(1, [
            ['small', 2, null],
            ['big', 3, 3],
            ['big', row, row],
          ]),
        ],
        [9],
        0,
        tied,
      ).entries[0]
    for (const row of [0, 2]) {
      expect(paidBy(row).optimumPaid).toEqual({ share: 1, medianTargetRuns: 2, medianCost: 2.25 })
      expect(paidBy(row).withinTolerance).toEqual({ share: 1, medianCost: 2.25 })
      expect(paidBy(row).budgets[0].regret?.mean).toBe(0)
    }
    expect(paidBy(1).optimumPaid.share).toBe(0)
  })

  test('has a median as long as less than half of the seeds never find it', () => {
    const findingAfter = (runs: number) => [...Array(runs).fill(['big', 0, 0]), ['big', 1, 1]]
    const never = [['big', 0, 0]]
    const medians = (plans: unknown[][]) =>
      report(
        plans.map((plan, seed) => replayOf(seed, plan as never)),
        [99],
      ).entries[0].optimumPaid
    expect(medians([findingAfter(4), findingAfter(0), never])).toEqual({
      share: 2 / 3,
      medianTargetRuns: 5,
      medianCost: 5,
    })
    expect(medians([findingAfter(4), never, never]).medianCost).toBeNull()
    expect(medians([findingAfter(4), findingAfter(0), findingAfter(7), never]).medianCost).toBe(
      (5 + 8) / 2,
    )
    expect(medians([findingAfter(4), findingAfter(0), never, never]).medianCost).toBeNull()
  })

  test('is kept only from when the pick no longer leaves it', () => {
    const within = (picks: (number | null)[], first: number | null = null) =>
      report(
        [
          replayOf(
            1,
            picks.map((pick) => ['big', 0, pick]),
            first,
          ),
        ],
        [99],
      ).entries[0].withinTolerance
    expect(within([1, 0, 3, 1]).medianCost).toBe(3)
    expect(within([1, 3, null, 1]).medianCost).toBe(4)
    expect(within([1, 1, 0])).toEqual({ share: 0, medianCost: null })
    expect(within([1, 1], 3).medianCost).toBe(0)
    expect(within([], 1)).toEqual({ share: 1, medianCost: 0 })
    expect(within([])).toEqual({ share: 0, medianCost: null })
  })

  test('counts as found where the pick is off by exactly the tolerance', () => {
    const decimal = backtestTable([runsWith('big', [2.002, 2.007, 2.0071])], { target: 'big' })
    const share = (pick: number) =>
      report([replayOf(1, [['big', 0, pick]])], [9], 0.005, decimal).entries[0].withinTolerance
        .share
    expect(2.007 - 2.002).toBeGreaterThan(0.005)
    expect([0, 1, 2].map(share)).toEqual([1, 1, 0])
  })
})

describe('budgets', () => {
  test('cover a run whose sum of costs is off by rounding', () => {
    const tenths = backtestTable([runsWith('big', LOSSES)], { costs: { big: 0.1 }, target: 'big' })
    const steps = [0, 1, 2].map((row) => ({
      fidelity: 'big',
      row,
      cost: (row + 1) * 0.1,
      pick: row,
    }))
    const replays: Replay[] = [{ label: 'one', seed: 1, first: null, steps, end: 'budget' }]
    expect(steps[2].cost).toBeGreaterThan(0.3)
    const { budgets } = report(replays, [0.1, 0.2, 0.299, 0.3], 0, tenths).entries[0]
    expect(budgets.map(({ pick }) => pick?.mean)).toEqual([2.5, 2, 2, 3.5])
  })

  test('keep what a replay had when it ended, and a pick that needed no run', () => {
    const [{ budgets }] = report([replayOf(1, [['big', 0, 0]], 4)], [0, 0.5, 1, 1e9]).entries
    expect(budgets.map(({ pick }) => pick?.mean)).toEqual([3, 3, 2.5, 2.5])
    expect(budgets.map(({ paid }) => paid?.mean)).toEqual([undefined, undefined, 2.5, 2.5])
  })
})

describe('scores', () => {
  const runs = runsWith('big', [2.5, Number.NaN, 3.5, 3])
  const pick: Replay[] = [replayOf(1, [['big', 3, 3]])]
  const regret = (metrics: BacktestTable) => report(pick, [9], 0, metrics).entries[0].budgets[0]

  test('are lower for what is better, also of a metric that is maximised', () => {
    const maximised = backtestTable([runs], {
      target: 'big',
      metrics: [{ name: 'accuracy', direction: 'maximize' }],
    })
    const found = report(pick, [9], 0, maximised)
    expect([found.best, found.candidates]).toEqual([-7.5, 3])
    expect(regret(maximised).pick?.mean).toBe(-7)
    expect(regret(maximised).regret?.mean).toBe(0.5)
  })

  test('are in standard deviations over the runs at the target where the objective says so', () => {
    const scaled = backtestTable([runs, runsWith('small', [100, 900])], {
      target: 'big',
      objective: { type: 'mean', scale: 'standard' },
    })
    // 2.5, 3 and 3.5 have the standard deviation 1/2.
    expect(regret(scaled).regret?.mean).toBeCloseTo(1, 12)
    expect(report(pick, [9], 0, scaled).mean).toBeCloseTo(6, 12)
  })
})

test('all numbers are those of a plain second computation, for any replays', () => {
  const step = fc.tuple(
    fc.constantFrom('small' as const, 'big' as const),
    fc.nat(LOSSES.length - 1),
    fc.option(fc.nat(LOSSES.length - 1)),
  )
  const replays = fc.array(fc.tuple(fc.array(step, { maxLength: 8 }), fc.option(fc.nat(4))), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(replays, fc.integer({ min: 0, max: 40 }), (plans, quarters) => {
      const budget = quarters / 4
      const all = plans.map(([steps, first], seed) => replayOf(seed, steps, first))
      const [summary] = report(all, [budget]).entries
      const [numbers] = summary.budgets
      const plain = all.map((one) => plainly(one, budget))
      for (const name of ['runningBest', 'pick', 'paid', 'regret'] as const) {
        const values = plain.map((one) => one[name]).filter(Number.isFinite)
        expectInterval(numbers[name], values)
      }
      for (const fidelity of ['small', 'big']) {
        const count = all
          .flatMap(({ steps }) => steps)
          .filter((s) => s.fidelity === fidelity).length
        expect(summary.runs[fidelity]).toBeCloseTo(count / all.length, 12)
      }
      expectMedian(
        summary.optimumPaid.medianCost,
        plain.map(({ optimumCost }) => optimumCost),
      )
      expectMedian(
        summary.optimumPaid.medianTargetRuns,
        plain.map(({ optimumRuns }) => optimumRuns),
      )
      expectMedian(
        summary.withinTolerance.medianCost,
        plain.map(({ stays }) => stays),
      )
      const share =
        plain.filter(({ stays }) => stays < Number.POSITIVE_INFINITY).length / all.length
      expect(summary.withinTolerance.share).toBeCloseTo(share, 12)
    }),
  )
})

/** Run by run; what there is not is NaN, what never comes is Infinity. */
function plainly({ first, steps }: Replay, budget: number) {
  const loss = (pick: number | null) => (pick === null ? Number.NaN : LOSSES[pick])
  const numbers = {
    runningBest: loss(first),
    pick: loss(first),
    paid: Number.NaN,
    regret: Number.NaN,
  }
  let [optimumCost, optimumRuns, targetRuns] = [
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    0,
  ]
  let stays = Math.abs(loss(first) - 2) <= 0.005 ? 0 : Number.POSITIVE_INFINITY
  for (const { fidelity, row, cost, pick } of steps) {
    if (fidelity === 'big') targetRuns += 1
    if (fidelity === 'big' && row === 1 && cost < optimumCost) {
      optimumCost = cost
      optimumRuns = targetRuns
    }
    if (!(Math.abs(loss(pick) - 2) <= 0.005)) stays = Number.POSITIVE_INFINITY
    else stays = Math.min(stays, cost)
    if (cost > budget) continue
    numbers.pick = loss(pick)
    if (!(numbers.runningBest <= loss(pick)) && pick !== null) numbers.runningBest = loss(pick)
    if (fidelity === 'big' && !(numbers.paid <= LOSSES[row])) numbers.paid = LOSSES[row]
  }
  numbers.regret = numbers.pick - 2
  return { ...numbers, optimumCost, optimumRuns, stays }
}

function expectInterval(
  estimate: { mean: number; lower: number; upper: number; seeds: number } | null,
  values: number[],
) {
  if (values.length === 0) {
    expect(estimate).toBeNull()
    return
  }
  const n = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  const squares = values.reduce((sum, value) => sum + value * value, 0)
  const s = n === 1 ? 0 : Math.sqrt(Math.max(0, (squares - n * mean * mean) / (n - 1)))
  const half = n === 1 ? 0 : (studentQuantile(0.975, n - 1) * s) / Math.sqrt(n)
  expect(estimate?.seeds).toBe(n)
  expect(estimate?.mean).toBeCloseTo(mean, 10)
  expect(estimate?.lower).toBeCloseTo(mean - half, 5)
  expect(estimate?.upper).toBeCloseTo(mean + half, 5)
}

function expectMedian(median: number | null, values: number[]) {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  const exact = Number.isInteger(half)
    ? (sorted[half - 1] + sorted[half]) / 2
    : sorted[Math.floor(half)]
  expect(median).toBe(exact === Number.POSITIVE_INFINITY ? null : exact)
}

describe('what cannot be summarised', () => {
  test('a replay of something else, or a target without scores', () => {
    const stray = { ...replayOf(1, []), label: 'other' }
    expect(() => report([stray], [1])).toThrow(/replay of "other", which is no entry/)
    const empty = backtestTable([runsWith('big', [Number.NaN])], { target: 'big' })
    expect(() => report([], [1], 0, empty)).toThrow(/no run at "big" has the objective/)
    expect(() => report([], [1], 0, { ...table, target: 'vast' })).toThrow(/no table.*"vast"/)
  })

  test('an entry without replays has no numbers', () => {
    const [summary] = report([], [1]).entries
    expect(summary.budgets).toEqual([
      { cost: 1, runningBest: null, pick: null, paid: null, regret: null },
    ])
    expect(summary.optimumPaid).toEqual({ share: 0, medianTargetRuns: null, medianCost: null })
  })
})
