import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IngestProgress, IngestTask } from '../../../src/corpora/types.js'
import type { ProxySpec } from '../../../src/optimizers/proxy.js'
import type { TrainEvent, TrainOutcome, TrainTask } from '../../../src/studies/ports.js'
import { createThreadPool, type ThreadPool } from '../../../src/workers/threads/index.js'
import { syntheticText } from '../../support/synthetic-text.js'
import { deferred } from '../queue-conformance.js'

const DOMAINS = ['north', 'south']

let folder: string
let pool: ThreadPool
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mixwright-training-'))
  pool = createThreadPool({ threads: 1, trainingThreads: 2 })
  await pool.ingest(ingestTask('corpus', 150), {})
})
afterAll(async () => {
  await pool.close()
  await rm(folder, { recursive: true })
})

function ingestTask(name: string, documents: number): IngestTask {
  return {
    folder: path.join(folder, name),
    settings: {
      tokenizer: { kind: 'bpe', vocabularySize: 300 },
      validationFraction: 0.1,
      maxDocumentBytes: 1e6,
      tokenizerSampleBytes: 1e6,
      invalidDocuments: 'refuse',
    },
    domains: DOMAINS.map((domain) => {
      const file = path.join(folder, `${domain}.${documents}.jsonl`)
      if (!existsSync(file)) writeFileSync(file, syntheticText(domain, documents))
      const source = { id: domain, kind: 'upload', path: file, name: `${domain}.jsonl` } as const
      return { name: domain, sources: [{ ...source, format: 'auto', textField: 'text' }] }
    }),
    allowedFolders: [],
    maxBytes: Number.POSITIVE_INFINITY,
  }
}

const TOKENS_A_STEP = 4 * 16

let files = 0

/** A model of a few thousand parameters, for so many steps. */
function trainTask(
  steps: number,
  change: Partial<TrainTask> = {},
  spec: Partial<ProxySpec> = {},
): TrainTask {
  return {
    proxy: {
      model: { width: 16, layers: 1, heads: 2, context: 16 },
      tokens: TOKENS_A_STEP * steps,
      batchSize: 4,
      measurements: 3,
      validationSequences: 8,
      ...spec,
    },
    corpusFolder: path.join(folder, 'corpus'),
    domains: DOMAINS,
    weights: [0.25, 0.75],
    initialSeed: 1,
    seed: 2,
    studySeed: 3,
    device: 'cpu',
    checkpointFile: path.join(folder, 'checkpoints', `${files++}.checkpoint`),
    checkpointSeconds: 1000,
    ...change,
  }
}

const lossesOf = ({ last }: TrainOutcome) => DOMAINS.map((name) => last.domains[name].loss)

/** Trains until so many steps are done, and then stops it. */
async function trainAndStop(task: TrainTask, step: number): Promise<unknown> {
  const stop = new AbortController()
  const onEvent = (event: TrainEvent) => {
    if (event.type === 'progress' && event.step >= step)
      stop.abort(new Error('stopped by the test'))
  }
  return pool.train(task, { signal: stop.signal, onEvent }).catch((error: unknown) => error)
}

