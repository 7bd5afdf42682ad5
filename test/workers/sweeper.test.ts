import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDataFolder, type DataFolder } from '../../src/store/data-folder.js'
import { type OpenStore, openStore } from '../../src/store/index.js'
import { type SweeperOptions, sweep } from '../../src/workers/sweeper.js'
import { completeTrial, ingest, newCorpus, newSource } from '../store/support/proxies.js'
import { requestBacktest } from './backtest-fixtures.js'
import { createRecordingLogger } from './recording-logger.js'
import { insertSearch } from './trial-fixtures.js'

const DAY = 24 * 60 * 60 * 1000

let folder: string
let store: OpenStore
let dataFolder: DataFolder
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mixwright-sweeper-'))
  store = await openStore({ dataFolder: path.join(folder, 'data') })
})
beforeEach(() => {
  dataFolder = createDataFolder(path.join(folder, uuid()))
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const sweepWith = (change: Partial<SweeperOptions> = {}) =>
  sweep({ store, dataFolder, logger: createRecordingLogger(), ...change })

/** A file, or a folder with a file, that was last changed so many days ago. */
function leave(place: string, days: number, isFolder = false): string {
  mkdirSync(isFolder ? place : path.dirname(place), { recursive: true })
  writeFileSync(isFolder ? path.join(place, 'file') : place, 'content')
  const then = new Date(Date.now() - days * DAY)
  utimesSync(place, then, then)
  return place
}

describe('a round of the sweeper', () => {
  test('removes files of imports whose process has died', async () => {
    const at = (days: number) => leave(path.join(dataFolder.root, 'imports', uuid(), '0'), days)
    const [old, young] = [at(1), at(0)]
    // A file that still grows keeps the others of its import.
    const beside = path.join(path.dirname(young), '1')
    leave(beside, 1)
    const then = new Date(Date.now() - DAY)
    utimesSync(path.dirname(old), then, then)
    utimesSync(path.dirname(young), then, then)
    expect(await sweepWith()).toMatchObject({ orphans: 1 })
    expect([old, young, beside].map(existsSync)).toEqual([false, true, true])
  })

  test('removes checkpoints of ended and deleted trials when they are old, and never of others', async () => {
    const { trials } = await insertSearch(store, 3)
    await completeTrial(store, trials[0])
    await completeTrial(store, trials[1])
    const at = (trialId: string, days: number) => leave(dataFolder.checkpointFile(trialId), days)
    const [old, young, waiting, unknown] = [
      at(trials[0].id, 2),
      at(trials[1].id, 0.5),
      at(trials[2].id, 100),
      at(uuid(), 2),
    ]
    expect(await sweepWith()).toMatchObject({ checkpoints: 2 })
    expect([old, young, waiting, unknown].map(existsSync)).toEqual([false, true, true, false])
    expect(await sweepWith({ retention: { checkpointDays: 0.25 } })).toMatchObject({
      checkpoints: 1,
    })
    expect([young, waiting].map(existsSync)).toEqual([false, true])
  })

  test('removes superseded ingestions with their folders, and keeps the newest and those that studies use', async () => {
    const { studyId, ingestionId } = await insertSearch(store, 1)
    const study = (await store.studies.get(studyId))!
    const corpus = (await store.corpora.get(study.corpusId as string))!
    const [superseded, newest] = [await ingest(store, corpus), await ingest(store, corpus)]
    const folders = [ingestionId, superseded.id, newest.id].map((id) =>
      leave(dataFolder.ingestionFolder(corpus.id, id), 0, true),
    )
    expect(await sweepWith()).toMatchObject({ ingestions: 1, orphans: 0 })
    expect(folders.map(existsSync)).toEqual([true, false, true])
    expect(await store.corpora.ingestion(superseded.id)).toBeUndefined()
    expect(await store.corpora.ingestion(ingestionId)).toBeDefined()
  })

  test('removes corpora past their retention with all their files, and no others', async () => {
    const [expired, kept, forever] = [
      await store.corpora.insert(newCorpus({ retentionDays: 0 })),
      await store.corpora.insert(newCorpus({ retentionDays: 1 })),
      await store.corpora.insert(newCorpus()),
    ]
    const uploads = []
    for (const corpus of [expired, kept, forever]) {
      const source = (await store.corpora.addSource(newSource(corpus)))!
      uploads.push(leave(dataFolder.uploadFile(corpus.id, source.id), 0))
    }
    // The time of the change is older than the moment of the round by then.
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await sweepWith()).toMatchObject({ corpora: 1 })
    expect(uploads.map(existsSync)).toEqual([false, true, true])
    expect(await store.corpora.get(expired.id)).toBeUndefined()
  })

  test('removes uploads and ingestions that have no row when they are old enough', async () => {
    const corpus = await store.corpora.insert(newCorpus())
    const source = (await store.corpora.addSource(newSource(corpus)))!
    const places = [
      leave(dataFolder.uploadFile(corpus.id, source.id), 1),
      leave(dataFolder.uploadFile(corpus.id, uuid()), 1),
      leave(dataFolder.uploadFile(uuid(), uuid()), 1),
      leave(dataFolder.uploadFile(corpus.id, uuid()), 0),
      leave(dataFolder.ingestionFolder(corpus.id, uuid()), 1, true),
      leave(dataFolder.ingestionFolder(corpus.id, uuid()), 0, true),
    ]
    expect(await sweepWith()).toMatchObject({ orphans: 3 })
    expect(places.map(existsSync)).toEqual([true, false, false, true, false, true])
  })

  test('removes old events and ended jobs', async () => {
    const { studyId, trials } = await insertSearch(store, 2)
    await store.events.append(studyId, 'search-cancelled', {})
    await completeTrial(store, trials[0])
    expect(await sweepWith()).toMatchObject({ events: 0, jobs: 0 })
    expect(await store.events.after(studyId, 0, 10)).toHaveLength(1)
    await new Promise((resolve) => setTimeout(resolve, 5))
    const { events, jobs } = await sweepWith({ retention: { eventDays: 0, jobDays: 0 } })
    expect(events).toBeGreaterThanOrEqual(1)
    expect(jobs).toBeGreaterThanOrEqual(1)
    expect(await store.events.after(studyId, 0, 10)).toEqual([])
    expect(await store.jobs.get(trials[0].jobId)).toBeUndefined()
    expect(await store.trials.get(trials[0].id)).toMatchObject({ state: 'completed' })
    expect(await store.jobs.get(trials[1].jobId)).toMatchObject({ state: 'queued' })
  })

  test('removes the runs that backtests brought once their jobs have ended', async () => {
    const [ended, waiting] = [await requestBacktest(store), await requestBacktest(store)]
    await store.jobs.requestCancel(ended.jobId)
    expect(await sweepWith()).toMatchObject({ backtestRuns: 1 })
    expect(await store.backtests.runs(ended.backtestId)).toEqual([])
    expect(await store.backtests.runs(waiting.backtestId)).toHaveLength(1)
  })

  test('says what it removed, and nothing when there was nothing', async () => {
    leave(dataFolder.checkpointFile(uuid()), 2)
    const logger = createRecordingLogger()
    await sweepWith({ logger })
    await sweepWith({ logger })
    expect(logger.lines).toEqual([
      expect.objectContaining({
        level: 'info',
        fields: expect.objectContaining({ checkpoints: 1 }),
      }),
    ])
  })
})
