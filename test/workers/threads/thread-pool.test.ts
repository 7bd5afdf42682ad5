import { afterAll, describe, expect, test } from 'vitest'
import { MixwrightError } from '../../../src/errors.js'
import type { ParsedTable } from '../../../src/formats/importers/table.js'
import type { RunRow } from '../../../src/formats/run-row.js'
import { compileProblem } from '../../../src/optimizers/complete-problem.js'
import { createRng } from '../../../src/optimizers/random.js'
import { optimizerByName } from '../../../src/optimizers/registry.js'
import { DuplicateRunError } from '../../../src/store/store.js'
import { completeParams } from '../../../src/studies/methods.js'
import type { RecommendTask } from '../../../src/studies/ports.js'
import { createThreadPool } from '../../../src/workers/threads/index.js'
import { decodeRunTable } from '../../../src/workers/threads/run-tables.js'
import { deferred } from '../queue-conformance.js'

const { problem } = compileProblem({
  domains: [{ name: 'web' }, { name: 'code' }, { name: 'books' }],
  metrics: [{ name: 'loss' }],
})

/** Runs of the law loss = 2 + exp(−Σ t_i w_i), with a little noise. */
function lawfulRuns(count: number): RunRow[] {
  const rng = createRng(5, 'thread-pool')
  return Array.from({ length: count }, (_, i) => {
    const draws = [rng.uniform(), rng.uniform(), rng.uniform()]
    const sum = draws[0] + draws[1] + draws[2]
    const weights = draws.map((draw) => draw / sum)
    const loss = 2 + Math.exp(-(0.5 * weights[0] + 1.5 * weights[1] + weights[2]))
    return { runId: `run-${i}`, weights, values: { loss: loss + 1e-3 * rng.normal() } }
  })
}

function recommendTask(method: string, runs: RunRow[]): RecommendTask {
  return {
    problem,
    problemHash: '0'.repeat(64),
    method,
    surrogate: 'auto',
    params: completeParams(optimizerByName(method), {}, '/params'),
    seed: 11,
    training: {
      fidelity: 'default',
      pages: [JSON.stringify(runs.slice(0, 20)), JSON.stringify(runs.slice(20))],
    },
    holdouts: [],
  }
}

function importBody(count: number): Uint8Array {
  const runs = lawfulRuns(count).map(({ runId, weights, values }) => ({
    id: runId,
    weights: { web: weights[0], code: weights[1], books: weights[2] },
    metrics: values,
  }))
  return new TextEncoder().encode(JSON.stringify({ role: 'train', runs }))
}

