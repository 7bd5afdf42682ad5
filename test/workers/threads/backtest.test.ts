import { afterAll, describe, expect, test } from 'vitest'
import type { RunRow } from '../../../src/formats/run-row.js'
import { replay, summarise } from '../../../src/optimizers/backtest/index.js'
import { compileProblem } from '../../../src/optimizers/complete-problem.js'
import { createRng } from '../../../src/optimizers/random.js'
import { optimizerByName } from '../../../src/optimizers/registry.js'
import type { BacktestMethod, BacktestSettings } from '../../../src/store/index.js'
import { completeParams } from '../../../src/studies/methods.js'
import type { BacktestTask, RunPages, SurveyTask } from '../../../src/studies/ports.js'
import { createThreadPool } from '../../../src/workers/threads/index.js'
import { decodeRunTable } from '../../../src/workers/threads/run-tables.js'
import { shareTable } from '../../../src/workers/threads/shared-tables.js'
import { deferred } from '../queue-conformance.js'

const compiled = compileProblem({
  domains: [{ name: 'web' }, { name: 'code' }, { name: 'books' }],
  metrics: [{ name: 'loss' }],
  fidelities: [
    { name: '1M', evaluator: 'table', cost: 0.1 },
    { name: '1B', evaluator: 'table', cost: 1 },
  ],
})
const { problem } = compiled

/** Losses that fall with the share of code; the small ones with an offset. */
function rows(fidelity: string, count: number): RunRow[] {
  const rng = createRng(3, fidelity)
  return Array.from({ length: count }, (_, i) => {
    const draws = [rng.uniform(), rng.uniform(), rng.uniform()]
    const sum = draws[0] + draws[1] + draws[2]
    const weights = draws.map((draw) => draw / sum)
    const loss = (fidelity === '1M' ? 5 : 2) + Math.exp(-weights[1]) + 0.001 * rng.normal()
    return { runId: `${fidelity}-${i}`, weights, values: { loss } }
  })
}

const runs: RunPages[] = [
  { fidelity: '1M', pages: [JSON.stringify(rows('1M', 30))] },
  {
    fidelity: '1B',
    pages: [
      JSON.stringify(rows('1B', 12).slice(0, 5)),
      JSON.stringify(rows('1B', 12).slice(5)),
      // Without the metric of the objective: no candidate.
      JSON.stringify([{ runId: 'lost', weights: [0, 1, 0], values: {} }]),
    ],
  },
]

const methodOf = (method: string, label = method, fidelities = ['1M', '1B']): BacktestMethod => ({
  label,
  method,
  params: completeParams(optimizerByName(method), {}, ''),
  fidelities,
})

const settings: BacktestSettings = {
  target: '1B',
  costs: { '1M': 0.1, '1B': 1 },
  methods: [methodOf('random'), methodOf('mixing-laws', 'laws on 1B', ['1B'])],
  seeds: 3,
  seed: 7,
  budget: 6,
  budgets: [2, 6],
  maxRuns: 40,
  tolerance: 0.01,
  shuffle: ['1M'],
}

const task = (change: Partial<BacktestSettings> = {}): BacktestTask => ({
  problem,
  settings: { ...settings, ...change },
  runs,
})

const tables = runs.map(({ fidelity, pages }) => decodeRunTable(problem, '', fidelity, pages))

