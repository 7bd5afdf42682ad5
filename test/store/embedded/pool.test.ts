import { rm } from 'node:fs/promises'
import fc from 'fast-check'
import type { PoolClient } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { POSTGRESQL_MAJOR } from '../../../src/store/embedded/format-stamp.js'
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../../src/store/embedded/index.js'
import { vacuumChangedTables } from '../../../src/store/embedded/maintenance.js'
import type { PoolLike } from '../../../src/store/pool.js'
import { newDataFolder } from '../support/data-folder.js'

let folder: string
let database: EmbeddedDatabase
let pool: PoolLike

beforeAll(async () => {
  folder = await newDataFolder()
  database = await openEmbeddedDatabase(folder)
  pool = database.pool
  await pool.query('create table public.entries (place serial, name text)')
})
afterAll(async () => {
  await database?.close()
  await rm(folder, { recursive: true })
})
beforeEach(() => pool.query('truncate public.entries'))

const insert = (via: PoolLike | PoolClient, name: string) =>
  via.query('insert into public.entries (name) values ($1)', [name])
const names = async () =>
  (await pool.query('select name from public.entries order by place')).rows.map(({ name }) => name)

/** Runs the work with borrowed clients and gives them back. */
async function withClients<T>(count: number, work: (clients: PoolClient[]) => Promise<T>) {
  const clients = await Promise.all(Array.from({ length: count }, () => pool.connect()))
  try {
    return await work(clients)
  } finally {
    for (const client of clients) client.release()
  }
}

/** Whether the promise is still open after another client could have had several turns. */
async function isWaiting(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open')
  const turns = new Promise((resolve) => setTimeout(resolve, 100, open))
  return (await Promise.race([promise, turns])) === open
}

