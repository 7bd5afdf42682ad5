import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openEmbeddedDatabase } from '../../src/store/embedded/index.js'
import { openQueue } from '../../src/workers/queue/index.js'
import { queueConformance } from './queue-conformance.js'

queueConformance('the embedded database', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'mixwright-queue-'))
  const database = await openEmbeddedDatabase(folder)
  const { pool } = database
  pool.setMaxListeners(0)
  return {
    open: (options) => openQueue({ kind: 'embedded', pool, ...options }),
    async close() {
      await database.close()
      await rm(folder, { recursive: true })
    },
  }
})