describe('createThreadPool', () => {
  const pool = createThreadPool({ threads: 1 })
  afterAll(() => pool.close())

  test('recommends as the method itself does, and reports progress up to the end', async () => {
    const task = recommendTask('mixing-laws', lawfulRuns(40))
    const progress: { done: number; total: number }[] = []
    const outcome = await pool.recommend(task, { onProgress: (report) => progress.push(report) })
    const expected = optimizerByName(task.method).recommend({
      compiled: compileProblem(problem),
      params: task.params,
      completed: decodeRunTable(problem, '', 'default', task.training.pages),
      holdouts: [],
      surrogate: task.surrogate,
      seed: task.seed,
    })
    expect(outcome).toEqual(expected)
    const counts = progress.map(({ done }) => done)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(progress.at(-1)).toMatchObject({ done: progress.at(-1)?.total })
  })

  test('predicts with the models of a recommendation, in the order of the mixtures', async () => {
    const { recommendation, models } = await pool.recommend(
      recommendTask('mixing-laws', lawfulRuns(40)),
    )
    const uniform = { web: 1 / 3, code: 1 / 3, books: 1 / 3 }
    const mixtures = [recommendation.proposal.weights, uniform]
    const task = { problem, fitId: 'a fit', models, mixtures }
    const predictions = await pool.predict(task)
    expect(predictions[0]).toEqual(recommendation.predictions)
    expect(predictions[1][0].mean).toBeCloseTo(2 + Math.exp(-1), 2)
    expect(await pool.predict(task)).toEqual(predictions)
  })

  test('passes refusals of the methods on with their code and errors', async () => {
    const refused = pool.recommend(recommendTask('mixing-laws', lawfulRuns(3)))
    const error = await refused.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(MixwrightError)
    expect(error).toMatchObject({ code: 'too-few-runs', errors: [{ pointer: '/runs' }] })
  })

  test('rejects what left the range of numbers, which would be stored with nulls in it', async () => {
    const runs = lawfulRuns(40).map((run) => ({
      ...run,
      values: { loss: 1e200 * run.values.loss },
    }))
    const refused = pool.recommend(recommendTask('regmix', runs))
    await expect(refused).rejects.toMatchObject({ code: 'out-of-range' })
  })

  test('ends the thread of an aborted task at once, and works on', async () => {
    const abort = new AbortController()
    const begun = deferred<void>()
    const task = recommendTask('regmix', lawfulRuns(4000))
    const running = pool.recommend(task, {
      signal: abort.signal,
      onProgress: () => begun.resolve(),
    })
    const waiting = pool.recommend(recommendTask('mixing-laws', lawfulRuns(40)))
    await begun.promise
    const abortedAt = performance.now()
    abort.abort()
    await expect(running).rejects.toThrow()
    expect(performance.now() - abortedAt).toBeLessThan(5000)
    expect((await waiting).recommendation.method).toBe('mixing-laws')
  })

  test('does not start a task that was aborted before', async () => {
    const signal = AbortSignal.abort()
    await expect(
      pool.recommend(recommendTask('mixing-laws', lawfulRuns(40)), { signal }),
    ).rejects.toThrow()
  })

  test('parses a table into chunks of at most 1,000 rows, and takes over the upload', async () => {
    const body = importBody(2500)
    const events: string[] = []
    const rows: RunRow[] = []
    const table = await pool.parseTable(
      { problem, upload: { format: 'json', body }, maxRows: 10_000 },
      async ({ fidelity }) => {
        events.push(`start ${fidelity}`)
      },
      async (rowsJson) => {
        const chunk = JSON.parse(rowsJson) as RunRow[]
        events.push(`chunk ${chunk.length}`)
        rows.push(...chunk)
      },
    )
    expect(events).toEqual(['start default', 'chunk 1000', 'chunk 1000', 'chunk 500'])
    expect(table).toMatchObject({ rowCount: 2500, problemCount: 0, fidelity: 'default' })
    expect(rows).toMatchObject(lawfulRuns(2500))
    expect(body.byteLength).toBe(0)
  })

  test('hands no rows over on a dry run, nor when the table has problems', async () => {
    const unexpected = async () => {
      throw new Error('no rows were to be handed over')
    }
    const parse = (text: string): Promise<ParsedTable> =>
      pool.parseTable(
        { problem, upload: { format: 'json', body: Buffer.from(text) }, maxRows: 10 },
        unexpected,
        unexpected,
      )
    const run = { id: 'a', weights: { web: 1, code: 0, books: 0 }, metrics: { loss: 3 } }
    const dry = await parse(JSON.stringify({ role: 'train', dryRun: true, runs: [run] }))
    expect(dry).toMatchObject({ rowCount: 1, problemCount: 0 })
    const wrong = { ...run, weights: { web: 0.9, code: 0, books: 0 } }
    const refused = await parse(JSON.stringify({ role: 'train', runs: [wrong] }))
    expect(refused.problemCount).toBe(1)
    await expect(parse('{')).rejects.toMatchObject({ code: 'malformed-request' })
  })

  test('gives the error of whoever stores the rows back as it is', async () => {
    const failure = new DuplicateRunError(['run-7'])
    let chunks = 0
    const parsing = pool.parseTable(
      { problem, upload: { format: 'json', body: importBody(2500) }, maxRows: 10_000 },
      async () => {},
      async () => {
        if (++chunks === 2) throw failure
      },
    )
    await expect(parsing).rejects.toBe(failure)
    expect(chunks).toBe(2)
  })

  test('answers short work while every thread for fits is busy', async () => {
    const abort = new AbortController()
    const options = { signal: abort.signal }
    const task = recommendTask('regmix', lawfulRuns(4000))
    const busy = [1, 2, 3].map(() => pool.recommend(task, options).catch(() => 'aborted'))
    const parsing = pool.parseTable(
      { problem, upload: { format: 'json', body: importBody(10) }, maxRows: 10 },
      async () => {},
      async () => {},
    )
    expect(await Promise.race([parsing, ...busy])).toMatchObject({ rowCount: 10 })
    abort.abort()
    expect(await Promise.all(busy)).toEqual(['aborted', 'aborted', 'aborted'])
  })

  test('rejects what it was at, and what waited, when it is closed', async () => {
    const closing = createThreadPool({ threads: 1 })
    const begun = deferred<void>()
    const task = recommendTask('regmix', lawfulRuns(4000))
    const ends = [1, 2, 3].map(() =>
      closing.recommend(task, { onProgress: () => begun.resolve() }).catch((error) => error.code),
    )
    await begun.promise
    await closing.close()
    expect(await Promise.all(ends)).toEqual(['unavailable', 'unavailable', 'unavailable'])
  })
})

test('a computation that needs too much memory fails, and the process lives on', async () => {
  const pool = createThreadPool({ threads: 1, maxHeapMiB: 24 })
  const outcome = await pool
    .recommend(recommendTask('regmix', lawfulRuns(40_000)))
    .catch((error: Error) => error.message)
  expect(outcome).toBe('The computation needs more memory than a thread may use.')
  await pool.close()
})
