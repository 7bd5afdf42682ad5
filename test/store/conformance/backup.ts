import { Readable, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenStore, restoreBackup, writeBackup } from '../../../src/store/index.js'
import { finishBacktest, queueBacktest } from '../support/backtests.js'
import {
  attachWaiting,
  complete,
  expire,
  externalStudy,
  fail,
  measure,
  news,
  reported,
  suggest,
  suggestOne,
  takeOffer,
} from '../support/external-trials.js'
import {
  beginTrial,
  completeTrial,
  corpusStudy,
  newCorpus,
  newIngestion,
  newSource,
  startSearch,
} from '../support/proxies.js'
import {
  finishFit,
  hashOf,
  importRows,
  newFit,
  newId,
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
  const backtests = {
    finished: await finishBacktest(store, study, [train.id]),
    queued: (await queueBacktest(store)).backtest,
  }
  const proxies = await fillProxies(store)
  const externals = await fillExternals(store)
  return {
    study,
    train,
    holdout,
    staging,
    finished,
    running,
    failed,
    backtests,
    proxies,
    externals,
  }
}

/** A key, and five trials of others: completed late, its replicate, running, failed and waiting. */
async function fillExternals(store: OpenStore) {
  const key = await store.apiKeys.insert({
    id: newId(),
    name: 'cluster',
    prefix: 'mix_ab',
    hash: hashOf('key'),
    scopes: ['run', 'read'],
    createdBy: null,
    rotatedFrom: null,
    expiresAt: new Date(Date.now() + 3_600_000),
  })
  await store.idempotency.begin('me', 'once', hashOf('request'), 1_000)
  const study = await externalStudy(store, { maxAttempts: 7 })
  const late = await suggestOne(store, study)
  await measure(store, late)
  await expire(store, late)
  const heir = (await takeOffer(store, study, 'b'))!
  await complete(store, late, { last: reported(2_000, 5e-324) })
  await complete(store, heir, { last: reported(3_000) })
  const [running, failed] = await suggest(store, study, 'ü', 2)
  await store.externalTrials.requestStop(running.trial.id, 'why', { type: 'asked', data: {} })
  await fail(store, failed)
  await attachWaiting(store, study)
  return { key, study, running }
}

/** Corpora at every stage, and a search of five trials: completed, set aside, cancelled, being trained and waiting. */
async function fillProxies(store: OpenStore) {
  const { corpus, study } = await corpusStudy(store)
  await store.corpora.addSource(newSource(corpus))
  const path = { kind: 'path', bytes: null, contentHash: null } as const
  const source = await store.corpora.addSource(newSource(corpus, path))
  const { job: ingesting } = (await store.corpora.requestIngestion(
    newIngestion(corpus, [source!]),
  ))!
  const unused = await store.corpora.insert(newCorpus({ owner: 'ö', retentionDays: 0.5 }))

  const { search, trials } = await startSearch(store, study, 5, {
    fidelities: ['proxy', 'other'],
    budget: 0.1 + 0.2,
    parallel: 2,
  })
  await completeTrial(store, trials[0])
  const attempt = await beginTrial(store, trials[1])
  const end = { state: 'failed', problem: { code: 'training-diverged' }, retry: false } as const
  await store.trials.endAttempt(attempt.id, 'a trainer', end)
  await store.jobs.requestCancel(trials[2].jobId)
  await beginTrial(store, trials[3])
  for (const type of ['search-started', 'trial-completed'])
    await store.events.append(study.id, type, { z: 'ü"\n', a: 0.1 + 0.2 })
  const { search: earlier } = await startSearch(store, (await corpusStudy(store)).study, 1)
  await store.trials.cancelSearch(earlier.id)
  await store.searches.end(earlier.id, ['running'], { state: 'failed', problem: { code: 'x' } })
  return { corpus, unused, study, search, earlier, trials, ingesting }
}

