import { rm } from 'node:fs/promises'
import { afterAll } from 'vitest'
import { openStore } from '../../src/store/index.js'
import { storeConformance } from './conformance.js'
import { newDataFolder } from './support/data-folder.js'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

storeConformance('the embedded database', async () => {
  const dataFolder = await newDataFolder()
  folders.push(dataFolder)
  return openStore({ dataFolder })
})
