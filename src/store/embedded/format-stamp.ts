import { readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Version of the layout of a data folder; raised when a newer program could no longer read an older folder. */
export const FOLDER_FORMAT = 1
/** Major version of PostgreSQL inside the PGlite that this package depends on. */
export const POSTGRESQL_MAJOR = 18

const STAMP_FILE = 'FORMAT.json'

/** What `FORMAT.json` in a data folder says. */
export interface FormatStamp {
  format: 'mixwright-data'
  version: number
  postgresql: number
  /** Versions of the program's parts that opened the folder last. */
  pglite: string
}

/** The folder was written in a form that this version of the program cannot open. */
export class FormatMismatchError extends Error {
  override readonly name = 'FormatMismatchError'
}

/**
 * @param isNew whether there is no database in the folder yet
 * @throws FormatMismatchError when the folder holds a database of another format, or one without a stamp
 */
export async function checkFormatStamp(folder: string, isNew: boolean): Promise<void> {
  const text = await readFile(join(folder, STAMP_FILE), 'utf8').catch(() => undefined)
  if (text === undefined) {
    if (isNew) return
    throw new FormatMismatchError(
      `${folder} holds a database but no ${STAMP_FILE}, so its format is not known. Choose another folder, or put back the ${STAMP_FILE} that belongs to it.`,
    )
  }
  const stamp = parseStamp(text, folder)
  if (stamp.version !== FOLDER_FORMAT || stamp.postgresql !== POSTGRESQL_MAJOR)
    throw new FormatMismatchError(
      `${folder} has data format ${stamp.version} of PostgreSQL ${stamp.postgresql} (PGlite ${stamp.pglite}); this version reads format ${FOLDER_FORMAT} of PostgreSQL ${POSTGRESQL_MAJOR}. Write a dump with the version that made the folder (mixwright backup), then load it into a new folder with this one (mixwright restore).`,
    )
}

/** Writes the stamp of this version, whole or not at all. */
export async function writeFormatStamp(folder: string): Promise<void> {
  const stamp: FormatStamp = {
    format: 'mixwright-data',
    version: FOLDER_FORMAT,
    postgresql: POSTGRESQL_MAJOR,
    pglite: await pgliteVersion(),
  }
  const path = join(folder, STAMP_FILE)
  await writeFile(`${path}.new`, `${JSON.stringify(stamp, null, 2)}\n`)
  await rename(`${path}.new`, path)
}

function parseStamp(text: string, folder: string): FormatStamp {
  try {
    const stamp = JSON.parse(text)
    if (stamp?.format === 'mixwright-data' && Number.isInteger(stamp.version)) return stamp
  } catch {
    // falls through: text that is not JSON is no stamp either
  }
  throw new FormatMismatchError(`${join(folder, STAMP_FILE)} is not the stamp of a data folder.`)
}

async function pgliteVersion(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  const manifest = await readFile(join(dirname(entry), '..', 'package.json'), 'utf8')
  return JSON.parse(manifest).version
}