/** Everything that is known of a search and its trials. */
async function searchOf(store: OpenStore, search: { id: string; studyId: string }) {
  const trials = await store.trials.list({ studyId: search.studyId, limit: 99 })
  const attempts = (await Promise.all(trials.map(({ id }) => store.trials.attempts(id)))).flat()
  return {
    search: await store.searches.get(search.id),
    trials,
    attempts,
    leases: await Promise.all(attempts.map(({ id }) => store.trials.leases(id))),
    measurements: await Promise.all(trials.map(({ id }) => store.trials.measurements(id))),
    events: await store.events.after(search.studyId, 0, 99),
  }
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

    test('brings backtests and the runs that they brought across', async () => {
      for (const backtest of Object.values(filled.backtests)) {
        expect(await target.backtests.get(backtest.id)).toEqual(backtest)
        expect(await target.backtests.runs(backtest.id)).toEqual(
          await source.backtests.runs(backtest.id),
        )
      }
      expect(await target.backtests.runs(filled.backtests.queued.id)).toHaveLength(2)
    })

    test('queues the jobs that were running and keeps those that had ended', async () => {
      const { running, failed, finished } = filled
      const job = await target.jobs.get(running.job.id)
      expect(job).toMatchObject({ state: 'queued', worker: null, heartbeatAt: null, attempts: 1 })
      for (const id of [failed.job.id, finished.jobId])
        expect(await target.jobs.get(id)).toEqual(await source.jobs.get(id))
      const { trials, ingesting } = filled.proxies
      expect((await target.jobs.findOrphans(new Date(0))).map(({ id }) => id)).toEqual(
        [
          running.job.id,
          filled.backtests.queued.jobId,
          ingesting.id,
          trials[3].jobId,
          trials[4].jobId,
        ].sort(),
      )
    })

    test('brings corpora with their sources and ingestions across', async () => {
      const { corpus, unused } = filled.proxies
      for (const { id } of [corpus, unused]) {
        expect(await target.corpora.get(id)).toEqual(await source.corpora.get(id))
        expect(await target.corpora.sources(id)).toEqual(await source.corpora.sources(id))
        expect(await target.corpora.ingestions(id)).toEqual(await source.corpora.ingestions(id))
      }
      expect(await target.corpora.sources(corpus.id)).toHaveLength(2)
      expect(await target.corpora.ingestions(corpus.id)).toHaveLength(2)
      expect((await target.corpora.get(corpus.id))!.ingestionId).not.toBeNull()
    })

    test('brings searches with their trials, attempts, measurements and events across', async () => {
      const { search, earlier } = filled.proxies
      for (const one of [search, earlier])
        expect(await searchOf(target, one)).toEqual(await searchOf(source, one))
      const { trials, attempts, leases, measurements, events } = await searchOf(target, search)
      expect(trials.map(({ state }) => state)).toEqual([
        'completed',
        'failed',
        'cancelled',
        'running',
        'waiting',
      ])
      expect([attempts.length, leases.flat().length]).toEqual([3, 3])
      expect([measurements.flat().length, events.length]).toEqual([2, 2])
    })

    test('brings trials of others and keys across, but no requests that may be sent again', async () => {
      const { key, study, running } = filled.externals
      const of = { id: 'none', studyId: study.id }
      expect(await searchOf(target, of)).toEqual(await searchOf(source, of))
      const { trials, attempts } = await searchOf(target, of)
      expect(trials.map(({ state }) => state)).toEqual([
        'completed',
        'completed',
        'running',
        'failed',
        'waiting',
      ])
      expect(trials[1].replicateOf).toBe(trials[0].id)
      expect(attempts[1]).toMatchObject({ state: 'superseded', replicateId: trials[1].id })
      expect(await target.studies.get(study.id)).toMatchObject({
        trialPolicy: { maxAttempts: 7 },
        externalTrials: 5,
      })
      expect(await target.apiKeys.findByHash(key.hash)).toEqual(key)
      const { rows } = await target.pool.query('select from mixwright.idempotency_keys')
      expect(rows).toEqual([])

      expect(await measure(target, running)).toMatchObject({ outcome: 'kept' })
      const { nextDueInMs } = await target.externalTrials.expireDue(news('expired'), study.id)
      expect(nextDueInMs).toBeGreaterThan(0)
      expect(await suggest(target, study, 'new')).toMatchObject([{ trial: { position: 5 } }])
    })

    test('takes up trials that were being trained', async () => {
      const { trials, study, search } = filled.proxies
      const attempt = await completeTrial(target, trials[3], 'a new trainer')
      expect(attempt.number).toBe(2)
      const states = (await target.trials.attempts(trials[3].id)).map(({ state }) => state)
      expect(states).toEqual(['lost', 'completed'])
      await completeTrial(target, trials[4], 'a new trainer')
      expect(await target.searches.beginFit(search.id, newFit(study))).toBe(true)
      const [last] = (await target.events.after(study.id, 0, 99)).slice(-1)
      const event = await target.events.append(study.id, 'fit-started', {})
      expect(event!.id).toBeGreaterThan(last.id)
    })

    test('leaves out imports that had not come to their end', async () => {
      expect(await target.imports.get(filled.staging.id)).toBeUndefined()
      const { rows } = await target.pool.query(
        `select count(*) from mixwright.trials where evaluator = 'table'`,
      )
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