describe('transactions', () => {
  test('never contain another client’s statement', () =>
    withClients(2, async ([a, b]) => {
      await a.query('begin')
      await insert(a, 'of a')
      const ofB = insert(b, 'of b')
      const ofPool = insert(pool, 'of the pool')
      expect(await isWaiting(Promise.race([ofB, ofPool]))).toBe(true)
      await a.query('rollback')
      await Promise.all([ofB, ofPool])
      expect(await names()).toEqual(['of b', 'of the pool'])
    }))

  test('wait for each other, first come first served', () =>
    withClients(3, async ([a, b, c]) => {
      await a.query('start transaction')
      const others = [b, c].map(async (client, index) => {
        await client.query('BEGIN')
        await insert(client, `${index} first`)
        await insert(client, `${index} second`)
        await client.query('COMMIT')
      })
      await insert(a, 'a')
      await a.query('end')
      await Promise.all(others)
      expect(await names()).toEqual(['a', '0 first', '0 second', '1 first', '1 second'])
    }))

  test('that have failed hold the database until they are ended', () =>
    withClients(2, async ([a, b]) => {
      await a.query('begin')
      await insert(a, 'of a')
      await expect(a.query('select * from nowhere')).rejects.toMatchObject({ code: '42P01' })
      const ofB = insert(b, 'of b')
      await expect(insert(a, 'more')).rejects.toMatchObject({ code: '25P02' })
      expect(await isWaiting(ofB)).toBe(true)
      expect((await a.query('commit')).command).toBe('ROLLBACK')
      await ofB
      expect(await names()).toEqual(['of b'])
    }))

  test('in one text of several statements are one turn', async () => {
    const texts = ['a', 'b', 'c'].map(
      (name) => `begin; insert into public.entries (name) values ('${name}');
        insert into public.entries (name) values ('${name}'); commit`,
    )
    await Promise.all(texts.map((text) => pool.query(text)))
    expect(await names()).toEqual(['a', 'a', 'b', 'b', 'c', 'c'])
  })

  test('are rolled back when their client is released', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await insert(client, 'lost')
    client.release()
    await insert(pool, 'kept')
    expect(await names()).toEqual(['kept'])
  })

  test('are rolled back when their client is destroyed', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await insert(client, 'lost')
    client.release(true)
    await insert(pool, 'kept')
    expect(await names()).toEqual(['kept'])
  })

  test('with savepoints keep the database', () =>
    withClients(2, async ([a, b]) => {
      await a.query('begin')
      await a.query('savepoint s')
      await insert(a, 'undone')
      await a.query('rollback to s')
      const ofB = insert(b, 'of b')
      expect(await isWaiting(ofB)).toBe(true)
      await insert(a, 'of a')
      await a.query('commit')
      await ofB
      expect(await names()).toEqual(['of a', 'of b'])
    }))

  test('of any interleaving leave exactly the rows of those that committed', async () => {
    const script = fc.record({
      rows: fc.integer({ min: 1, max: 4 }),
      end: fc.constantFrom('commit', 'rollback', 'fail', 'release', 'none'),
      pauses: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 6, maxLength: 6 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(script, { minLength: 2, maxLength: 6 }), async (scripts) => {
        await pool.query('truncate public.entries')
        await Promise.all(scripts.map((each, id) => play(each, `${id}`)))
        const expected = scripts.flatMap(({ rows, end }, id) =>
          end === 'commit' || end === 'none' ? Array(rows).fill(`${id}`) : [],
        )
        const found = await names()
        expect([...found].sort()).toEqual(expected.sort())
        scripts.forEach(({ rows, end }, id) => {
          if (end !== 'commit') return
          const first = found.indexOf(`${id}`)
          expect(found.slice(first, first + rows)).toEqual(Array(rows).fill(`${id}`))
        })
      }),
      { numRuns: 30 },
    )
  })

  interface Script {
    rows: number
    end: 'commit' | 'rollback' | 'fail' | 'release' | 'none'
    pauses: number[]
  }

  /** One client's part: its rows, in a transaction unless `end` is `none`, with pauses for others to step in. */
  async function play({ rows, end, pauses }: Script, name: string): Promise<void> {
    const pause = async (step: number) => {
      for (let turn = 0; turn < pauses[step]; turn += 1)
        await new Promise((resolve) => setImmediate(resolve))
    }
    const client = await pool.connect()
    await pause(0)
    if (end !== 'none') await client.query('begin')
    for (let row = 0; row < rows; row += 1) {
      await insert(client, name)
      await pause(1 + row)
    }
    if (end === 'fail') await client.query('select 1 / 0').catch(() => client.query('rollback'))
    if (end === 'commit' || end === 'rollback') await client.query(end)
    await pause(5)
    client.release()
  }
})

describe('a transaction left open', () => {
  test('ends after a while when others wait, with a warning and SQLSTATE 25P03', async () => {
    const warnings: string[] = []
    const own = await newDataFolder()
    const impatient = await openEmbeddedDatabase(own, {
      idleInTransactionTimeoutMs: 150,
      onWarning: (message) => warnings.push(message),
    })
    const forgetful = await impatient.pool.connect()
    const lost = new Promise<Error>((resolve) => forgetful.once('error', resolve))
    await forgetful.query('begin')
    await forgetful.query('create table public.lost (x int)')
    expect(await isWaiting(lost)).toBe(true)
    const { rows } = await impatient.pool.query(`select to_regclass('public.lost') as found`)
    expect(rows).toEqual([{ found: null }])
    expect(await lost).toMatchObject({ code: '25P03' })
    expect(warnings).toEqual([expect.stringContaining('left open and idle for 0.15 s')])
    await expect(forgetful.query('select 1')).rejects.toThrow()
    forgetful.release()
    await impatient.close()
    await rm(own, { recursive: true })
  })

  test('may stay open while nobody waits, and while it works', async () => {
    const own = await newDataFolder()
    const impatient = await openEmbeddedDatabase(own, { idleInTransactionTimeoutMs: 60 })
    const client = await impatient.pool.connect()
    await client.query('begin')
    await new Promise((resolve) => setTimeout(resolve, 150))
    const waiting = impatient.pool.query('select 2 as two')
    for (let step = 0; step < 4; step += 1) await client.query('select pg_sleep(0.03)')
    await client.query('commit')
    expect((await waiting).rows).toEqual([{ two: 2 }])
    client.release()
    await impatient.close()
    await rm(own, { recursive: true })
  })

  test('is left alone when those who waited have gone before its time was over', async () => {
    const own = await newDataFolder()
    const patient = await openEmbeddedDatabase(own, { idleInTransactionTimeoutMs: 300 })
    const [client, passing] = await Promise.all([patient.pool.connect(), patient.pool.connect()])
    await client.query('begin')
    const given = passing.query('select 1')
    passing.release(true)
    await expect(given).rejects.toThrow()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect((await client.query('select 2 as two')).rows).toEqual([{ two: 2 }])
    await client.query('commit')
    client.release()
    await patient.close()
    await rm(own, { recursive: true })
  })
})

