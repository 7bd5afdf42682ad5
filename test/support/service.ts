import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type AppOptions, buildApp } from '../../src/api/index.js'
import { createDataFolder } from '../../src/store/data-folder.js'
import { openStore } from '../../src/store/index.js'
import { createServices, type Limits, type Services } from '../../src/studies/index.js'
import type { Doorbell } from '../../src/studies/ports.js'
import { VERSION } from '../../src/version.js'
import { openQueue, startWorkers } from '../../src/workers/index.js'
import { createThreadPool } from '../../src/workers/threads/index.js'

export interface TestService {
  app: Awaited<ReturnType<typeof buildApp>>
  services: Services
  /** Where the service keeps what it is given. */
  dataFolder: string
  /** A folder that sources may be read from by their path. */
  sourcesFolder: string
  close(): Promise<void>
}

export interface TestServiceOptions {
  api?: AppOptions['limits']
  limits?: Partial<Limits>
  /** Written to by the logger: JSON lines from `warn` on. Default: nowhere. */
  log?: (line: string) => void
}

/** The whole service in this process, on a folder of its own: embedded store and queue, one worker thread of each kind. */
export async function openService(options: TestServiceOptions = {}): Promise<TestService> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mixwright-test-'))
  const root = path.join(folder, 'data')
  const sourcesFolder = path.join(folder, 'sources')
  await mkdir(sourcesFolder)
  const store = await openStore({ dataFolder: root })
  const dataFolder = createDataFolder(root)
  const compute = createThreadPool({ threads: 1, trainingThreads: 1 })
  const late: { bell?: Doorbell } = {}
  const allowedFolders = [sourcesFolder]
  const services = createServices({
    store,
    compute,
    doorbell: { ring: async (kind, jobId) => late.bell?.ring(kind, jobId) },
    dataFolder,
    allowedFolders,
    limits: options.limits,
  })
  const logger = { level: 'warn', stream: { write: options.log ?? (() => {}) } }
  const app = await buildApp({ services, version: VERSION, logger, limits: options.api })
  const queue = await openQueue({ kind: 'embedded', pool: store.pool, logger: app.log })
  late.bell = queue
  const workers = await startWorkers({
    store,
    queue,
    compute,
    services,
    dataFolder,
    allowedFolders,
    logger: app.log,
    concurrency: 1,
    trainingThreads: 1,
  })
  return {
    app,
    services,
    dataFolder: root,
    sourcesFolder,
    async close() {
      await app.close()
      await workers.close(0)
      await queue.close()
      await compute.close()
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
}
