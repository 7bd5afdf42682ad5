import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { MixwrightError } from '../../src/errors.js'
import type {
  Concurrency,
  JobHandler,
  JobOutcome,
  JobSettings,
  Processor,
} from '../../src/workers/catalogue.js'
import type { JobQueue, QueueWorker } from '../../src/workers/queue/index.js'
import { createRecordingLogger, type RecordingLogger } from './recording-logger.js'

/** Where queues are opened for a test run. */
export interface QueuePlace {
  open(options: {
    prefix: string
    settings: Partial<JobSettings>
    logger: RecordingLogger
  }): Promise<JobQueue>
  /** Breaks every connection that exists; absent where there are none that could break. */
  dropConnections?(): Promise<void>
  close(): Promise<void>
}

const BACKOFF_MS = 50

/** Of the kinds of jobs that a test does not ring for. */
export const idleProcessors: readonly Processor[] = [
  { job: 'ingest', handle: async () => 'done' },
  { job: 'trial', handle: async () => 'done' },
  { job: 'backtest', handle: async () => 'done' },
]
export const ONE_EACH: Concurrency = { fit: 1, ingest: 1, trial: 1, backtest: 1 }

/** What every form of the queue promises. */
export function queueConformance(name: string, openPlace: () => Promise<QueuePlace>): void {
  describe(`queue on ${name}`, () => {
    let place: QueuePlace
    const cleanups: (() => Promise<void>)[] = []

    beforeAll(async () => {
      place = await openPlace()
    })
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
    })
    afterAll(() => place.close())

    async function open(prefix: string = randomUUID()): Promise<JobQueue> {
      const logger = createRecordingLogger()
      const queue = await place.open({ prefix, settings: { backoffMs: BACKOFF_MS }, logger })
      cleanups.push(() => queue.close())
      return queue
    }

    async function work(
      queue: JobQueue,
      handle: JobHandler<'fit'>,
      concurrency = 4,
    ): Promise<QueueWorker> {
      const processors = [{ job: 'fit', handle } as const, ...idleProcessors]
      const worker = await queue.startWorker(processors, { ...ONE_EACH, fit: concurrency })
      cleanups.push(() => worker.close())
      return worker
    }

    test('a job that is rung for reaches a worker, with its id', async () => {
      const queue = await open()
      const seen = collect<string>(1)
      await work(queue, async ({ jobId }) => seen.add(jobId))
      await queue.ring('fit', 'job-1')
      expect(await seen.complete).toEqual(['job-1'])
    })

    test('a job rung for while no worker was there is done when one comes', async () => {
      const prefix = randomUUID()
      const producer = await open(prefix)
      await producer.ring('fit', 'job-1')
      expect(await producer.health()).toMatchObject({ waiting: 1, active: 0, delayed: 0 })
      const seen = collect<string>(1)
      await work(await open(prefix), async ({ jobId }) => seen.add(jobId))
      expect(await seen.complete).toEqual(['job-1'])
    })

    test('200 jobs on two workers are done once each, and no job by two workers at a time', async () => {
      const prefix = randomUUID()
      const ids = Array.from({ length: 200 }, (_, i) => `job-${i}`)
      const seen = collect<string>(ids.length)
      const atWork = new Set<string>()
      const handle: JobHandler<'fit'> = async ({ jobId }) => {
        if (atWork.has(jobId)) throw new Error(`${jobId} is worked on twice at a time`)
        atWork.add(jobId)
        await new Promise(setImmediate)
        atWork.delete(jobId)
        return seen.add(jobId)
      }
      const producer = await open(prefix)
      await work(await open(prefix), handle)
      await work(await open(prefix), handle)
      await Promise.all(ids.map((id) => producer.ring('fit', id)))
      expect((await seen.complete).toSorted()).toEqual(ids.toSorted())
    })

    test('ringing again for a job that still waits adds nothing', async () => {
      const queue = await open()
      for (let i = 0; i < 5; i++) await queue.ring('fit', 'job-1')
      expect(await queue.health()).toMatchObject({ waiting: 1 })
    })

    test('ringing again for a job at work, or for one that was done, has it delivered again', async () => {
      const queue = await open()
      const deliveries = [deferred<JobOutcome>(), deferred<JobOutcome>(), deferred<JobOutcome>()]
      const begun = [deferred<void>(), deferred<void>(), deferred<void>()]
      let count = 0
      await work(queue, () => {
        begun[count].resolve()
        return deliveries[count++].promise
      })
      await queue.ring('fit', 'job-1')
      await begun[0].promise
      await queue.ring('fit', 'job-1')
      await begun[1].promise
      deliveries[0].resolve('done')
      deliveries[1].resolve('done')
      await idle(queue)
      await queue.ring('fit', 'job-1')
      await begun[2].promise
      deliveries[2].resolve('done')
      expect(count).toBe(3)
    })

    test('an infrastructure error is tried again, after a backoff that doubles', async () => {
      const queue = await open()
      const starts: number[] = []
      const done = deferred<void>()
      await work(queue, async () => {
        starts.push(performance.now())
        if (starts.length < 3) throw new Error('the store does not answer')
        done.resolve()
        return 'done'
      })
      await queue.ring('fit', 'job-1')
      await done.promise
      expect(starts[1] - starts[0]).toBeGreaterThanOrEqual(BACKOFF_MS * 0.9)
      expect(starts[2] - starts[1]).toBeGreaterThanOrEqual(BACKOFF_MS * 2 * 0.9)
    })

    test('a refusal is not tried again', async () => {
      const queue = await open()
      const seen: string[] = []
      const last = deferred<void>()
      await work(
        queue,
        async ({ jobId }) => {
          seen.push(jobId)
          if (jobId === 'last') last.resolve()
          if (jobId === 'refused') throw new MixwrightError('too-few-runs', 'There are 3 runs.')
          return 'done'
        },
        1,
      )
      await queue.ring('fit', 'refused')
      await idle(queue)
      await queue.ring('fit', 'last')
      await last.promise
      expect(seen).toEqual(['refused', 'last'])
    })

    test('a job at work when its worker closes is put back, and another worker does it', async () => {
      const prefix = randomUUID()
      const queue = await open(prefix)
      const begun = deferred<void>()
      const first = await work(queue, async (_, { signal }) => {
        begun.resolve()
        await aborted(signal)
        return 'released'
      })
      await queue.ring('fit', 'job-1')
      await begun.promise
      await first.close()
      const seen = collect<string>(1)
      await work(await open(prefix), async ({ jobId }) => seen.add(jobId))
      expect(await seen.complete).toEqual(['job-1'])
    })

    test('a job that ends within the grace period is finished before its worker closes', async () => {
      const queue = await open()
      const begun = deferred<void>()
      const end = deferred<JobOutcome>()
      let wasAborted = false
      const worker = await work(queue, async (_, { signal }) => {
        signal.addEventListener('abort', () => {
          wasAborted = true
        })
        begun.resolve()
        return end.promise
      })
      await queue.ring('fit', 'job-1')
      await begun.promise
      const closed = worker.close(30_000)
      end.resolve('done')
      await closed
      expect(wasAborted).toBe(false)
      expect(await queue.health()).toMatchObject({ waiting: 0, active: 0, delayed: 0 })
    })

    test('queues with different prefixes do not hear each other', async () => {
      const [one, other] = [await open(), await open()]
      const seen = collect<string>(1)
      await work(one, async ({ jobId }) => seen.add(jobId))
      await other.ring('fit', 'theirs')
      await one.ring('fit', 'ours')
      expect(await seen.complete).toEqual(['ours'])
      expect(await other.health()).toMatchObject({ waiting: 1 })
    })

    test('a lost connection is taken up again, by those who send and by those who wait', async (context) => {
      if (!place.dropConnections) return context.skip()
      const queue = await open()
      const seen = [collect<string>(1), collect<string>(2)]
      await work(queue, async ({ jobId }) => {
        seen[0].add(jobId)
        return seen[1].add(jobId)
      })
      await queue.ring('fit', 'before')
      await seen[0].complete
      await idle(queue)
      await place.dropConnections()
      await sendUntilTaken(queue, 'after')
      expect(await seen[1].complete).toEqual(['before', 'after'])
    })
  })
}

/** Sends fail fast while the connection is away, so this tries until one gets through. */
async function sendUntilTaken(queue: JobQueue, jobId: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await queue.send('fit', { jobId })
    } catch (error) {
      if (tries === 100) throw error
      await pause(50)
    }
  }
}

/** Until nothing waits and nothing is at work. */
async function idle(queue: JobQueue): Promise<void> {
  for (;;) {
    const { waiting, active, delayed } = await queue.health()
    if (waiting + active + delayed === 0) return
    await pause(5)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** Collects values and resolves when there are `count` of them. */
function collect<T>(count: number): { add(value: T): JobOutcome; complete: Promise<T[]> } {
  const values: T[] = []
  const { promise, resolve } = deferred<T[]>()
  return {
    add(value) {
      values.push(value)
      if (values.length === count) resolve(values)
      return 'done'
    },
    complete: promise,
  }
}
