import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { type OpenStore, openStore } from '../../src/store/index.js'
import { createPool } from '../../src/store/pool.js'
import { backupRoundTrip } from '../store/conformance/backup.js'
import { storeConformance } from '../store/conformance.js'
import { newDataFolder } from '../store/support/data-folder.js'
import { newImport, newStudy, runRows } from '../store/support/records.js'

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
  for (const name of databases) await onServer(`drop database ${name} with (force)`)
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true })))
})

storeConformance('PostgreSQL', openServer)
backupRoundTrip('embedded to PostgreSQL', openEmbedded, openServer)
backupRoundTrip('PostgreSQL to embedded', openServer, openEmbedded)

describe('a PostgreSQL server', () => {
  test('is migrated once by several processes that start together', async () => {
    const databaseUrl = await newDatabase()
    const stores = await Promise.all(Array.from({ length: 5 }, () => openStore({ databaseUrl })))
    const { rows } = await stores[0].pool.query('select name from mixwright.kysely_migration')
    expect(rows).toEqual([{ name: '0001-initial' }])
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
