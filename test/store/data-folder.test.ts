import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatBytes } from '../../src/byte-size.js'
import { createDataFolder, type DataFolder } from '../../src/store/data-folder.js'
import { writeStream } from '../../src/store/upload-file.js'
import { emptyFolder } from './support/data-folder.js'
import { newId } from './support/records.js'

let root: string
beforeEach(async () => {
  root = await emptyFolder()
})
afterEach(() => rm(root, { recursive: true }))

const [corpus, source] = [newId(), newId()]
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** The names of all files below the folder, sorted. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name)))
    .sort()
}

const upload = (folder: DataFolder, bytes: number, maxBytes?: number) =>
  folder.writeUpload(corpus, newId(), Readable.from([Buffer.alloc(bytes)]), maxBytes)

async function put(file: string, bytes: number, age = 0): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, Buffer.alloc(bytes))
  const time = new Date(Date.now() - age)
  await utimes(file, time, time)
}

describe('files of an import', () => {
  const bytesOf = (count: number) => Readable.from([Buffer.alloc(count)])

  test('are stored by their numbers, listed by the newest, and removed together', async () => {
    const folder = createDataFolder(root)
    const [one, other] = [newId(), newId()].sort()
    const written = await folder.writeImportFile(one, 0, Readable.from([Buffer.from('ü')]))
    expect(written).toMatchObject({ bytes: 2, contentHash: sha256(Buffer.from('ü')) })
    await folder.writeImportFile(one, 1, bytesOf(10))
    await folder.writeImportFile(other, 0, bytesOf(10))
    const files = [path.join('imports', one, '0'), path.join('imports', one, '1')]
    expect(await filesBelow(root)).toEqual([...files, path.join('imports', other, '0')])
    const hour = 3_600_000
    const past = new Date(Date.now() - 2 * hour)
    await utimes(path.join(root, 'imports', one), past, past)
    await utimes(path.join(root, files[0]), past, past)
    expect((await folder.imports()).map(({ importId }) => importId)).toEqual([one, other])
    expect((await folder.imports())[0].changedAt.getTime()).toBeGreaterThan(Date.now() - hour)
    await utimes(path.join(root, files[1]), past, past)
    expect((await folder.imports())[0].changedAt.getTime()).toBeLessThan(Date.now() - hour)
    await folder.removeImport(one)
    expect(await filesBelow(root)).toEqual([path.join('imports', other, '0')])
  })

  test('count for the quota, and are never outside the folder', async () => {
    const folder = createDataFolder(root, { quotaBytes: 100, usageMs: 0 })
    await folder.writeImportFile(newId(), 0, bytesOf(60))
    await expect(folder.writeImportFile(newId(), 0, bytesOf(60))).rejects.toMatchObject({
      code: 'quota-exceeded',
    })
    await expect(folder.writeImportFile('../x', 0, bytesOf(1))).rejects.toThrow('not an id')
    await expect(folder.removeImport('..')).rejects.toThrow('not an id')
  })
})

