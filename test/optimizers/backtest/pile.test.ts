import { beforeAll, describe, expect, test } from 'vitest'
import {
  type BacktestTable,
  expectedBestOf,
  replay,
  summarise,
} from '../../../src/optimizers/backtest/index.js'
import { compileProblem } from '../../../src/optimizers/complete-problem.js'
import { optimizerByName } from '../../../src/optimizers/registry.js'
import { selectRows } from '../../../src/optimizers/row-matrix.js'
import type { RunTable } from '../../../src/optimizers/types.js'
import { type RegmixTable, regmixTable } from '../../support/regmix-tables.js'
import { entryOf } from './support.js'

const source = regmixTable('test_1B')

/** The first runs of the table, as a fidelity. */
function runsOf({ raw, normalised, targets, values }: RegmixTable, count: number): RunTable {
  const rows = Array.from({ length: count }, (_, i) => i)
  return {
    name: '',
    fidelity: '1B',
    runIds: rows.map(String),
    raw: selectRows(raw, rows),
    normalised: selectRows(normalised, rows),
    values: new Map(targets.map((target, j) => [target, values[j].subarray(0, count)])),
  }
}

const BUDGETS = [1, 2, 5, 10, 20, 30, 40, 48]

function judge(runs: RegmixTable) {
  const { domains, targets } = runs
  const table: BacktestTable = {
    compiled: compileProblem({
      domains: domains.map((name) => ({ name })),
      metrics: targets.map((name) => ({ name })),
      fidelities: [{ name: '1B', evaluator: 'table' }],
    }),
    tables: [runsOf(runs, 48)],
    target: '1B',
  }
  const entry = entryOf(optimizerByName('random'))
  const replays = Array.from({ length: 300 }, (_, seed) =>
    replay({ table, entry, seed, budget: 48, maxRuns: 100 }),
  )
  const report = summarise(table, [entry], replays, { budgets: BUDGETS, tolerance: 0.005 })
  const losses = Array.from(
    { length: 48 },
    (_, i) => runs.values.reduce((sum, values) => sum + values[i], 0) / targets.length,
  )
  return { report, summary: report.entries[0], losses }
}

describe.skipIf(!source)('random search on the first 48 of RegMix’s 1B runs', () => {
  let judged: ReturnType<typeof judge>

  beforeAll(() => {
    judged = judge(source as RegmixTable)
  })

  test('is judged by the facts of the pool', () => {
    const { report, summary } = judged
    expect(report.candidates).toBe(48)
    expect(report.best).toBeCloseTo(2.1113092, 7)
    expect(report.mean.toFixed(5)).toBe('2.22968')
    expect(summary.runs).toEqual({ '1B': 48 })
  })

  test('pays for what the closed form expects, and picks just that', () => {
    const { report, summary, losses } = judged
    for (const { cost, paid, pick, runningBest, regret } of summary.budgets) {
      const expected = expectedBestOf(losses, cost)
      // The interval is 1.97 standard errors either way; the last budget leaves none.
      const error = ((paid?.upper ?? Number.NaN) - (paid?.mean ?? Number.NaN)) / 1.97
      expect(Math.abs((paid?.mean ?? Number.NaN) - expected)).toBeLessThan(4 * error + 1e-12)
      expect([pick, runningBest]).toEqual([paid, paid])
      expect(regret?.mean).toBeCloseTo((paid?.mean ?? Number.NaN) - report.best, 12)
    }
  })

  test('finds the optimum after any number of runs alike', () => {
    const { summary } = judged
    expect(summary.optimumPaid.share).toBe(1)
    // Uniform on 1..48: the median of 300 has a standard error of about 1.4.
    expect(Math.abs((summary.optimumPaid.medianTargetRuns ?? 0) - 24.5)).toBeLessThan(5.6)
    expect(summary.withinTolerance.share).toBe(1)
  })
})
