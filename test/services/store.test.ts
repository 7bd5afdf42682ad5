import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { createDatabase } from '../../src/store/database.js'
import { type OpenStore, openStore } from '../../src/store/index.js'
import { MIGRATIONS } from '../../src/store/migrations/index.js'
import { createPool } from '../../src/store/pool.js'
import { createEventRepository } from '../../src/store/repositories/event-repository.js'
import { backupRoundTrip } from '../store/conformance/backup.js'
import { migrationConformance } from '../store/conformance/migrations.js'
import { storeConformance } from '../store/conformance.js'
import { newDataFolder } from '../store/support/data-folder.js'
import { beginTrial, newSearch, newTrial } from '../store/support/proxies.js'
import { newId, newImport, newStudy, runRows } from '../store/support/records.js'

const { DATABASE_URL: serverUrl } = process.env
if (!serverUrl) throw new Error('DATABASE_URL is missing: run `npm run test:services`')

const databases: string[] = []
const folders: string[] = []

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(statement)
  await client.end()
}

/** Address of a new, empty database on the server. */
async function newDatabase(): Promise<string> {
  const name = `store_${randomBytes(8).toString('hex')}`
  await onServer(`create database ${name}`)
  databases.push(name)
  const url = new URL(serverUrl!)
  url.pathname = `/${name}`
  return url.href
}

const openServer = async (): Promise<OpenStore> => openStore({ databaseUrl: await newDatabase() })

async function openEmbedded(): Promise<OpenStore> {
  const dataFolder = await newDataFolder()
  folders.push(dataFolder)
  return openStore({ dataFolder })
}

afterAll(async () => {
  for (const name of databases) await onServer(`drop database if exists ${name} with (force)`)
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true })))
})

storeConformance('PostgreSQL', openServer)
migrationConformance('PostgreSQL', async () => {
  const databaseUrl = await newDatabase()
  const pool = createPool({ connectionString: databaseUrl })
  return {
    pool,
    close: () => pool.end(),
    reopen: () => openStore({ databaseUrl }),
  }
})
backupRoundTrip('embedded to PostgreSQL', openEmbedded, openServer)
backupRoundTrip('PostgreSQL to embedded', openServer, openEmbedded)

/** How many statements wait for a lock. */
async function lockWaits(store: OpenStore): Promise<number | null> {
  const { rowCount } = await store.pool.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rowCount
}

