import { afterAll, describe, expect, test } from 'vitest'
import type { RunRow } from '../../../src/formats/run-row.js'
import { compileProblem } from '../../../src/optimizers/complete-problem.js'
import { createRng } from '../../../src/optimizers/random.js'
import { optimizerByName } from '../../../src/optimizers/registry.js'
import { rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'
import { completeParams } from '../../../src/studies/methods.js'
import type { LearnedRuns, SuggestTask } from '../../../src/studies/ports.js'
import { createThreadPool } from '../../../src/workers/threads/index.js'
import { unwrapReply } from '../../../src/workers/threads/replies.js'
import { decodeTrainingRuns } from '../../../src/workers/threads/run-tables.js'
import { run } from '../../../src/workers/threads/suggest.js'
import { drawMixtures, withMethod } from '../../studies/adaptive-support.js'

const { problem, space } = compileProblem({
  domains: [{ name: 'web' }, { name: 'code' }, { name: 'books' }],
  metrics: [{ name: 'loss' }],
  fidelities: [
    { name: 'small', evaluator: 'table', cost: 1 },
    { name: 'large', evaluator: 'table', cost: 10 },
  ],
})

const rowsAt = (count: number, seed: number): RunRow[] =>
  Array.from({ length: count }, (_, i) => {
    const web = createRng(seed, 'web', i).uniform()
    const code = (1 - web) * createRng(seed, 'code', i).uniform()
    const values = { loss: 2 + (web - 0.3) ** 2 + code }
    return { runId: `run-${seed}-${i}`, weights: [web, code, 1 - web - code], values }
  })

const THIRDS = [1 / 3, 1 / 3, 1 / 3]

/** The baselines are among the runs, so that the method alone is asked. */
const small: RunRow[] = [
  { runId: 'uniform', weights: THIRDS, values: { loss: 2.4 } },
  ...rowsAt(11, 1),
]

const learned: LearnedRuns = {
  completed: [
    {
      fidelity: 'small',
      pages: [JSON.stringify(small.slice(0, 5)), JSON.stringify(small.slice(5))],
    },
    { fidelity: 'large', pages: [JSON.stringify(rowsAt(1, 2))] },
  ],
  avoid: [{ fidelity: 'small', weights: Float64Array.of(0.5, 0.5, 0) }],
  baselinesAt: 'small',
}

const task = (method: string, change: Partial<SuggestTask> = {}): SuggestTask => ({
  problem,
  problemHash: '1'.repeat(64),
  method,
  params: completeParams(optimizerByName(method), {}, '/params'),
  seed: 3,
  fidelities: ['small', 'large'],
  active: [{ fidelity: 'large', weights: Float64Array.of(0.25, 0.25, 0.5) }],
  count: 4,
  learned,
  ...change,
})

const suggest = async (given: SuggestTask) => unwrapReply(await run({ task: given }))

describe('what a method suggests that looks at results', () => {
  const pool = createThreadPool({ threads: 1 })
  afterAll(() => pool.close())

  test('is chosen in a thread as the method itself would from all that is known', async () => {
    const given = task('hyperband')
    const table = (fidelity: string, row: number[]) => ({
      fidelity,
      normalised: rowMatrixFrom([row]),
    })
    const own = optimizerByName('hyperband').suggest({
      compiled: { problem, space },
      params: given.params,
      completed: decodeTrainingRuns(problem, learned.completed),
      active: [table('large', [0.25, 0.25, 0.5])],
      avoid: [table('small', [0.5, 0.5, 0])],
      count: 4,
      fidelities: ['small', 'large'],
      rng: createRng(3, 'suggest'),
    })
    expect(own).toHaveLength(4)
    expect(own[0].fidelity).toBe('large')
    expect(await pool.suggest(given)).toEqual(own.map((one) => ({ ...one, label: '' })))
    expect(given.learned?.completed[0].pages).toHaveLength(2)
  })

  let fits = 0
  const thorough = withMethod({
    name: 'thorough',
    suggest: (input) => {
      const runs = input.completed.map(({ runIds }) => runIds)
      input.memo?.get(JSON.stringify(runs), () => ++fits)
      return drawMixtures(input, 'small', input.count)
    },
  })

  test('comes from one fit as long as there are the same runs', async () => {
    const first = await suggest(task(thorough.name))
    expect(await suggest(task(thorough.name))).toEqual(first)
    expect(fits).toBe(1)
    const more = [
      ...learned.completed,
      { fidelity: 'small', pages: [JSON.stringify(rowsAt(1, 9))] },
    ]
    await suggest(task(thorough.name, { learned: { ...learned, completed: more } }))
    expect(fits).toBe(2)
    await suggest(task(thorough.name, { problemHash: '2'.repeat(64) }))
    expect(fits).toBe(3)
  })

  test('is what was chosen in time, at least one mixture, of a method that takes long', async () => {
    const given = task('admire', { count: 9, params: { candidates: 200, fantasies: 4 } })
    const atOnce = await suggest(given)
    expect(atOnce).toHaveLength(9)
    expect(await suggest({ ...given, until: Date.now() + 1e6 })).toEqual(atOnce)
    expect(await suggest({ ...given, until: Date.now() - 1 })).toEqual(atOnce.slice(0, 1))
  })

  const forgetful = withMethod({
    name: 'forgetful',
    suggest: (input) => drawMixtures({ ...input, avoid: [] }, 'small', input.count),
  })

  test('leaves out what came to nothing, also where the method does not mind it', async () => {
    const [first] = await suggest(task(forgetful.name, { count: 1 }))
    const failed = Float64Array.from(Object.values(first.weights))
    const avoid = [{ fidelity: 'small', weights: failed }]
    const next = await suggest(task(forgetful.name, { learned: { ...learned, avoid } }))
    expect(next).toHaveLength(3)
    expect(new Set([first, ...next].map(({ weights }) => JSON.stringify(weights))).size).toBe(4)
  })

  const astray = withMethod({
    name: 'astray',
    suggest: (input) => drawMixtures(input, 'large', input.count),
  })

  test('is not taken at a fidelity that was not offered', async () => {
    await expect(suggest(task(astray.name, { fidelities: ['small'] }))).rejects.toThrow(
      'at the fidelity "large", which is not offered',
    )
    expect(await suggest(task(astray.name, { fidelities: ['large'] }))).toHaveLength(4)
  })

  test('has the baselines before it, as many as are wanted, where they were not tried', async () => {
    const fresh = { ...learned, completed: [] }
    const chosen = await suggest(task(thorough.name, { learned: fresh }))
    expect(chosen.map(({ label }) => label)).toEqual(['uniform', '', '', ''])
    expect(chosen[0].weights).toEqual({ web: 1 / 3, code: 1 / 3, books: 1 / 3 })
    const one = await suggest(task(thorough.name, { learned: fresh, count: 1 }))
    expect(one.map(({ label }) => label)).toEqual(['uniform'])
    const elsewhere = { ...learned, baselinesAt: 'large' }
    const [first] = await suggest(task(thorough.name, { learned: elsewhere }))
    expect(first).toMatchObject({ label: 'uniform', fidelity: 'large' })
  })
})
