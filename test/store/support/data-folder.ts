import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FOLDER_FORMAT } from '../../../src/store/embedded/format-stamp.js'
import { openEmbeddedDatabase } from '../../../src/store/embedded/index.js'

const pglite = createRequire(import.meta.url).resolve('@electric-sql/pglite')
const cache = fileURLToPath(new URL('../../../node_modules/.cache/mixwright', import.meta.url))

/**
 * A new data folder with an empty database in it. Making a database takes seconds, so one is made once for each
 * installed PGlite and copied. The caller removes the folder.
 */
export async function newDataFolder(): Promise<string> {
  const version = createRequire(import.meta.url)(
    join(dirname(pglite), '..', 'package.json'),
  ).version
  const template = join(cache, `empty-database-${version}-${FOLDER_FORMAT}`)
  if (!existsSync(template)) await makeTemplate(template)
  const folder = await emptyFolder()
  await cp(template, folder, { recursive: true })
  return folder
}

export function emptyFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'mixwright-test-'))
}

/** Makes it beside its place and moves it there whole; of two processes that do so at once, the first one counts. */
async function makeTemplate(template: string): Promise<void> {
  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(join(cache, 'draft-'))
  const database = await openEmbeddedDatabase(draft)
  await database.close()
  try {
    await rename(draft, template)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(template)) throw error
  }
}
