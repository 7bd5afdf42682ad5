import { describe, expect, test } from 'vitest'
import type { CorpusRecord, OpenStore } from '../../../src/store/index.js'
import {
  corpusStudy,
  ingest,
  manifest,
  newCorpus,
  newIngestion,
  newSource,
} from '../support/proxies.js'
import { newId, newStudy } from '../support/records.js'

const LONG_AGO = new Date(0)
const DAY_MS = 86_400_000

export function corpusConformance(store: () => OpenStore): void {
  const corpora = () => store().corpora
  const anyCorpus = (change = {}) => corpora().insert(newCorpus(change))
  const endIngestion = async (jobId: string, state: 'failed' | 'cancelled' = 'failed') => {
    await store().jobs.claim(jobId, 'w', LONG_AGO)
    await store().jobs.end(jobId, 'w', { state, problem: null })
  }

  describe('corpora', () => {
    test('come back as they were given', async () => {
      const given = newCorpus({ owner: 'ö', retentionDays: 0.5 })
      const inserted = await corpora().insert(given)
      expect(inserted).toMatchObject({ ...given, ingestionId: null, version: 1 })
      expect(inserted.createdAt).toBeInstanceOf(Date)
      expect(await corpora().get(given.id)).toEqual(inserted)
      expect(JSON.stringify(inserted.settings)).toBe(JSON.stringify(given.settings))
    })

    test('are listed newest first, page by page', async () => {
      const ids = [(await anyCorpus()).id, (await anyCorpus()).id, (await anyCorpus()).id]
      const page = await corpora().list({ limit: 2 })
      const rest = await corpora().list({ limit: 1, after: page[1].id })
      expect([...page, ...rest].map(({ id }) => id)).toEqual(ids.reverse())
    })

    test('that are not there are undefined, also for ids that can be nobody’s', async () => {
      for (const id of [newId(), 'corpus-1']) {
        expect(await corpora().get(id)).toBeUndefined()
        expect(await corpora().delete(id)).toBe(false)
        expect(await corpora().sources(id)).toEqual([])
        expect(await corpora().ingestions(id)).toEqual([])
        expect(await corpora().ingestion(id)).toBeUndefined()
        expect(await corpora().addSource(newSource({ id }))).toBeUndefined()
        expect(await corpora().removeSource(id, newId())).toBe(false)
        expect(await corpora().studiesOf(id)).toEqual([])
        const ingestion = newIngestion({ ...newCorpus({ id }) } as CorpusRecord)
        expect(await corpora().requestIngestion(ingestion)).toBeUndefined()
        expect(await corpora().finishIngestion(id, 'w', manifest)).toBe(false)
        expect(await corpora().deleteIngestion(id)).toBe(false)
      }
    })

    test('keep sources in the order they were added, until they are removed', async () => {
      const corpus = await anyCorpus()
      const path = { kind: 'path', path: 'texts/**/*.txt', bytes: null, contentHash: null } as const
      const given = [newSource(corpus), newSource(corpus, path), newSource(corpus)]
      const added = []
      for (const source of given) added.push(await corpora().addSource(source))
      expect(added).toMatchObject(given)
      expect(await corpora().sources(corpus.id)).toEqual(added)
      expect((await corpora().get(corpus.id))!.version).toBe(4)

      const other = await anyCorpus()
      expect(await corpora().removeSource(other.id, given[1].id)).toBe(false)
      expect(await corpora().removeSource(corpus.id, given[1].id)).toBe(true)
      expect(await corpora().removeSource(corpus.id, given[1].id)).toBe(false)
      expect(await corpora().sources(corpus.id)).toEqual([added[0], added[2]])
    })

    test('keep a source while an ingestion that reads it is at work', async () => {
      const corpus = await anyCorpus()
      const [read, other] = [newSource(corpus), newSource(corpus)]
      await corpora().addSource(read)
      await corpora().addSource(other)
      const { job } = (await corpora().requestIngestion(newIngestion(corpus, [read])))!
      expect(await corpora().removeSource(corpus.id, read.id)).toBe(false)
      expect(await corpora().removeSource(corpus.id, other.id)).toBe(true)
      await endIngestion(job.id)
      expect(await corpora().removeSource(corpus.id, read.id)).toBe(true)
    })

    test('are ingested once at a time, whoever asks', async () => {
      for (let round = 0; round < 4; round += 1) {
        const corpus = await anyCorpus()
        const given = Array.from({ length: 6 }, () => newIngestion(corpus, [{ id: newId() }]))
        const answers = await Promise.all(given.map((one) => corpora().requestIngestion(one)))
        const [{ ingestion, job }, ...others] = answers.filter((answer) => answer !== undefined)
        expect(others).toEqual([])
        const asked = given.find(({ id }) => id === ingestion.id)
        expect(ingestion).toMatchObject({ ...asked, manifest: null, finishedAt: null })
        expect(job).toMatchObject({ kind: 'ingest', studyId: null, subjectId: ingestion.id })
        expect(job.state).toBe('queued')
        expect(await corpora().ingestions(corpus.id)).toEqual([ingestion])
        const rejected = given.find(({ id }) => id !== ingestion.id)!
        expect(await store().jobs.get(rejected.jobId)).toBeUndefined()
      }
    })

    test('take the manifest with the end of the job, from the worker that holds it, once', async () => {
      const corpus = await anyCorpus()
      const { ingestion, job } = (await corpora().requestIngestion(newIngestion(corpus)))!
      expect(await corpora().finishIngestion(ingestion.id, 'w', manifest)).toBe(false)
      await store().jobs.claim(job.id, 'w', LONG_AGO)
      expect(await corpora().finishIngestion(ingestion.id, 'other', manifest)).toBe(false)
      expect(await corpora().get(corpus.id)).toMatchObject({ ingestionId: null })
      expect(await corpora().finishIngestion(ingestion.id, 'w', manifest)).toBe(true)
      expect(await corpora().finishIngestion(ingestion.id, 'w', manifest)).toBe(false)

      const finished = await corpora().ingestion(ingestion.id)
      expect(finished).toMatchObject({ manifest, settings: corpus.settings })
      expect(finished!.finishedAt).toBeInstanceOf(Date)
      expect(await corpora().get(corpus.id)).toMatchObject({ ingestionId: ingestion.id })
      expect(await store().jobs.get(job.id)).toMatchObject({ state: 'succeeded', worker: null })
    })

    test('name the newest ingestion that succeeded', async () => {
      const corpus = await anyCorpus()
      await ingest(store(), corpus)
      const newest = await ingest(store(), corpus)
      const { job } = (await corpora().requestIngestion(newIngestion(corpus)))!
      await endIngestion(job.id)
      expect(await corpora().get(corpus.id)).toMatchObject({ ingestionId: newest.id })
      expect((await corpora().list({ limit: 1 }))[0].ingestionId).toBe(newest.id)
    })

    test('give up ingestions that nothing needs, and no other', async () => {
      const { corpus, ingestion: used } = await corpusStudy(store())
      const old = await ingest(store(), corpus)
      const { ingestion: failed, job } = (await corpora().requestIngestion(newIngestion(corpus)))!
      const superseded = async () =>
        (await corpora().supersededIngestions()).filter(({ corpusId }) => corpusId === corpus.id)
      expect(await superseded()).toEqual([])
      await endIngestion(job.id, 'cancelled')
      expect(await superseded()).toEqual([{ id: failed.id, corpusId: corpus.id }])

      const newest = await ingest(store(), corpus)
      const { ingestion: queued } = (await corpora().requestIngestion(newIngestion(corpus)))!
      expect((await superseded()).map(({ id }) => id)).toEqual([old.id, failed.id])
      for (const { id } of [used, newest, queued])
        expect(await corpora().deleteIngestion(id)).toBe(false)
      expect(await corpora().deleteIngestion(old.id)).toBe(true)
      expect(await corpora().deleteIngestion(failed.id)).toBe(true)
      const left = (await corpora().ingestions(corpus.id)).map(({ id }) => id)
      expect(left).toEqual([queued.id, newest.id, used.id])
    })

    test('are deleted with all that belongs to them once no study uses them', async () => {
      const { corpus, ingestion, study } = await corpusStudy(store())
      await corpora().addSource(newSource(corpus))
      expect(await corpora().studiesOf(corpus.id)).toEqual([{ id: study.id, name: study.name }])
      expect(await corpora().delete(corpus.id)).toBe(false)
      await store().studies.delete(study.id)
      expect(await corpora().studiesOf(corpus.id)).toEqual([])

      const { job } = (await corpora().requestIngestion(newIngestion(corpus)))!
      expect(await corpora().delete(corpus.id)).toBe(false)
      await endIngestion(job.id)
      expect(await corpora().delete(corpus.id)).toBe(true)
      expect(await corpora().get(corpus.id)).toBeUndefined()
      expect(await corpora().sources(corpus.id)).toEqual([])
      expect(await corpora().ingestion(ingestion.id)).toBeUndefined()
      expect(await store().jobs.get(job.id)).toBeUndefined()
      expect(await store().jobs.get(ingestion.jobId)).toBeUndefined()
    })

    test('are not deleted from under a study that is made at the same moment', async () => {
      for (let round = 0; round < 5; round += 1) {
        const corpus = await anyCorpus()
        const { id: ingestionId } = await ingest(store(), corpus)
        const study = newStudy({ corpusId: corpus.id, ingestionId })
        const [deleted, made] = await Promise.all([
          corpora().delete(corpus.id),
          store()
            .studies.insert(study)
            .then(Boolean, (error) => error.code === '23503' && false),
        ])
        expect([deleted, made].filter(Boolean)).toHaveLength(1)
        expect((await corpora().get(corpus.id)) === undefined).toBe(deleted)
      }
    })

    test('belong to a study together with an ingestion of theirs', async () => {
      const { corpus } = await corpusStudy(store())
      const { ingestion: foreign } = await corpusStudy(store())
      const half = newStudy({ corpusId: corpus.id })
      await expect(store().studies.insert(half)).rejects.toMatchObject({ code: '23514' })
      const mixed = newStudy({ corpusId: corpus.id, ingestionId: foreign.id })
      await expect(store().studies.insert(mixed)).rejects.toMatchObject({ code: '23503' })
    })

    test('expire when nobody used or changed them for as long as they are kept', async () => {
      const forever = await anyCorpus()
      const corpus = await anyCorpus({ retentionDays: 2 })
      const { id: ingestionId } = await ingest(store(), corpus)
      const study = await store().studies.insert(newStudy({ corpusId: corpus.id, ingestionId }))
      const expiredIn = async (days: number) =>
        (await corpora().expired(new Date(Date.now() + days * DAY_MS)))
          .map(({ id }) => id)
          .filter((id) => [forever.id, corpus.id].includes(id))
      expect(await expiredIn(9)).toEqual([])
      await store().studies.delete(study.id)
      expect(await expiredIn(1.9)).toEqual([])
      expect(await expiredIn(2.1)).toEqual([corpus.id])
      const { job } = (await corpora().requestIngestion(newIngestion(corpus)))!
      expect(await expiredIn(2.1)).toEqual([])
      await endIngestion(job.id)
      expect(await expiredIn(2.1)).toEqual([corpus.id])
    })

    test('count the time of their retention from the last change, use or end of an ingestion', async () => {
      const age = (table: string, column: string, id: string) =>
        store().pool.query(
          `update mixwright.${table} set ${column} = now() - interval '3 days' where id = $1`,
          [id],
        )
      const isExpired = async (id: string) =>
        (await corpora().expired(new Date())).some((corpus) => corpus.id === id)
      const corpus = await anyCorpus({ retentionDays: 2 })
      const { ingestion, job } = (await corpora().requestIngestion(newIngestion(corpus)))!
      await endIngestion(job.id)
      await age('corpora', 'updated_at', corpus.id)
      expect(await isExpired(corpus.id)).toBe(false)
      await age('jobs', 'finished_at', ingestion.jobId)
      expect(await isExpired(corpus.id)).toBe(true)

      await corpora().addSource(newSource(corpus))
      expect(await isExpired(corpus.id)).toBe(false)
      const newest = await ingest(store(), corpus)
      const ids = { corpusId: corpus.id, ingestionId: newest.id }
      const study = await store().studies.insert(newStudy(ids))
      await age('corpora', 'updated_at', corpus.id)
      await age('jobs', 'finished_at', newest.jobId)
      await store().studies.delete(study.id)
      expect(await isExpired(corpus.id)).toBe(false)
      await age('corpora', 'updated_at', corpus.id)
      expect(await isExpired(corpus.id)).toBe(true)
    })
  })
}