describe('an upload', () => {
  test('is stored as it came, with its size and hash', async () => {
    const folder = createDataFolder(root)
    const chunks = [Buffer.from('ü'), Buffer.alloc(0), randomBytes(200_000), randomBytes(1)]
    for (const given of [chunks, []]) {
      const content = Buffer.concat(given)
      const written = await folder.writeUpload(corpus, source, Readable.from(given))
      const file = folder.uploadFile(corpus, source)
      expect(written).toEqual({ file, bytes: content.length, contentHash: sha256(content) })
      expect(await readFile(file)).toEqual(content)
    }
    expect(await filesBelow(root)).toEqual([path.join('uploads', corpus, source)])
  })

  test('may have exactly the size that is allowed', async () => {
    const folder = createDataFolder(root)
    expect(await upload(folder, 1_000, 1_000)).toMatchObject({ bytes: 1_000 })
    await expect(upload(folder, 1_001, 1_000)).rejects.toMatchObject({
      code: 'body-too-large',
      message: expect.stringContaining('1000 bytes'),
    })
    expect(await filesBelow(root)).toHaveLength(1)
  })

  test('that breaks off leaves nothing, and the one before it as it was', async () => {
    const folder = createDataFolder(root)
    await folder.writeUpload(corpus, source, Readable.from([Buffer.from('first')]))
    async function* broken() {
      yield randomBytes(100_000)
      throw new Error('the client has gone')
    }
    await expect(folder.writeUpload(corpus, source, broken())).rejects.toThrow('has gone')
    expect(await filesBelow(root)).toEqual([path.join('uploads', corpus, source)])
    expect(await readFile(folder.uploadFile(corpus, source), 'utf8')).toBe('first')
  })

  test('is invisible until it is whole', async () => {
    const folder = createDataFolder(root)
    const seen: boolean[] = []
    async function* stream() {
      yield Buffer.from('a')
      seen.push(existsSync(folder.uploadFile(corpus, source)))
      yield Buffer.from('b')
    }
    await folder.writeUpload(corpus, source, stream())
    expect(seen).toEqual([false])
    expect(await readFile(folder.uploadFile(corpus, source), 'utf8')).toBe('ab')
  })

  test('ends when it outgrows the quota, counted as it grows', async () => {
    const folder = createDataFolder(root, { quotaBytes: 10_000 })
    let given = 0
    async function* endless() {
      for (;;) {
        given += 1_000
        yield Buffer.alloc(1_000)
      }
    }
    await upload(folder, 4_500)
    await expect(folder.writeUpload(corpus, source, endless())).rejects.toMatchObject({
      code: 'quota-exceeded',
    })
    expect(given).toBe(6_000)
    expect(await folder.usage()).toBe(4_500)
    expect(await upload(folder, 5_500)).toMatchObject({ bytes: 5_500 })
    expect(await folder.room()).toBe(0)
    expect(await createDataFolder(root).usage()).toBe(10_000)
  })

  test('that grows beside others shares the quota with them', async () => {
    const folder = createDataFolder(root, { quotaBytes: 10_000 })
    const chunks = () => Readable.from(Array.from({ length: 4 }, () => Buffer.alloc(1_000)))
    const answers = await Promise.allSettled(
      Array.from({ length: 4 }, () => folder.writeUpload(corpus, newId(), chunks())),
    )
    const stored = answers.filter(({ status }) => status === 'fulfilled')
    expect(stored.length).toBeLessThanOrEqual(2)
    expect(await createDataFolder(root).usage()).toBe(4_000 * stored.length)
  })

  test.runIf(existsSync('/dev/full'))('onto a full disk is told so', async () => {
    const stream = Readable.from([Buffer.alloc(1_000)])
    await expect(writeStream('/dev/full', stream, () => {})).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('/dev'),
    })
  })
})

describe('the quota', () => {
  test('counts uploads, corpora and checkpoints, and nothing else', async () => {
    const folder = createDataFolder(root, { quotaBytes: 1_000_000 })
    expect(await folder.usage()).toBe(0)
    await put(path.join(folder.ingestionFolder(corpus, newId()), 'web', 'train.bin'), 3_000)
    await put(folder.checkpointFile(newId()), 200)
    await put(folder.uploadFile(corpus, source), 10)
    await put(path.join(root, 'postgresql', 'base'), 50_000)
    await put(path.join(root, 'elsewhere'), 7_000)
    await symlink(path.join(root, 'postgresql'), path.join(root, 'corpora', 'link'))
    const { size } = await lstat(path.join(root, 'corpora', 'link'))
    const counted = createDataFolder(root, { quotaBytes: 5_000 })
    expect(await counted.usage()).toBe(3_210 + size)
    expect(await counted.room()).toBe(5_000 - 3_210 - size)
  })

  test('says how much there is, how much may be and how much was wanted', async () => {
    const folder = createDataFolder(root, { quotaBytes: 2_000_000 })
    await upload(folder, 1_234_567)
    await folder.requireRoom(765_433)
    await expect(folder.requireRoom(765_434)).rejects.toMatchObject({
      code: 'quota-exceeded',
      message: 'The data folder has 1.18 MiB of its 1.91 MiB: 747 KiB more do not fit.',
    })
  })

  test('is none when it is not set', async () => {
    const folder = createDataFolder(root)
    expect(await folder.room()).toBe(Number.POSITIVE_INFINITY)
    await folder.requireRoom(1e18)
  })

  test('sees at once what was removed here, and in time what others wrote', async () => {
    const folder = createDataFolder(root, { quotaBytes: 10_000, usageMs: 1 })
    const kept = createDataFolder(root, { quotaBytes: 10_000, usageMs: 3_600_000 })
    expect(await kept.usage()).toBe(0)
    await folder.writeUpload(corpus, source, Readable.from([Buffer.alloc(900)]))
    await put(folder.checkpointFile(newId()), 100)
    await expect.poll(() => folder.usage()).toBe(1_000)
    expect(await kept.usage()).toBe(0)
    await kept.removeUpload(corpus, source)
    expect(await kept.usage()).toBe(100)
  })
})