describe('a PostgreSQL server', () => {
  test('is migrated once by several processes that start together', async () => {
    const databaseUrl = await newDatabase()
    const stores = await Promise.all(Array.from({ length: 5 }, () => openStore({ databaseUrl })))
    const { rows } = await stores[0].pool.query(
      'select name from mixwright.kysely_migration order by name',
    )
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(MIGRATIONS))
    await Promise.all(stores.map((store) => store.close()))
  })

  test('keeps staging imports of other processes when one more opens', async () => {
    const databaseUrl = await newDatabase()
    const first = await openStore({ databaseUrl })
    const study = await first.studies.insert(newStudy())
    const record = newImport(study)
    await first.imports.begin(record)
    const second = await openStore({ databaseUrl })
    await first.imports.appendRows(record.id, JSON.stringify(runRows(2)))
    await first.imports.complete(record.id, { rowCount: 2, warnings: [] })
    expect((await second.imports.get(record.id))?.state).toBe('complete')
    await Promise.all([first.close(), second.close()])
  })

  test('makes events visible in the order of their ids, whoever commits first', async () => {
    const store = await openServer()
    const { id } = await store.studies.insert(newStudy())
    const tx = await createDatabase(store.pool).startTransaction().execute()
    const first = (await createEventRepository(tx, store.events).append(id, 'first', {}))!
    let isWritten = false
    const second = store.events.append(id, 'second', {}).finally(() => {
      isWritten = true
    })
    await expect.poll(() => lockWaits(store)).toBe(1)
    expect([isWritten, await store.events.after(id, 0, 9)]).toEqual([false, []])
    await tx.commit().execute()
    expect((await second)!.id).toBeGreaterThan(first.id)
    expect(await store.events.after(id, 0, 9)).toEqual([first, await second])
    await store.close()
  })

  test('deletes a study without a deadlock while its search is cancelled', async () => {
    const store = await openServer()
    const study = await store.studies.insert(newStudy())
    const search = newSearch(study)
    // What lies first in the table, and in the index by run id, is not what comes first by id.
    const [later, earlier] = [newId(), newId()].sort().reverse()
    const trials = [newTrial(search, 0, { id: later }), newTrial(search, 1, { id: earlier })]
    await store.searches.insert(search, trials)
    await beginTrial(store, trials[0])
    const lock = 'select from mixwright.trials where uid = $1 for no key update'

    const cancelling = await store.pool.connect()
    await cancelling.query('begin')
    await cancelling.query(lock, [trials[0].id])
    const deletion = store.studies.delete(study.id)
    await expect.poll(() => lockWaits(store)).toBe(1)
    await cancelling.query(lock, [trials[1].id])
    await cancelling.query('commit')
    cancelling.release()
    expect(await deletion).toBe(true)
    await store.close()
  })

  test('tells of events of other processes, also after the connection was lost', async () => {
    const databaseUrl = await newDatabase()
    const [here, there] = await Promise.all([
      openStore({ databaseUrl }),
      openStore({ databaseUrl }),
    ])
    const { id } = await there.studies.insert(newStudy())
    const heard: (string | undefined)[] = []
    const others: (string | undefined)[] = []
    const stop = await here.events.listen((study) => heard.push(study))
    await here.events.listen((study) => others.push(study))
    await there.events.append(id, 'news', {})
    await expect.poll(() => heard).toEqual([id])
    for (let loss = 0; loss < 2; loss += 1) {
      const { rows } = await there.pool.query(
        `select pg_terminate_backend(pid) as ended from pg_stat_activity
         where datname = current_database() and query = 'listen mixwright_events'`,
      )
      expect(rows).toEqual([{ ended: true }])
      await expect.poll(() => heard.at(-1), { timeout: 30_000 }).toBeUndefined()
      await there.events.append(id, 'news', {})
      await expect.poll(() => heard.at(-1)).toBe(id)
    }
    expect(heard).toEqual([id, undefined, id, undefined, id])
    expect(others).toEqual(heard)
    await stop()
    await Promise.all([here.close(), there.close()])
  })

  test('goes on telling who listened, although another could not begin meanwhile', async () => {
    const databaseUrl = await newDatabase()
    const name = new URL(databaseUrl).pathname.slice(1)
    const store = await openStore({ databaseUrl })
    const { id } = await store.studies.insert(newStudy())
    const heard: (string | undefined)[] = []
    await store.events.listen((study) => heard.push(study))
    await onServer(`alter database ${name} allow_connections false`)
    await onServer(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    )
    const isRefused = () =>
      store.events
        .listen(() => undefined)
        .then(
          () => false,
          () => true,
        )
    await expect.poll(isRefused).toBe(true)
    await onServer(`alter database ${name} allow_connections true`)
    await expect.poll(() => heard, { timeout: 30_000 }).toEqual([undefined])
    await store.events.append(id, 'news', {})
    await expect.poll(() => heard).toEqual([undefined, id])
    await store.close()
  })

  test('is a refusal for who begins to listen while it is gone', async () => {
    const store = await openServer()
    await onServer(`drop database ${new URL(store.location).pathname.slice(1)} with (force)`)
    await expect(store.events.listen(() => undefined)).rejects.toThrow(/does not exist/)
    await store.close()
  })

  test('says where the data are, without the password', async () => {
    const url = new URL(await newDatabase())
    const store = await openStore({ databaseUrl: url.href })
    expect(store.kind).toBe('postgresql')
    expect(store.location).toContain(url.pathname)
    expect(url.password === '' || !store.location.includes(url.password)).toBe(true)
    await store.close()
    await store.close()
  })

  test('that does not answer is an error at once', async () => {
    await expect(
      openStore({ databaseUrl: 'postgresql://user:secret@127.0.0.1:1/none' }),
    ).rejects.toThrow(/ECONNREFUSED/)
  })

  test('gets clients back clean: released transactions and listeners are ended', async () => {
    const pool = createPool({ connectionString: await newDatabase(), max: 1 })
    await pool.query('create table entries (name text)')
    const careless = await pool.connect()
    const heard: unknown[] = []
    careless.on('notification', (message) => heard.push(message))
    await careless.query('listen news')
    await careless.query('begin')
    await careless.query(`insert into entries values ('lost')`)
    careless.release()
    await pool.query(`notify news`)
    expect((await pool.query('select * from entries')).rows).toEqual([])
    expect(heard).toEqual([])
    await pool.end()
  })

  test('reads values by the same rule as the embedded database', async () => {
    const text = `select 9007199254740991::int8 as safe, 9007199254740992::int8 as large,
      12.30::numeric as exact, '2026-01-02T03:04:05.678+01'::timestamptz as time,
      '{"b":1,"a":[null]}'::json as json, array[0.1, 2]::float8[] as floats, count(*) as count`
    const stores = await Promise.all([openServer(), openEmbedded()])
    const [server, embedded] = await Promise.all(stores.map(({ pool }) => pool.query(text)))
    expect(embedded.rows).toEqual(server.rows)
    expect(embedded.rows[0]).toMatchObject({ safe: 9007199254740991, large: '9007199254740992' })
    await Promise.all(stores.map((store) => store.close()))
  })
})
