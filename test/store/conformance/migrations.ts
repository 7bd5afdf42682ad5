import { type Migration, Migrator, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEFAULT_TRIAL_POLICY } from '../../../src/optimizers/trial-policy.js'
import { createDatabase, type Database } from '../../../src/store/database.js'
import type { OpenStore, PoolLike } from '../../../src/store/index.js'
import { MIGRATIONS } from '../../../src/store/migrations/index.js'
import { SCHEMA } from '../../../src/store/tables.js'
import { complete, news, reported, suggestOne } from '../support/external-trials.js'
import { completeTrial, corpusStudy, startSearch } from '../support/proxies.js'
import {
  finishFit,
  hashOf,
  importRows,
  newId,
  problem,
  readAll,
  runRow,
} from '../support/records.js'

/** An empty database without tables, which can be opened as a store afterwards. */
export interface EmptyDatabase {
  pool: PoolLike
  close(): Promise<void>
  reopen(): Promise<OpenStore>
}

const FIRST = ['0001-initial'] as const
const SECOND = [...FIRST, '0002-proxies'] as const

async function migrateTo(db: Database, names: readonly string[]): Promise<void> {
  const migrations: Record<string, Migration> = Object.fromEntries(
    names.map((name) => [name, MIGRATIONS[name]]),
  )
  const provider = { getMigrations: async () => migrations }
  const migrator = new Migrator({ db, provider, migrationTableSchema: SCHEMA })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

/** Rows as the first version wrote them. */
async function fillInitial(db: Database) {
  const ids = { study: newId(), import: newId(), staging: newId(), fit: newId(), job: newId() }
  const hash = hashOf('x')
  const statements = [
    sql`insert into mixwright.studies (id, name, labels, problem, problem_hash, method, params, seed)
      values (${ids.study}, 'old', '{"a":"b"}', ${JSON.stringify(problem)}, ${hash}, 'regmix', '{}', 42)`,
    sql`insert into mixwright.imports
        (id, study_id, state, role, holdout, fidelity, format, row_count, warnings, content_hash, completed_at)
      values
        (${ids.import}, ${ids.study}, 'complete', 'train', '', 'small', 'json', 2, '[]', ${hash}, now()),
        (${ids.staging}, ${ids.study}, 'staging', 'train', '', 'small', 'json', 0, '[]', ${hash}, null)`,
    sql`insert into mixwright.trials (study_id, import_id, role, holdout, fidelity, run_id, weights)
      values (${ids.study}, ${ids.import}, 'train', '', 'small', 'run-1', '{0.1,0.9}'),
        (${ids.study}, ${ids.import}, 'train', '', 'small', 'run-2', '{1,0}'),
        (${ids.study}, ${ids.staging}, 'train', '', 'small', 'run-3', '{1,0}')`,
    sql`insert into mixwright.measurements (trial_id, tokens, values)
      select id, case run_id when 'run-1' then 1e9 end, '{"z":0.1,"a":2}' from mixwright.trials order by id`,
    sql`insert into mixwright.jobs (id, kind, study_id, subject_id, state, finished_at)
      values (${ids.job}, 'fit', ${ids.study}, ${ids.fit}, 'succeeded', now())`,
    sql`insert into mixwright.fits (id, study_id, job_id, method, surrogate, params, seed, fidelity,
        import_ids, data_hash, recommendation, finished_at)
      values (${ids.fit}, ${ids.study}, ${ids.job}, 'regmix', 'auto', '{}', 1, 'small',
        array[${ids.import}]::uuid[], ${hash}, '{"weights":{"web":1}}', now())`,
    sql`insert into mixwright.fit_models (fit_id, position, metric, surrogate, model)
      values (${ids.fit}, 0, 'z', 'ridge', '{}')`,
  ]
  for (const statement of statements) await statement.execute(db)
  return ids
}

/** A search of two trials in the study, one of them completed, as the second version wrote them. */
async function fillProxies(db: Database, studyId: string) {
  const ids = { search: newId(), done: newId(), waiting: newId(), attempt: newId() }
  const statements = [
    sql`insert into mixwright.searches (id, study_id, purpose, fidelity, trials, seed)
      values (${ids.search}, ${studyId}, 'search', 'small', 2, 7)`,
    sql`insert into mixwright.trials (uid, study_id, search_id, position, role, holdout, fidelity, run_id, weights,
        seed, state, job_id, attempts, finished_at)
      values (${ids.done}, ${studyId}, ${ids.search}, 0, 'train', '', 'small', 'a', '{0.5,0.5}', 1, 'completed',
          ${newId()}, 1, now()),
        (${ids.waiting}, ${studyId}, ${ids.search}, 1, 'train', '', 'small', 'b', '{1,0}', 2, 'waiting',
          ${newId()}, 0, null)`,
    sql`insert into mixwright.attempts (id, trial_id, number, state, finished_at)
      select ${ids.attempt}, id, 1, 'completed', now() from mixwright.trials where uid = ${ids.done}`,
    sql`insert into mixwright.leases (id, attempt_id, holder, expires_at)
      values (${newId()}, ${ids.attempt}, 'w', now() - interval '1 day')`,
    sql`insert into mixwright.measurements (trial_id, attempt_id, tokens, values, standard_errors, details)
      select trial_id, id, 1000, '{"z":0.1}', '{}', '{}' from mixwright.attempts`,
  ]
  for (const statement of statements) await statement.execute(db)
  return ids
}

/** A database that an older version left goes on as if this version had written it. */
export function migrationConformance(name: string, open: () => Promise<EmptyDatabase>): void {
  describe(`migration of a database with rows, ${name}`, () => {
    let ids: Awaited<ReturnType<typeof fillInitial>>
    let store: OpenStore

    beforeAll(async () => {
      const empty = await open()
      const db = createDatabase(empty.pool)
      await migrateTo(db, FIRST)
      ids = await fillInitial(db)
      await empty.close()
      store = await empty.reopen()
    })
    afterAll(() => store?.close())

    test('keeps studies, runs and fits', async () => {
      expect(await store.studies.get(ids.study)).toMatchObject({
        name: 'old',
        problem,
        corpusId: null,
        ingestionId: null,
      })
      expect(await readAll(store, [ids.import])).toEqual([
        {
          runId: 'run-1',
          weights: [0.1, 0.9],
          values: { z: 0.1, a: 2 },
          tokens: 1e9,
          importId: ids.import,
        },
        {
          runId: 'run-2',
          weights: [1, 0],
          values: { z: 0.1, a: 2 },
          tokens: null,
          importId: ids.import,
        },
      ])
      expect(await store.fits.latestFinished(ids.study)).toMatchObject({
        id: ids.fit,
        jobId: ids.job,
        importIds: [ids.import],
        trialIds: [],
        recommendation: { weights: { web: 1 } },
      })
      expect(await store.fits.models(ids.fit)).toHaveLength(1)
    })

    test('gives every run an id of its own, and none of them to the trials of proxies', async () => {
      const { rows } = await store.pool.query(
        'select count(distinct uid) as ids, count(*) as runs from mixwright.trials where import_id = $1',
        [ids.import],
      )
      expect(rows).toEqual([{ ids: 2, runs: 2 }])
      expect(await store.trials.list({ studyId: ids.study, limit: 9 })).toEqual([])
    })

    test('lets old studies go on: runs, fits, searches', async () => {
      const study = (await store.studies.get(ids.study))!
      const more = await importRows(store, study, [runRow(9)])
      const fit = await finishFit(store, study, [ids.import, more.id])
      expect(await store.fits.latestFinished(study.id)).toEqual(fit)
      const { trials } = await startSearch(store, study, 2)
      await completeTrial(store, trials[0])
      expect(await store.trials.get(trials[0].id)).toMatchObject({ state: 'completed' })
      await corpusStudy(store)
      expect(await store.jobs.deleteEndedBefore(new Date(Date.now() + 60_000))).toBeGreaterThan(2)
      expect(await store.fits.get(ids.fit)).toMatchObject({ jobId: ids.job })
      expect(await store.studies.delete(study.id)).toBe(true)
      expect(await store.fits.get(ids.fit)).toBeUndefined()
    })
  })

  describe(`migration of a database with trials of proxies, ${name}`, () => {
    let study: string
    let ids: Awaited<ReturnType<typeof fillProxies>>
    let store: OpenStore

    beforeAll(async () => {
      const empty = await open()
      const db = createDatabase(empty.pool)
      await migrateTo(db, FIRST)
      study = (await fillInitial(db)).study
      await migrateTo(db, SECOND)
      ids = await fillProxies(db, study)
      await empty.close()
      store = await empty.reopen()
    })
    afterAll(() => store?.close())

    test('tells them from imported runs and from those of others', async () => {
      expect(await store.trials.list({ studyId: study, limit: 9 })).toMatchObject([
        { id: ids.done, evaluator: 'proxy', state: 'completed' },
        { id: ids.waiting, evaluator: 'proxy', state: 'waiting' },
      ])
      expect(await store.trials.getProxy(ids.done)).toMatchObject({ searchId: ids.search })
      expect(await store.trials.measurements(ids.done)).toMatchObject([{ tokens: 1000 }])
      const { states, offerable } = await store.externalTrials.counts(study)
      expect(Object.values(states).reduce((sum, count) => sum + count)).toBe(0)
      expect(offerable).toBe(0)
      const none = { expired: [], nextDueInMs: undefined }
      expect(await store.externalTrials.expireDue(news('expired'))).toEqual(none)
    })

    test('lets others run trials of the old study', async () => {
      expect(await store.studies.get(study)).toMatchObject({
        trialPolicy: DEFAULT_TRIAL_POLICY,
        externalTrials: 0,
      })
      const leased = await suggestOne(store, { id: study })
      expect(await complete(store, leased, { last: reported(5) })).toMatchObject({
        outcome: 'completed',
        trial: { position: 0 },
      })
      expect(await store.studies.delete(study)).toBe(true)
    })
  })
}
