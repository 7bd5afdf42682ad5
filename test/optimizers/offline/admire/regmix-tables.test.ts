import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import {
  type BacktestReport,
  type BacktestTable,
  replay,
  summarise,
} from '../../../../src/optimizers/backtest/index.js'
import { compileProblem } from '../../../../src/optimizers/complete-problem.js'
import { optimizerByName } from '../../../../src/optimizers/registry.js'
import { selectRows } from '../../../../src/optimizers/row-matrix.js'
import type { RunTable } from '../../../../src/optimizers/types.js'
import { type RegmixTable, regmixTable } from '../../../support/regmix-tables.js'

/** A few of the seeds of the figures in docs/methods/admire.md, with limits that a change for the worse goes beyond. */

const sources = {
  '1M': regmixTable('train_1m'),
  '60M': regmixTable('test_60m'),
  '1B': regmixTable('test_1B'),
}
const COSTS = { '1M': 0.001, '60M': 0.06, '1B': 1 }
const CANDIDATES = 48
const admire = optimizerByName('admire')

type Name = keyof typeof COSTS

function tableOf(fidelities: readonly Name[]): BacktestTable {
  const given = fidelities.map((name) => [name, sources[name] as RegmixTable] as const)
  const [[, { domains, targets }]] = given
  return {
    compiled: compileProblem({
      domains: domains.map((name) => ({ name })),
      metrics: targets.map((name) => ({ name })),
      fidelities: fidelities.map((name) => ({ name, evaluator: 'table', cost: COSTS[name] })),
    }),
    tables: given.map(([name, table]) => runsOf(name, table)),
    target: '1B',
  }
}

function runsOf(fidelity: Name, { raw, normalised, targets, values }: RegmixTable): RunTable {
  const count = fidelity === '1B' ? CANDIDATES : raw.rows
  const rows = Array.from({ length: count }, (_, i) => i)
  return {
    name: '',
    fidelity,
    runIds: rows.map(String),
    raw: selectRows(raw, rows),
    normalised: selectRows(normalised, rows),
    values: new Map(targets.map((target, j) => [target, values[j].subarray(0, count)])),
  }
}

interface Search {
  fidelities: readonly Name[]
  seeds: readonly number[]
  budget: number
  params?: Record<string, unknown>
  shuffle?: Name[]
}

function search({ fidelities, seeds, budget, params = {}, shuffle }: Search) {
  const table = tableOf(fidelities)
  const complete = Value.Default(admire.paramsSchema, params) as Record<string, unknown>
  const entry = { label: 'admire', method: admire, params: complete }
  const replays = seeds.map((seed) =>
    replay({ table, entry, seed, budget, maxRuns: 200, shuffle, memo: memo() }),
  )
  const report: BacktestReport = summarise(table, [entry], replays, {
    budgets: [budget],
    tolerance: 0.005,
  })
  return report.entries[0]
}

function memo() {
  const values = new Map<string, unknown>()
  return {
    get<T>(key: string, make: () => T): T {
      if (!values.has(key)) values.set(key, make())
      return values.get(key) as T
    },
  }
}

describe.skipIf(!(sources['1M'] && sources['60M'] && sources['1B']))(
  'on RegMix’s runs of three sizes',
  { timeout: 180_000 },
  () => {
    test('one fidelity finds the best of 48 in a median of at most 18 runs', () => {
      const params = { form: 'bo', stop: false }
      const seeds = [0, 1, 2, 3, 42, 43, 44]
      const { optimumPaid } = search({ fidelities: ['1B'], seeds, budget: 30, params })
      expect(optimumPaid.medianTargetRuns).toBeLessThanOrEqual(18)
    })

    test('three end with a mixture within 0.005 of the best for the cost of five target runs', () => {
      const seeds = [42, 43, 44, 45]
      const { withinTolerance, budgets } = search({
        fidelities: ['1M', '60M', '1B'],
        seeds,
        budget: 5,
      })
      expect(withinTolerance.share).toBe(1)
      expect(budgets[0].regret?.mean).toBeLessThan(0.005)
    })

    test('a fidelity whose scores are shuffled is dropped after its design', () => {
      const seeds = [0, 1, 2]
      const { runs, optimumPaid } = search({
        fidelities: ['1M', '1B'],
        seeds,
        budget: 25,
        shuffle: ['1M'],
      })
      // 3 runs a domain of 17.
      expect(runs['1M']).toBeLessThan(51 + 5)
      expect(optimumPaid.medianTargetRuns).toBeLessThanOrEqual(18)
    })
  },
)
