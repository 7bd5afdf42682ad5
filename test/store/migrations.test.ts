import { rm } from 'node:fs/promises'
import { afterAll } from 'vitest'
import { openEmbeddedDatabase } from '../../src/store/embedded/index.js'
import { openStore } from '../../src/store/index.js'
import { migrationConformance } from './conformance/migrations.js'
import { newDataFolder } from './support/data-folder.js'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

migrationConformance('the embedded database', async () => {
  const dataFolder = await newDataFolder()
  folders.push(dataFolder)
  const { pool, close } = await openEmbeddedDatabase(dataFolder).then((database) => ({
    pool: database.pool,
    close: () => database.close(),
  }))
  return { pool, close, reopen: () => openStore({ dataFolder }) }
})
