import { mkdirSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { formatBytes } from '../byte-size.js'
import { MixwrightError } from '../errors.js'
import { isId } from './database.js'
import { readFolder, statIfThere } from './folder-entries.js'
import { Usage } from './folder-usage.js'
import { type WrittenFile, writeStream, writeWhole } from './upload-file.js'

/**
 * Files beside the database: `uploads/<corpus>/<source>`, `corpora/<corpus>/<ingestion>/`, `trials/<trial>.checkpoint`, and
 * `imports/<import>/<number>` as long as an import is being read. The names are ids (UUIDs); nothing else is taken for one.
 */
export interface DataFolder {
  /** Absolute. */
  readonly root: string
  /** Bytes that uploads, corpora and checkpoints may have together; undefined for any. */
  readonly quotaBytes: number | undefined
  uploadFile(corpusId: string, sourceId: string): string
  ingestionFolder(corpusId: string, ingestionId: string): string
  checkpointFile(trialId: string): string
  /** Bytes of all files; a count is good for some seconds. */
  usage(): Promise<number>
  /** Bytes that may still be written; Infinity without a quota. */
  room(): Promise<number>
  /** @throws MixwrightError `quota-exceeded` when the quota does not allow so many bytes more */
  requireRoom(bytes: number): Promise<void>
  /**
   * Stores an upload as it comes. Only a whole one appears under its name.
   * @throws MixwrightError `body-too-large` beyond `maxBytes`, `quota-exceeded`, `disk-full`, or what the stream throws
   */
  writeUpload(
    corpusId: string,
    sourceId: string,
    stream: AsyncIterable<Uint8Array>,
    maxBytes?: number,
  ): Promise<WrittenFile>
  /**
   * Stores a file of an import as it comes, for as long as the import takes: it is not forced to the disk.
   * @param number place of the file in its import, from 0
   * @throws MixwrightError `quota-exceeded`, `disk-full`, or what the stream throws
   */
  writeImportFile(
    importId: string,
    number: number,
    stream: AsyncIterable<Uint8Array>,
  ): Promise<WrittenFile>
  /** All files of the corpus. Like all that remove: what is not there is removed already. */
  removeCorpus(corpusId: string): Promise<void>
  removeIngestion(corpusId: string, ingestionId: string): Promise<void>
  /** With what uploads that were broken off have left. */
  removeUpload(corpusId: string, sourceId: string): Promise<void>
  /** Whether there was one. */
  removeCheckpoint(trialId: string): Promise<boolean>
  removeImport(importId: string): Promise<void>
  /** Imports that have files, with when one was last added or written. */
  imports(): Promise<{ importId: string; changedAt: Date }[]>
  uploads(): Promise<{ corpusId: string; sourceId: string; changedAt: Date }[]>
  ingestions(): Promise<{ corpusId: string; ingestionId: string; changedAt: Date }[]>
  checkpoints(): Promise<{ trialId: string; changedAt: Date }[]>
}

export interface DataFolderOptions {
  quotaBytes?: number
  /** Milliseconds that a count of the bytes is good for. Default 5,000. */
  usageMs?: number
}

/**
 * Lays the data folder out, making what is missing. Processes may share one: each counts what it writes itself at once, and
 * what others write when it counts anew.
 */
export function createDataFolder(root: string, options: DataFolderOptions = {}): DataFolder {
  const { quotaBytes, usageMs = 5_000 } = options
  const folders = {
    uploads: path.resolve(root, 'uploads'),
    corpora: path.resolve(root, 'corpora'),
    trials: path.resolve(root, 'trials'),
    imports: path.resolve(root, 'imports'),
  }
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true })
  const usage = new Usage(Object.values(folders), usageMs)

  const uploadFile = (corpusId: string, sourceId: string) =>
    path.join(folders.uploads, named(corpusId), named(sourceId))
  const ingestionFolder = (corpusId: string, ingestionId: string) =>
    path.join(folders.corpora, named(corpusId), named(ingestionId))

  async function requireRoom(bytes: number): Promise<void> {
    if (quotaBytes === undefined) return
    const used = await usage.bytes()
    if (used + bytes > quotaBytes) throw quotaExceeded(used, bytes, quotaBytes)
  }

  async function remove(...paths: string[]): Promise<void> {
    // Tried again when something is written in the folder while it is removed.
    const options = { recursive: true, force: true, maxRetries: 10, retryDelay: 10 }
    for (const place of paths) await rm(place, options)
    usage.forget()
  }

  return {
    root: path.resolve(root),
    quotaBytes,
    uploadFile,
    ingestionFolder,
    checkpointFile: (trialId) => path.join(folders.trials, `${named(trialId)}.checkpoint`),

    usage: () => usage.bytes(),
    room: async () =>
      quotaBytes === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(0, quotaBytes - (await usage.bytes())),
    requireRoom,

    writeUpload: async (corpusId, sourceId, stream, maxBytes = Number.POSITIVE_INFINITY) => {
      const file = uploadFile(corpusId, sourceId)
      await mkdir(path.dirname(file), { recursive: true })
      let received = 0
      try {
        return await writeWhole(file, stream, async (bytes) => {
          received += bytes
          if (received > maxBytes) throw tooLarge(maxBytes)
          await requireRoom(bytes)
          usage.add(bytes)
        })
      } catch (error) {
        usage.forget()
        throw error
      }
    },

    writeImportFile: async (importId, number, stream) => {
      const folder = path.join(folders.imports, named(importId))
      await mkdir(folder, { recursive: true })
      const file = path.join(folder, String(number))
      const take = async (bytes: number) => {
        await requireRoom(bytes)
        usage.add(bytes)
      }
      return { file, ...(await writeStream(file, stream, take, { flush: false })) }
    },
    removeImport: async (importId) => remove(path.join(folders.imports, named(importId))),
    imports: async () => {
      const entries = await entriesOf(folders.imports)
      return Promise.all(
        entries.map(async ({ id, changedAt }) => ({
          importId: id,
          changedAt: await newestIn(path.join(folders.imports, id), changedAt),
        })),
      )
    },

    removeCorpus: async (corpusId) =>
      remove(
        path.join(folders.uploads, named(corpusId)),
        path.join(folders.corpora, named(corpusId)),
      ),
    removeIngestion: async (corpusId, ingestionId) =>
      remove(ingestionFolder(corpusId, ingestionId)),
    removeUpload: async (corpusId, sourceId) => {
      const folder = path.dirname(uploadFile(corpusId, sourceId))
      await remove(...(await placesOf(folder, sourceId)))
    },
    removeCheckpoint: async (trialId) => {
      const places = await placesOf(folders.trials, named(trialId))
      await remove(...places)
      return places.length > 0
    },

    uploads: async () =>
      (await entriesBelow(folders.uploads)).map(({ folder, id, changedAt }) => ({
        corpusId: folder,
        sourceId: id,
        changedAt,
      })),
    ingestions: async () =>
      (await entriesBelow(folders.corpora)).map(({ folder, id, changedAt }) => ({
        corpusId: folder,
        ingestionId: id,
        changedAt,
      })),
    checkpoints: async () =>
      (await entriesOf(folders.trials)).map(({ id, changedAt }) => ({ trialId: id, changedAt })),
  }
}

