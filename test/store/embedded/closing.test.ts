import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openEmbeddedDatabase } from '../../../src/store/embedded/index.js'
import { newDataFolder } from '../support/data-folder.js'

describe('closing', () => {
  test('keeps the data, waits for borrowed clients only for a while, and can be repeated', async () => {
    const own = await newDataFolder()
    const first = await openEmbeddedDatabase(own, { closeGraceMs: 50 })
    await first.pool.query('create table public.kept as select 7 as seven')
    const forgotten = await first.pool.connect()
    await forgotten.query('begin')
    await forgotten.query('create table public.unfinished (x int)')
    await Promise.all([first.close(), first.close()])
    await expect(forgotten.query('select 1')).rejects.toThrow()
    await expect(first.pool.query('select 1')).rejects.toThrow(/after calling end on the pool/)

    const second = await openEmbeddedDatabase(own)
    expect((await second.pool.query('select * from public.kept')).rows).toEqual([{ seven: 7 }])
    await expect(second.pool.query('table public.unfinished')).rejects.toMatchObject({
      code: '42P01',
    })
    await second.close()
    await rm(own, { recursive: true })
  })

  test('follows at once when a statement breaks the database off, and everyone is told', async () => {
    const own = await newDataFolder()
    const first = await openEmbeddedDatabase(own)
    await first.pool.query('create table public.kept as select 7 as seven')
    const client = await first.pool.connect()
    await client.query('begin')
    await client.query('insert into public.kept values (8)')
    const waiting = first.pool.query('select 1')
    const reason = /the embedded database has failed: it broke off in the middle of a statement/
    // Deeper than the stack of the thread.
    const deep = client.query(`select 1${'+1'.repeat(100_000)}`)
    await expect(deep).rejects.toThrow(reason)
    await expect(waiting).rejects.toThrow(reason)
    await expect(first.pool.query('select 1')).rejects.toThrow(reason)
    client.release()
    await expect(first.close()).rejects.toThrow(reason)

    const second = await openEmbeddedDatabase(own)
    expect((await second.pool.query('select * from public.kept')).rows).toEqual([{ seven: 7 }])
    await second.close()
    await rm(own, { recursive: true })
  })

  test('happens at once when the folder is no longer this process’s, and everyone is told', async () => {
    const own = await newDataFolder()
    const orphaned = await openEmbeddedDatabase(own)
    const client = await orphaned.pool.connect()
    const failed = once(client, 'error')
    await rm(join(own, 'LOCK'))
    const reason = /the embedded database has failed: the lock of .* has been lost/
    expect((await failed)[0].message).toMatch(reason)
    await expect(client.query('select 1')).rejects.toThrow()
    await expect(orphaned.pool.query('select 1')).rejects.toThrow(reason)
    client.release()
    await expect(orphaned.close()).rejects.toThrow(reason)
    await rm(own, { recursive: true })
  })
})
