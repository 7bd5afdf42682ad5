import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { createDataFolder, type DataFolder } from '../../src/store/data-folder.js'
import type { Store } from '../../src/store/store.js'
import { createServices, type Services } from '../../src/studies/index.js'
import type { Compute } from '../../src/studies/ports.js'
import {
  type JobQueue,
  startWorkers,
  type Workers,
  type WorkersOptions,
} from '../../src/workers/index.js'
import { createRecordingLogger, type RecordingLogger } from './recording-logger.js'

/** Where workers are started for a test run: a store and the queue that goes with it. */
export interface WorkPlace {
  store: Store
  openQueue(prefix: string): Promise<JobQueue>
  /** Makes the queue forget everything; absent where it cannot. */
  loseQueue?(): Promise<void>
  close(): Promise<void>
}

/** A work place for the tests of a `describe` block; what they open is closed after each of them. */
export class WorkHarness {
  #place: WorkPlace | undefined
  #folder: string | undefined
  #dataFolder: DataFolder | undefined
  readonly #cleanups: (() => Promise<void>)[] = []

  constructor(openPlace: () => Promise<WorkPlace>) {
    beforeAll(async () => {
      this.#place = await openPlace()
      this.#folder = await mkdtemp(path.join(tmpdir(), 'mixwright-work-'))
      this.#dataFolder = createDataFolder(this.#folder)
    })
    afterEach(async () => {
      for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup()
      await endAllJobs(this.store)
    })
    afterAll(async () => {
      await this.#place?.close()
      if (this.#folder) await rm(this.#folder, { recursive: true })
    })
  }

  get store(): Store {
    return this.#opened.store
  }

  get loseQueue(): (() => Promise<void>) | undefined {
    return this.#opened.loseQueue
  }

  get #opened(): WorkPlace {
    if (!this.#place) throw new Error('the work place is not open')
    return this.#place
  }

  async open(prefix: string = randomUUID()): Promise<JobQueue> {
    const queue = await this.#opened.openQueue(prefix)
    this.#cleanups.push(() => queue.close())
    return queue
  }

  get dataFolder(): DataFolder {
    if (!this.#dataFolder) throw new Error('the work place is not open')
    return this.#dataFolder
  }

  /** The services over this store, on the queue. */
  services(queue: JobQueue, compute: Partial<Compute> = {}, store: Store = this.store): Services {
    return createServices({
      store,
      compute: { ...UNUSED, ...compute },
      doorbell: queue,
      dataFolder: this.dataFolder,
      trainingThreads: 2,
    })
  }

  /** Starts workers whose only computation is the given one. */
  start(
    queue: JobQueue,
    recommend: Compute['recommend'],
    options: Partial<WorkersOptions> = {},
  ): Promise<Workers & { logger: RecordingLogger }> {
    return this.startWith(queue, { recommend }, options)
  }

  async startWith(
    queue: JobQueue,
    compute: Partial<Compute>,
    options: Partial<WorkersOptions> = {},
  ): Promise<Workers & { logger: RecordingLogger }> {
    const logger = createRecordingLogger()
    const workers = await startWorkers({
      store: this.store,
      queue,
      compute: { ...UNUSED, ...compute },
      services: this.services(queue, compute, options.store),
      dataFolder: this.dataFolder,
      logger,
      concurrency: 2,
      trainingThreads: 2,
      reconcileMs: 60_000,
      soleProcess: false,
      ...options,
      settings: { heartbeatMs: 20, ...options.settings },
    })
    this.#cleanups.push(() => workers.close(0))
    return { ...workers, logger }
  }
}

function unused(): never {
  throw new Error('this computation is not part of the test')
}

const UNUSED: Compute = {
  parseTable: unused,
  predict: unused,
  recommend: unused,
  suggest: unused,
  train: unused,
  ingest: unused,
  surveyRuns: unused,
  backtest: unused,
}

/** Leaves nothing that the reconciler of the next test would take up. */
async function endAllJobs(store: Store): Promise<void> {
  const future = new Date('9999-12-31')
  for (const { id } of await store.jobs.findOrphans(future)) {
    await store.jobs.requeueOrphan(id, future)
    await store.jobs.requestCancel(id)
  }
}
