import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type AppOptions, buildApp } from '../../src/api/index.js'
import { openStore } from '../../src/store/index.js'
import { createServices, type Limits } from '../../src/studies/index.js'
import { VERSION } from '../../src/version.js'
import { openQueue, startWorkers } from '../../src/workers/index.js'
import { createThreadPool } from '../../src/workers/threads/index.js'

export interface TestService {
  app: Awaited<ReturnType<typeof buildApp>>
  close(): Promise<void>
}

export interface TestServiceOptions {
  api?: AppOptions['limits']
  limits?: Partial<Limits>
  /** Written to by the logger: JSON lines from `warn` on. Default: nowhere. */
  log?: (line: string) => void
}

/** The whole service in this process, on a folder of its own: embedded store and queue, one worker thread. */
export async function openService(options: TestServiceOptions = {}): Promise<TestService> {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'mixwright-test-'))
  const store = await openStore({ dataFolder })
  const compute = createThreadPool({ threads: 1 })
  const ring: { bell?: (jobId: string) => Promise<void> } = {}
  const services = createServices({
    store,
    compute,
    doorbell: { ring: async (jobId) => ring.bell?.(jobId) },
    limits: options.limits,
  })
  const logger = { level: 'warn', stream: { write: options.log ?? (() => {}) } }
  const app = await buildApp({ services, version: VERSION, logger, limits: options.api })
  const queue = await openQueue({ kind: 'embedded', pool: store.pool, logger: app.log })
  ring.bell = (jobId) => queue.ring(jobId)
  const workers = await startWorkers({ store, queue, compute, logger: app.log, concurrency: 1 })
  return {
    app,
    async close() {
      await app.close()
      await workers.close(0)
      await queue.close()
      await compute.close()
      await store.close()
      await rm(dataFolder, { recursive: true })
    },
  }
}
