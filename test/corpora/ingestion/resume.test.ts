import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type IngestTask, ingestCorpus } from '../../../src/corpora/index.js'
import { createRng } from '../../../src/optimizers/random.js'
import { fingerprint } from '../support/corpus-contents.js'
import { folderWith, jsonLines, taskOf } from '../support/folders.js'
import { parquetFile } from '../support/parquet-writer.js'

/** Texts of some 400 bytes, of which some occur several times. */
function someTexts(count: number, seed: number): string[] {
  const rng = createRng(seed, 'texts')
  return Array.from({ length: count }, () => {
    const first = rng.integer(count * 4)
    return Array.from({ length: 60 }, (_, i) => ((first + i * i) % 997).toString(36)).join(' ')
  })
}

function someTask(): IngestTask {
  const lines = (seed: number) =>
    jsonLines(someTexts(2500, seed).map((text, i) => (i % 50 ? { text } : { body: text })))
  const folder = folderWith({
    'a.jsonl': lines(1),
    'b.jsonl.gz': gzipSync(lines(2)),
    'c.csv': `text\n${someTexts(2500, 3).join('\n')}\n`,
    'd.parquet': parquetFile([someTexts(1200, 4), someTexts(1300, 1)], { codec: 'gzip' }),
    'e/1.txt': 'one',
    'e/2.txt': 'two',
  })
  return taskOf(
    folder,
    { first: ['a.jsonl', 'b.jsonl.gz'], second: ['c.csv', 'd.parquet', 'e'] },
    { tokenizer: { kind: 'bpe', vocabularySize: 300 }, invalidDocuments: 'skip' },
  )
}

const elsewhere = (task: IngestTask): IngestTask => ({ ...task, folder: `${task.folder}-again` })

const progressOf = (task: IngestTask) =>
  JSON.parse(readFileSync(path.join(task.folder, 'progress.json'), 'utf8'))

/** Begins, and stops: after the first batch, or at the first look at the signal after some milliseconds. */
async function runABit(task: IngestTask, milliseconds = 0): Promise<boolean> {
  const controller = new AbortController()
  const stop = () => controller.abort(new Error('stopped by the test'))
  const running = ingestCorpus(task, { signal: controller.signal })
  const timer = milliseconds > 0 ? setTimeout(stop, milliseconds) : undefined
  if (!timer) stop()
  try {
    await running
    return true
  } catch (error) {
    expect((error as Error).message).toBe('stopped by the test')
    return false
  } finally {
    clearTimeout(timer)
  }
}

describe('an ingestion that was stopped', () => {
  test('again and again ends with the same bytes as one that was not', async () => {
    const task = someTask()
    await ingestCorpus(task)
    const stopped = elsewhere(task)
    const places: string[] = []
    do {
      await runABit(stopped)
      const { file, position } = progressOf(stopped)
      places.push(`${file}/${position.record}`)
    } while (places.at(-1)?.startsWith('0/'))
    // Every batch of the first file was stopped after once.
    expect(new Set(places).size).toBe(places.length)
    expect(places.length).toBeGreaterThan(2)
    for (let milliseconds = 2; !(await runABit(stopped, milliseconds)); ) milliseconds += 8
    expect(fingerprint(stopped.folder)).toEqual(fingerprint(task.folder))
  })

  test('by a full quota goes on once there is more, wherever that struck', async () => {
    const task = someTask()
    const { bytes } = await ingestCorpus(task)
    const cramped = elsewhere(task)
    let refused = 0
    for (let maxBytes = 100_000; ; maxBytes += 600_000) {
      const outcome = await ingestCorpus({ ...cramped, maxBytes }).catch((error) => error)
      if (!(outcome instanceof Error)) break
      expect(outcome).toMatchObject({ code: 'quota-exceeded' })
      refused++
    }
    expect(refused).toBeGreaterThan(bytes / 600_000)
    expect(fingerprint(cramped.folder)).toEqual(fingerprint(task.folder))
  })

  test('begins anew when a source has changed since', async () => {
    const task = someTask()
    await runABit(task)
    expect(progressOf(task).position.record).toBeGreaterThan(0)
    const file = path.join(task.allowedFolders[0], 'a.jsonl')
    writeFileSync(file, jsonLines([{ text: 'all there is' }]))
    utimesSync(file, 1e9, 1e9)
    await runABit(task)
    await ingestCorpus(task)
    const fresh = elsewhere(task)
    await ingestCorpus(fresh)
    expect(fingerprint(task.folder)).toEqual(fingerprint(fresh.folder))
  })

  test('begins anew when what it wrote is damaged', async () => {
    const task = someTask()
    await ingestCorpus(task)
    for (const [file, content] of [
      ['progress.json', '{"format":'],
      ['hashes.log', ''],
      ['0.train.spool', ''],
    ]) {
      const damaged = { ...task, folder: `${task.folder}-${file}` }
      await runABit(damaged)
      writeFileSync(path.join(damaged.folder, file), content)
      await ingestCorpus(damaged)
      expect(fingerprint(damaged.folder)).toEqual(fingerprint(task.folder))
    }
  })

  test('does not begin when it is stopped before', async () => {
    const task = someTask()
    await expect(ingestCorpus(task, { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
  })
})