describe('notifications', () => {
  function record(client: PoolClient): string[] {
    const heard: string[] = []
    client.on('notification', ({ channel, payload }) => heard.push(`${channel}:${payload}`))
    return heard
  }
  /** Notifications sent before are delivered once later statements of the clients have been answered. */
  const settle = (clients: PoolClient[]) =>
    Promise.all(clients.map((client) => client.query('select 1')))
  const notify = (channel: string, payload: string) =>
    pool.query('select pg_notify($1, $2)', [channel, payload])

  test('go to the clients that listen on their channel, and to no other', () =>
    withClients(3, async (clients) => {
      const [a, b, c] = clients
      const heard = clients.map(record)
      await a.query('listen one')
      await b.query('LISTEN "Two"; listen one')
      await notify('one', '1')
      await notify('Two', '2')
      await c.query(`notify one, 'from c'`)
      await settle(clients)
      expect(heard).toEqual([['one:1', 'one:from c'], ['one:1', 'Two:2', 'one:from c'], []])
    }))

  test('stop with UNLISTEN for that client alone', () =>
    withClients(2, async (clients) => {
      const [a, b] = clients
      const heard = clients.map(record)
      for (const client of clients) await client.query('listen news; listen rest')
      await a.query('unlisten news')
      await notify('news', '1')
      await notify('rest', '2')
      await b.query('unlisten *')
      await notify('rest', '3')
      await settle(clients)
      expect(heard).toEqual([
        ['rest:2', 'rest:3'],
        ['news:1', 'rest:2'],
      ])
    }))

  test('stop when the client is released, and do not reach the next borrower', async () => {
    const client = await pool.connect()
    const heard = record(client)
    await client.query('listen news')
    client.release()
    await withClients(pool.totalCount, async (clients) => {
      const others = clients.map(record)
      await notify('news', '1')
      await settle(clients)
      expect(others.flat()).toEqual([])
    })
    expect(heard).toEqual([])
  })

  test('wait for the commit, and never come from a rollback', () =>
    withClients(2, async ([listener, sender]) => {
      const heard = record(listener)
      await listener.query('listen news')
      await sender.query('begin')
      await sender.query(`notify news, 'undone'`)
      await sender.query('rollback')
      await sender.query('begin')
      await sender.query(`notify news, 'done'`)
      expect(heard).toEqual([])
      await sender.query('commit')
      await settle([listener])
      expect(heard).toEqual(['news:done'])
    }))

  test('follow a LISTEN only once it has committed', () =>
    withClients(1, async ([client]) => {
      const heard = record(client)
      await client.query('begin')
      await client.query('listen undone')
      await client.query('rollback')
      await notify('undone', '1')
      await client.query('begin')
      await client.query('listen done')
      await client.query('commit')
      await notify('done', '2')
      await settle([client])
      expect(heard).toEqual(['done:2'])
    }))

  test('of a thousand senders all arrive, in order', () =>
    withClients(1, async ([client]) => {
      const heard = record(client)
      await client.query('listen many')
      await Promise.all(Array.from({ length: 1000 }, (_, index) => notify('many', `${index}`)))
      await settle([client])
      expect(heard).toEqual(Array.from({ length: 1000 }, (_, index) => `many:${index}`))
    }))
})