describe('a backtest on threads', () => {
  const pool = createThreadPool({ threads: 2 })
  afterAll(() => pool.close())

  test('says what the replays say one after the other, for every seed', async () => {
    const { provenance, ...report } = await pool.backtest(task())
    const table = { compiled, tables, target: '1B' }
    const entries = settings.methods.map(({ method, ...rest }) => ({
      ...rest,
      method: optimizerByName(method),
    }))
    const { budget, maxRuns, shuffle, budgets, tolerance } = settings
    const replays = entries.flatMap((entry) =>
      [7, 8, 9].map((seed) => replay({ table, entry, seed, budget, maxRuns, shuffle })),
    )
    expect(report).toEqual(summarise(table, entries, replays, { budgets, tolerance }))
    expect(report.seeds).toEqual([7, 8, 9])
    expect(provenance).toMatchObject({ seed: 7, dataHash: expect.stringMatching(/^[0-9a-f]{64}$/) })
  })

  test('counts the replays that have ended, and names those begun', async () => {
    const progress: { done: number; total: number; message: string }[] = []
    await pool.backtest(task(), { onProgress: (report) => progress.push(report) })
    const counts = progress.map(({ done }) => done)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(new Set(progress.map(({ total }) => total))).toEqual(new Set([6]))
    expect(progress.at(-1)).toMatchObject({ done: 6 })
    // As many at a time as there are threads.
    const atWork = progress.map(
      ({ done }, i) => new Set(progress.slice(0, i + 1).map(({ message }) => message)).size - done,
    )
    expect(Math.max(...atWork)).toBe(2)
    expect(new Set(progress.map(({ message }) => message))).toEqual(
      new Set(
        ['random', 'laws on 1B'].flatMap((label) =>
          [1, 2, 3].map((seed) => `${label}, seed ${seed} of 3`),
        ),
      ),
    )
  })

  test('ends soon when it is told to, and the pool works on', async () => {
    const abort = new AbortController()
    const begun = deferred<void>()
    const long = task({
      seeds: 200,
      methods: [methodOf('mixing-laws')],
      budget: 1e6,
      budgets: [1e6],
    })
    const running = pool.backtest(long, {
      signal: abort.signal,
      onProgress: () => begun.resolve(),
    })
    await begun.promise
    const abortedAt = performance.now()
    abort.abort()
    await expect(running).rejects.toThrow()
    expect(performance.now() - abortedAt).toBeLessThan(5000)
    const report = await pool.backtest(task({ seeds: 1 }))
    expect(report.seeds).toEqual([7])
  })

  test('is refused as soon as the first replays show that it would take too long', async () => {
    const methods = [methodOf('mixing-laws')]
    const long = task({ methods, seeds: 200, maxRuns: 42, budget: 1e6, budgets: [1e6] })
    const refused = pool.backtest(long, { mostSeconds: 10 })
    await expect(refused).rejects.toMatchObject({
      code: 'backtest-too-large',
      message: expect.stringMatching(
        /^The first \d of 200 replays took \d+ s .* all would take about \d+ (s|min), and may take 10 s/,
      ),
    })
  })

  test('is given up when its time is over', async () => {
    const long = task({ methods: [methodOf('mixing-laws')], seeds: 2, budget: 1e6, budgets: [1e6] })
    const refused = pool.backtest(long, { mostSeconds: 0.2 })
    await expect(refused).rejects.toMatchObject({
      code: 'backtest-too-large',
      message: 'After 1 s of computing 0 of 2 replays were done; the rest was given up.',
    })
  })

  test('fails with the first replay that fails, and says which', async () => {
    const unknown = { ...methodOf('random', 'mine'), method: 'from-a-newer-version' }
    const failed = pool.backtest(task({ methods: [unknown], seeds: 50 }))
    await expect(failed).rejects.toThrow(/"mine" with seed \d+: there is no method "from-a-newer/)
  })

  test('passes refusals on with their code', async () => {
    const huge = rows('1B', 12).map((row) => ({
      ...row,
      values: { loss: 1e300 * row.values.loss },
    }))
    const failed = pool.backtest({
      ...task(),
      runs: [runs[0], { fidelity: '1B', pages: [JSON.stringify(huge)] }],
    })
    await expect(failed).rejects.toMatchObject({ code: 'out-of-range' })
  })
})

describe('a survey of runs', () => {
  const pool = createThreadPool({ threads: 1 })
  afterAll(() => pool.close())

  const survey = (change: Partial<SurveyTask> = {}) =>
    pool.surveyRuns({
      problem,
      runs,
      target: '1B',
      methods: settings.methods,
      seed: 7,
      givenCosts: ['1M', '1B'],
      terms: {},
      ...change,
    })

  test('counts what can be looked up, and completes the terms from it', async () => {
    const { scored, budget, budgets, tolerance } = await survey()
    expect(scored).toEqual({ '1M': 30, '1B': 12 })
    expect(budget).toBe(12)
    expect(budgets.at(-1)).toBe(12)
    const losses = rows('1B', 12).map(({ values }) => values.loss)
    const mean = losses.reduce((sum, loss) => sum + loss) / 12
    const variance = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / 11
    expect(tolerance).toBeCloseTo(0.05 * Math.sqrt(variance), 12)
  })

  test('keeps the terms that were asked for', async () => {
    const terms = { budgets: [3, 1, 3], tolerance: 0 }
    expect(await survey({ terms })).toMatchObject({ budget: 3, budgets: [1, 3], tolerance: 0 })
    expect(await survey({ terms: { budget: 2.5 } })).toMatchObject({ budget: 2.5 })
  })

  test('has the hash of the same runs, and of no others', async () => {
    const { dataHash } = await survey()
    expect(dataHash).toBe((await pool.backtest(task({ seeds: 1 }))).provenance.dataHash)
    const less = { runs: runs.slice(1), methods: settings.methods.slice(1) }
    expect((await survey(less)).dataHash).not.toBe(dataHash)
  })

  test.each([
    [
      'a target without runs',
      { runs: runs.slice(0, 1), methods: [methodOf('random', 'r', ['1M'])] },
      '/target',
    ],
    ['one run only', { runs: [runs[0], { ...runs[1], pages: [runs[1].pages[2]] }] }, '/target'],
    ['a cost that nobody gave', { givenCosts: ['1B'] }, '/costs/1M'],
    ['a budget that pays for nothing', { terms: { budget: 0.05 } }, '/budget'],
    [
      'a fidelity without scores',
      { runs: [{ fidelity: '1M', pages: [runs[1].pages[2]] }, runs[1]] },
      '/tables/0',
    ],
  ])('refuses %s', async (_, change, pointer) => {
    await expect(survey(change)).rejects.toMatchObject({
      code: 'validation-failed',
      errors: [expect.objectContaining({ pointer })],
    })
  })
})

test('a shared table has the same numbers, in memory that all threads see', () => {
  const [, table] = tables
  const errors = new Map([['loss', new Float64Array([0.1, Number.NaN])]])
  const shared = shareTable({ ...table, standardErrors: errors, seconds: new Float64Array([5]) })
  expect(shared.normalised).toEqual(table.normalised)
  expect(shared.values).toEqual(table.values)
  expect(shared.standardErrors).toEqual(errors)
  for (const numbers of [shared.raw.data, shared.values.get('loss'), shared.seconds]) {
    expect(numbers?.buffer).toBeInstanceOf(SharedArrayBuffer)
  }
})