/** Ids become names of files: one that is none must not lead out of the folder. */
function named(id: string): string {
  if (!isId(id)) throw new TypeError(`not an id: ${id}`)
  return id
}

function quotaExceeded(used: number, more: number, quota: number): MixwrightError {
  const [has, wants, limit] = [used, more, quota].map(formatBytes)
  return new MixwrightError(
    'quota-exceeded',
    `The data folder has ${has} of its ${limit}: ${wants} more do not fit.`,
  )
}

function tooLarge(maxBytes: number): MixwrightError {
  return new MixwrightError(
    'body-too-large',
    `An uploaded file may have at most ${formatBytes(maxBytes)}.`,
  )
}

/** Entries of the folders that are named by ids. */
async function entriesBelow(
  folder: string,
): Promise<{ folder: string; id: string; changedAt: Date }[]> {
  const entries = []
  for (const { name } of await readFolder(folder))
    if (isId(name))
      for (const entry of await entriesOf(path.join(folder, name)))
        entries.push({ folder: name, ...entry })
  return entries
}

/** Ids that files or folders are named by, alone or with something after a full stop; sorted. */
async function entriesOf(folder: string): Promise<{ id: string; changedAt: Date }[]> {
  const newest = new Map<string, Date>()
  for (const { name } of await readFolder(folder)) {
    const [id] = name.split('.', 1)
    const stats = isId(id) ? await statIfThere(path.join(folder, name)) : undefined
    if (stats && stats.mtime > (newest.get(id) ?? new Date(0))) newest.set(id, stats.mtime)
  }
  return [...newest]
    .map(([id, changedAt]) => ({ id, changedAt }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** A file that grows does not change the folder that it is in. */
async function newestIn(folder: string, changedAt: Date): Promise<Date> {
  let newest = changedAt
  for (const { name } of await readFolder(folder)) {
    const stats = await statIfThere(path.join(folder, name))
    if (stats && stats.mtime > newest) newest = stats.mtime
  }
  return newest
}

async function placesOf(folder: string, id: string): Promise<string[]> {
  const entries = await readFolder(folder)
  return entries
    .filter(({ name }) => name === id || name.startsWith(`${id}.`))
    .map(({ name }) => path.join(folder, name))
}
