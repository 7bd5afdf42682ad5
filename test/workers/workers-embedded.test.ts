import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openStore } from '../../src/store/index.js'
import { openQueue } from '../../src/workers/index.js'
import { createRecordingLogger } from './recording-logger.js'
import { workersConformance } from './workers-conformance.js'

workersConformance('the embedded database', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'mixwright-workers-'))
  const store = await openStore({ dataFolder: folder })
  const { pool } = store
  pool.setMaxListeners(0)
  const logger = createRecordingLogger()
  return {
    store,
    openQueue: (prefix) => openQueue({ kind: 'embedded', pool, prefix, logger }),
    async loseQueue() {
      await pool.query('DELETE FROM bullmq.job')
    },
    async close() {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
})
