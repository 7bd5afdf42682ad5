import { Readable, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenStore, restoreBackup, writeBackup } from '../../../src/store/index.js'
import {
  finishFit,
  importRows,
  newImport,
  newStudy,
  queueFit,
  readAll,
  runRow,
  runRows,
} from '../support/records.js'

/** Puts something of every kind into the store. */
export async function fillStore(store: OpenStore) {
  const study = await store.studies.insert(newStudy({ owner: 'ö', labels: { a: 'b"\n\\c' } }))
  await store.studies.insert(newStudy({ params: { bytes: [5e-324, 0.1 + 0.2] } }))
  const train = await importRows(store, study, runRows(1500))
  const holdout = await importRows(store, study, [runRow(1, { runId: 'é\n"' })], {
    role: 'holdout',
    holdout: 'later',
    warnings: [{ code: 'x' }],
  })
  const staging = newImport(study)
  await store.imports.begin(staging)
  await store.imports.appendRows(staging.id, JSON.stringify(runRows(5, 9_000)))

  const finished = await finishFit(store, study, [train.id, holdout.id])
  const running = await queueFit(store, study, [train.id])
  await store.jobs.claim(running.job.id, 'a worker', new Date(0))
  const failed = await queueFit(store, study)
  await store.jobs.claim(failed.job.id, 'a worker', new Date(0))
  const problem = { code: 'fit-failed' }
  await store.jobs.end(failed.job.id, 'a worker', { state: 'failed', problem })
  return { study, train, holdout, staging, finished, running, failed }
}

/** The dump of the store as bytes. */
export async function dumpOf(store: OpenStore): Promise<Buffer> {
  const chunks: Buffer[] = []
  const output = new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(chunk)
      done()
    },
  })
  await writeBackup(store, output)
  return Buffer.concat(chunks)
}

/** A dump of one store loaded into another brings everything across. */
export function backupRoundTrip(
  name: string,
  openSource: () => Promise<OpenStore>,
  openTarget: () => Promise<OpenStore>,
): void {
  describe(`backup and restore, ${name}`, () => {
    let source: OpenStore
    let target: OpenStore
    let filled: Awaited<ReturnType<typeof fillStore>>
    const progress: { done: number; total: number }[] = []

    beforeAll(async () => {
      source = await openSource()
      target = await openTarget()
      filled = await fillStore(source)
      const dump = await dumpOf(source)
      await restoreBackup(target, Readable.from([dump]), (step) => progress.push(step))
    })
    afterAll(async () => {
      await source?.close()
      await target?.close()
    })

    test('brings studies, imports and their rows across', async () => {
      const { study, train, holdout } = filled
      expect(await target.studies.list({ limit: 9 })).toEqual(
        await source.studies.list({ limit: 9 }),
      )
      expect(await target.imports.list(study.id)).toEqual([train, holdout])
      const ids = [train.id, holdout.id]
      expect(await readAll(target, ids)).toEqual(await readAll(source, ids))
    })

    test('brings fits and models across', async () => {
      const { study, finished } = filled
      expect(await target.fits.latestFinished(study.id)).toEqual(finished)
      expect(await target.fits.models(finished.id)).toEqual(await source.fits.models(finished.id))
    })

    test('queues the jobs that were running and keeps those that had ended', async () => {
      const { running, failed, finished } = filled
      const job = await target.jobs.get(running.job.id)
      expect(job).toMatchObject({ state: 'queued', worker: null, heartbeatAt: null, attempts: 1 })
      for (const id of [failed.job.id, finished.jobId])
        expect(await target.jobs.get(id)).toEqual(await source.jobs.get(id))
      expect((await target.jobs.findOrphans(new Date(0))).map(({ id }) => id)).toEqual([
        running.job.id,
      ])
    })

    test('leaves out imports that had not come to their end', async () => {
      expect(await target.imports.get(filled.staging.id)).toBeUndefined()
      const { rows } = await target.pool.query('select count(*) from mixwright.trials')
      expect(rows).toEqual([{ count: 1501 }])
    })

    test('lets the store go on: new rows, new fits', async () => {
      const { study } = filled
      const more = await importRows(target, study, runRows(5, 9_000))
      expect(await readAll(target, [more.id])).toHaveLength(5)
      const fit = await finishFit(target, study, [more.id])
      expect(await target.fits.latestFinished(study.id)).toEqual(fit)
    })

    test('tells how far it is', () => {
      expect(progress.length).toBeGreaterThan(3)
      const done = progress.map((step) => step.done)
      expect(done).toEqual([...done].sort((a, b) => a - b))
    })
  })
}
