import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openEmbeddedDatabase } from '../../../src/store/embedded/index.js'
import { openStore } from '../../../src/store/index.js'
import { newDataFolder } from '../support/data-folder.js'

let folder: string

beforeEach(async () => {
  folder = await newDataFolder()
})
afterEach(() => rm(folder, { recursive: true }))

const stampFile = () => join(folder, 'FORMAT.json')
const readStamp = async () => JSON.parse(await readFile(stampFile(), 'utf8'))

async function changeStamp(change: object): Promise<void> {
  await writeFile(stampFile(), JSON.stringify({ ...(await readStamp()), ...change }))
}

describe('the format stamp of a data folder', () => {
  test('says what wrote it', async () => {
    expect(await readStamp()).toEqual({
      format: 'mixwright-data',
      version: 1,
      postgresql: 18,
      pglite: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    })
  })

  test.each([
    ['another version of the folder', { version: 2 }],
    ['another PostgreSQL', { postgresql: 17 }],
  ])('of %s is refused, with the way out', async (_, change) => {
    await changeStamp(change)
    const refused = openEmbeddedDatabase(folder)
    await expect(refused).rejects.toMatchObject({ name: 'FormatMismatchError' })
    await expect(refused).rejects.toThrow(/mixwright backup.*mixwright restore/)
    expect(existsSync(join(folder, 'LOCK'))).toBe(false)
  })

  test('of another PGlite with the same PostgreSQL is taken, and renewed', async () => {
    const { pglite } = await readStamp()
    await changeStamp({ pglite: '0.0.1' })
    await (await openEmbeddedDatabase(folder)).close()
    expect((await readStamp()).pglite).toBe(pglite)
  })

  test('is not taken from anything else', async () => {
    await writeFile(stampFile(), '{"format":"something"}')
    await expect(openEmbeddedDatabase(folder)).rejects.toThrow(/is not the stamp of a data folder/)
    await rm(stampFile())
    await expect(openEmbeddedDatabase(folder)).rejects.toThrow(
      /holds a database but no FORMAT.json/,
    )
  })

  test('comes after a database is whole: what a broken start left is made anew', async () => {
    await rm(join(folder, 'postgresql'), { recursive: true })
    await rm(stampFile())
    await mkdir(join(folder, 'postgresql', 'base'), { recursive: true })
    await writeFile(join(folder, 'INITIALISING'), '')
    const database = await openEmbeddedDatabase(folder)
    expect((await database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await database.close()
    expect(existsSync(join(folder, 'INITIALISING'))).toBe(false)
    expect((await readStamp()).format).toBe('mixwright-data')
  })
})

describe('the tables', () => {
  test('of a newer program are refused', async () => {
    const store = await openStore({ dataFolder: folder })
    await store.pool.query(
      `insert into mixwright.kysely_migration (name, timestamp) values ('9999-future', 'later')`,
    )
    await store.close()
    await expect(openStore({ dataFolder: folder })).rejects.toMatchObject({
      name: 'NewerDatabaseError',
      message: expect.stringContaining('9999-future'),
    })
    expect(existsSync(join(folder, 'LOCK'))).toBe(false)
  })

  test('keep what is in them when the store is opened again', async () => {
    const first = await openStore({ dataFolder: folder })
    const { rows } = await first.pool.query('select name from mixwright.kysely_migration')
    await first.close()
    const second = await openStore({ dataFolder: folder })
    expect((await second.pool.query('select name from mixwright.kysely_migration')).rows).toEqual(
      rows,
    )
    await second.close()
  })
})