describe('training in a thread', () => {
  test('tells of progress and of every measurement but the last, which is the outcome’s', async () => {
    const events: TrainEvent[] = []
    const { last, seconds } = await pool.train(trainTask(60), {
      onEvent: (event) => events.push(event),
    })
    const measured = events.flatMap((event) =>
      event.type === 'measurement' ? [event.measurement.step] : [],
    )
    expect(measured).toEqual([20, 40])
    expect(last).toMatchObject({ step: 60, tokens: 60 * TOKENS_A_STEP })
    expect(seconds).toBeGreaterThan(0)
    const progress = events.filter((event) => event.type === 'progress')
    expect(progress.at(-1)).toMatchObject({ step: 60, steps: 60, totalTokens: last.tokens })
  })

  test('tells of every measurement, also when the process is busy while the training ends', async () => {
    const measured: number[] = []
    const single = createThreadPool({ threads: 1, trainingThreads: 1 })
    try {
      await single.train(trainTask(3), {})
      const training = single.train(trainTask(3), {
        onEvent: (event) => {
          if (event.type === 'measurement') measured.push(event.measurement.step)
        },
      })
      await delay(0)
      // Its events and its reply come by two ports, and find nobody at home for a while.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500)
      await training
    } finally {
      await single.close()
    }
    expect(measured).toEqual([1, 2])
  })

  test('gives the same for the same seeds, whatever trains beside it', async () => {
    const [one, two, otherOrder, otherStart] = await Promise.all([
      pool.train(trainTask(40), {}),
      pool.train(trainTask(40), {}),
      pool.train(trainTask(40, { seed: 12 }), {}),
      pool.train(trainTask(40, { initialSeed: 11 }), {}),
    ])
    expect(two.last).toEqual(one.last)
    expect(lossesOf(otherOrder)).not.toEqual(lossesOf(one))
    expect(lossesOf(otherStart)).not.toEqual(lossesOf(one))
  })

  test('stops when it is told to, leaves a checkpoint, and goes on from it bit by bit', async () => {
    const steps = 3000
    const undisturbed: TrainEvent[] = []
    const expected = await pool.train(trainTask(steps), {
      onEvent: (event) => undisturbed.push(event),
    })
    const task = trainTask(steps)
    for (const step of [1, 300]) {
      expect(await trainAndStop(task, step)).toMatchObject({ message: 'stopped by the test' })
      expect(existsSync(task.checkpointFile)).toBe(true)
    }
    const events: TrainEvent[] = []
    const resumed = await pool.train(task, { onEvent: (event) => events.push(event) })
    const [first] = events.filter((event) => event.type === 'progress')
    expect(first.step).toBeGreaterThan(300)
    expect(resumed.last).toEqual(expected.last)
    // What was measured before the stop is told again, since it may not have been stored.
    const measurements = (told: TrainEvent[]) =>
      told
        .flatMap((event) => (event.type === 'measurement' ? [event.measurement] : []))
        .sort((a, b) => a.step - b.step)
    expect(measurements(events)).toEqual(measurements(undisturbed))
  })

  test('writes checkpoints on the way, whole ones only', async () => {
    const task = trainTask(200, { checkpointSeconds: 0 })
    const warnings: TrainEvent[] = []
    await pool.train(task, {
      onEvent: (event) => {
        if (event.type === 'warning') warnings.push(event)
      },
    })
    expect(warnings).toEqual([])
    const name = path.basename(task.checkpointFile)
    const left = readdirSync(path.dirname(task.checkpointFile)).filter((file) =>
      file.startsWith(name),
    )
    expect(left).toEqual([name])
  })

  test('removes a checkpoint that cannot be used, with a warning, and begins anew', async () => {
    const expected = await pool.train(trainTask(40), {})
    const task = trainTask(40)
    writeFileSync(task.checkpointFile, 'not a checkpoint')
    const warnings: string[] = []
    const outcome = await pool.train(task, {
      onEvent: (event) => {
        if (event.type === 'warning') warnings.push(event.message)
      },
    })
    expect(outcome.last).toEqual(expected.last)
    expect(warnings).toEqual([expect.stringContaining('the training begins anew')])
    expect(existsSync(task.checkpointFile)).toBe(false)
  })

  test('removes what cannot be read in the place of a checkpoint, with a warning that names it', async () => {
    const warnings: string[] = []
    const task = trainTask(3)
    mkdirSync(task.checkpointFile, { recursive: true })
    const { last } = await pool.train(task, {
      onEvent: (event) => {
        if (event.type === 'warning') warnings.push(event.message)
      },
    })
    expect(last.step).toBe(3)
    expect(warnings).toEqual([expect.stringContaining(task.checkpointFile)])
    expect(existsSync(task.checkpointFile)).toBe(false)
  })

  test('goes on without checkpoints where none can be written, with a warning', async () => {
    const warnings: string[] = []
    // No file can be made there, not even by root.
    const task = trainTask(10, { checkpointSeconds: 0, checkpointFile: '/proc/x.checkpoint' })
    const outcome = await pool.train(task, {
      onEvent: (event) => {
        if (event.type === 'warning') warnings.push(event.message)
      },
    })
    expect(outcome.last.step).toBe(10)
    expect(warnings[0]).toContain('a checkpoint cannot be written')
  })

  test('a divergence is refused by its name, and the threads work on', async () => {
    const wild = trainTask(
      300,
      {},
      {
        model: { width: 64, layers: 4, heads: 2, context: 16 },
        learningRate: 1,
        warmupFraction: 0,
        clipNorm: 1e6,
        weightDecay: 0,
      },
    )
    await expect(pool.train(wild, {})).rejects.toMatchObject({ code: 'training-diverged' })
    expect((await pool.train(trainTask(10), {})).last.step).toBe(10)
  })

  test('a domain without a whole sequence is refused by its name', async () => {
    const model = { width: 16, layers: 1, heads: 2, context: 2048 }
    await expect(pool.train(trainTask(10, {}, { model }), {})).rejects.toMatchObject({
      code: 'domain-too-small',
      message: expect.stringContaining('"north"'),
    })
  })

  test('a corpus that is not there is refused, and looked for again the next time', async () => {
    const task = trainTask(10, { corpusFolder: path.join(folder, 'later') })
    await expect(pool.train(task, {})).rejects.toMatchObject({ code: 'corpus-not-ready' })
    await pool.ingest({ ...ingestTask('later', 150) }, {})
    expect((await pool.train(task, {})).last.step).toBe(10)
  })

  test('threads can be started and ended again and again, in the middle of a training too', async () => {
    for (let round = 0; round < 4; round++) {
      const short = createThreadPool({ threads: 1, trainingThreads: 2 })
      const begun = deferred<void>()
      const endless = short.train(trainTask(1e6), { onEvent: () => begun.resolve() })
      const ended = endless.catch((error: unknown) => error)
      if (round % 2 === 0) await short.train(trainTask(5), {})
      await begun.promise
      await short.close()
      expect(await ended).toMatchObject({ code: 'unavailable' })
    }
  })

  test('a signal that is aborted before the start, or at once, ends it', async () => {
    const reason = new Error('too late')
    const before = pool.train(trainTask(10), { signal: AbortSignal.abort(reason) })
    await expect(before).rejects.toBe(reason)
    const stop = new AbortController()
    const atOnce = pool.train(trainTask(1e6), { signal: stop.signal })
    stop.abort(reason)
    await expect(atOnce).rejects.toBe(reason)
  })
})

describe('ingesting in a thread', () => {
  test('tells of progress, can be stopped and gone on with, and gives the same', async () => {
    const documents = 6000
    const expected = await pool.ingest(ingestTask('undisturbed', documents), {})
    const stop = new AbortController()
    const progress: IngestProgress[] = []
    const stopped = await pool
      .ingest(ingestTask('stopped', documents), {
        signal: stop.signal,
        onProgress: (report) => {
          progress.push(report)
          stop.abort(new Error('stopped by the test'))
        },
      })
      .catch((error: unknown) => error)
    expect(stopped).toMatchObject({ message: 'stopped by the test' })
    expect(progress.length).toBeGreaterThan(0)
    expect(existsSync(path.join(folder, 'stopped', 'manifest.json'))).toBe(false)
    expect(await pool.ingest(ingestTask('stopped', documents), {})).toEqual(expected)
  })
})