describe('the session', () => {
  test('runs the PostgreSQL version of the stamp', async () => {
    expect(database.serverVersion).toMatch(new RegExp(`^${POSTGRESQL_MAJOR}\\.`))
  })

  test('keeps one client’s settings from the next', async () => {
    const path = async () => (await pool.query('show search_path')).rows[0].search_path
    expect(await path()).toBe('bullmq,public')
    await withClients(1, async ([client]) => {
      await client.query('set search_path to nowhere')
      expect(await path()).toBe('bullmq,public')
      await client.query('begin; set local search_path to elsewhere')
      expect((await client.query('show search_path')).rows).toEqual([{ search_path: 'elsewhere' }])
      await client.query('commit')
    })
    expect(await path()).toBe('bullmq,public')
  })

  test('reads values by one rule', async () => {
    const { rows } = await pool.query(
      `select 9007199254740991::int8 as safe, 9007199254740992::int8 as large, -7::int8 as negative,
        1.5::float8 as float, 12.30::numeric as exact, '2026-01-02T03:04:05.678+01'::timestamptz as time,
        '{"b":1,"a":[null]}'::json as json, array[0.1, 2]::float8[] as floats, array['x']::text[] as texts,
        null::int8 as nothing, true as truth`,
    )
    expect(rows).toEqual([
      {
        safe: 9007199254740991,
        large: '9007199254740992',
        negative: -7,
        float: 1.5,
        exact: '12.30',
        time: new Date('2026-01-02T02:04:05.678Z'),
        json: { b: 1, a: [null] },
        floats: [0.1, 2],
        texts: ['x'],
        nothing: null,
        truth: true,
      },
    ])
  })

  test('reports rows, counts and errors as a server does', async () => {
    const inserted = await pool.query(`insert into public.entries (name) values ('a'), ('b')`)
    expect(inserted).toMatchObject({ command: 'INSERT', rowCount: 2, rows: [] })
    await pool.query(
      'create table if not exists public.keyed (id int constraint only_one primary key)',
    )
    await insertKey(1)
    await expect(insertKey(1)).rejects.toMatchObject({
      code: '23505',
      constraint: 'only_one',
      table: 'keyed',
      detail: 'Key (id)=(1) already exists.',
    })
    const several = await pool.query('select 1 as one; select 2 as two')
    expect((several as unknown as { rows: unknown }[]).map(({ rows }) => rows)).toEqual([
      [{ one: 1 }],
      [{ two: 2 }],
    ])
  })
  const insertKey = (id: number) => pool.query('insert into public.keyed values ($1)', [id])

  test('refuses what one shared session cannot do', async () => {
    await expect(pool.query('copy public.entries (name) from stdin')).rejects.toMatchObject({
      code: '0A000',
    })
    await expect(pool.query({ name: 'mine', text: 'select 1' })).rejects.toMatchObject({
      code: '0A000',
    })
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('carries large texts and results in both directions', async () => {
    const text = 'ü🙂'.repeat(1_000_000)
    const { rows } = await pool.query('select $1::text as text, length($1::text) as length', [text])
    expect(rows[0].length).toBe(2_000_000)
    expect(rows[0].text === text).toBe(true)
  })

  test('vacuums the tables that have changed much', async () => {
    await pool.query(
      `insert into public.entries (name) select 'x' from generate_series(1, 1500); delete from public.entries`,
    )
    expect(await vacuumChangedTables(pool)).toContain('public.entries')
    expect(await vacuumChangedTables(pool)).not.toContain('public.entries')
  })
})