describe('files', () => {
  test('are listed by the ids they are named by, with the time of their last change', async () => {
    const folder = createDataFolder(root)
    const [trial, ingestion, broken] = [newId(), newId(), newId()]
    const hour = 3_600_000
    await put(folder.uploadFile(corpus, source), 1, hour)
    await put(`${folder.uploadFile(corpus, broken)}.x.partial`, 1, 2 * hour)
    await put(path.join(folder.ingestionFolder(corpus, ingestion), 'manifest.json'), 1)
    await put(folder.checkpointFile(trial), 1, 3 * hour)
    await put(`${folder.checkpointFile(trial)}.tmp`, 1, hour)
    await put(path.join(root, 'trials', 'notes.txt'), 1)
    await put(path.join(root, 'uploads', 'notes', 'x'), 1)

    const age = ({ changedAt }: { changedAt: Date }) =>
      Math.round((Date.now() - changedAt.getTime()) / hour)
    const uploads = await folder.uploads()
    expect(uploads).toMatchObject([
      { corpusId: corpus, sourceId: source },
      { corpusId: corpus, sourceId: broken },
    ])
    expect(uploads.map(age)).toEqual([1, 2])
    const ingestions = await folder.ingestions()
    expect(ingestions).toMatchObject([{ corpusId: corpus, ingestionId: ingestion }])
    expect(ingestions.map(age)).toEqual([0])
    const checkpoints = await folder.checkpoints()
    expect(checkpoints).toMatchObject([{ trialId: trial }])
    expect(checkpoints.map(age)).toEqual([1])
  })

  test('are removed with what belongs to them, and only that', async () => {
    const folder = createDataFolder(root)
    const [other, trial, ingestion] = [newId(), newId(), newId()]
    await put(folder.uploadFile(corpus, source), 1)
    await put(`${folder.uploadFile(corpus, source)}.x.partial`, 1)
    await put(folder.uploadFile(corpus, other), 1)
    await put(path.join(folder.ingestionFolder(corpus, ingestion), 'a', 'b'), 1)
    await put(path.join(folder.ingestionFolder(corpus, other), 'a'), 1)
    await put(folder.checkpointFile(trial), 1)
    await put(`${folder.checkpointFile(trial)}.tmp`, 1)
    await put(folder.checkpointFile(other), 1)
    await put(folder.uploadFile(other, other), 1)

    await folder.removeUpload(corpus, source)
    await folder.removeIngestion(corpus, ingestion)
    expect(await folder.removeCheckpoint(trial)).toBe(true)
    expect(await filesBelow(root)).toEqual(
      [
        path.join('corpora', corpus, other, 'a'),
        path.join('trials', `${other}.checkpoint`),
        path.join('uploads', corpus, other),
        path.join('uploads', other, other),
      ].sort(),
    )
    await folder.removeCorpus(corpus)
    expect(await filesBelow(root)).toEqual([
      path.join('trials', `${other}.checkpoint`),
      path.join('uploads', other, other),
    ])
    for (const again of [folder.removeCorpus(corpus), folder.removeUpload(corpus, source)])
      await again
    await folder.removeIngestion(corpus, ingestion)
    expect(await folder.removeCheckpoint(trial)).toBe(false)
  })

  test('are removed while others are being written beside them', async () => {
    const folder = createDataFolder(root)
    const removed: unknown[] = []
    for (let round = 0; round < 30; round++) {
      // A writer whose folder goes away fails, and that is all right.
      const writing = Array.from({ length: 12 }, () => upload(folder, 10).catch(() => {}))
      removed.push(await folder.removeCorpus(corpus).catch((error) => error.code))
      await Promise.all(writing)
    }
    expect(removed.filter(Boolean)).toEqual([])
  })

  test('have no names but ids', async () => {
    const folder = createDataFolder(root)
    for (const name of ['..', '../..', 'a/b', '', '.', `${corpus}/..`]) {
      expect(() => folder.uploadFile(corpus, name)).toThrow(TypeError)
      expect(() => folder.ingestionFolder(name, corpus)).toThrow(TypeError)
      expect(() => folder.checkpointFile(name)).toThrow(TypeError)
      await expect(folder.removeCorpus(name)).rejects.toThrow(TypeError)
      await expect(folder.removeUpload(name, source)).rejects.toThrow(TypeError)
      await expect(folder.removeCheckpoint(name)).rejects.toThrow(TypeError)
      await expect(folder.writeUpload(name, source, Readable.from([]))).rejects.toThrow(TypeError)
    }
    expect(await filesBelow(root)).toEqual([])
  })
})

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_023, '1023 bytes'],
  [1_024, '1 KiB'],
  [1_000 * 1_024, '1000 KiB'],
  [1_048_063, '1023 KiB'],
  [1_048_064, '1 MiB'],
  [1_234_567, '1.18 MiB'],
  [64 * 2 ** 20, '64 MiB'],
  [10 * 2 ** 30, '10 GiB'],
  [12_345 * 2 ** 40, '12345 TiB'],
])('%d bytes read as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})
