import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenStore, openStore } from '../../src/store/index.js'
import type { ApiKeyRepository } from '../../src/store/key-contract.js'
import { drawKey, isKeyText } from '../../src/studies/key-text.js'
import { createKeyService, type Grantor } from '../../src/studies/keys.js'
import { newDataFolder } from '../store/support/data-folder.js'

const FORM = /^mix_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}$/
const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

let folder: string
let store: OpenStore
beforeAll(async () => {
  folder = await newDataFolder()
  store = await openStore({ dataFolder: folder })
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

/** Stands still until it is moved. */
class Clock {
  time = Date.now()
  readonly now = () => this.time
}

/** The repository, with a count of the looks into the store. */
function counted(): { apiKeys: ApiKeyRepository; looks: { keys: number; any: number } } {
  const looks = { keys: 0, any: 0 }
  const apiKeys: ApiKeyRepository = {
    ...store.apiKeys,
    findByHash: (hash) => {
      looks.keys++
      return store.apiKeys.findByHash(hash)
    },
    anyUnrevoked: () => {
      looks.any++
      return store.apiKeys.anyUnrevoked()
    },
  }
  return { apiKeys, looks }
}

/** Two services on one store, as in two processes, and their clock. */
function place() {
  const clock = new Clock()
  const { apiKeys, looks } = counted()
  const here = createKeyService({ apiKeys }, clock.now)
  const elsewhere = createKeyService(store, clock.now)
  return { clock, looks, here, elsewhere }
}

describe('a key', () => {
  test('is drawn anew each time, and has the form that it is known by', () => {
    const keys = Array.from({ length: 200 }, () => drawKey())
    expect(new Set(keys.map(({ prefix }) => prefix)).size).toBe(200)
    for (const { key, prefix } of keys) {
      expect(key).toMatch(FORM)
      expect(key.startsWith(`${prefix}_`)).toBe(true)
      expect(isKeyText(key)).toBe(true)
    }
    const used = new Set(keys.flatMap(({ key }) => [...key.slice(13)]))
    expect(used.size).toBe(62)
  })
})

describe('making a key', () => {
  test('gives the key, of which only the hash is stored', async () => {
    const { here } = place()
    const { record, key } = await here.create({ name: 'trainer', scopes: ['run', 'read'] })
    expect(key).toMatch(FORM)
    expect(record).toMatchObject({
      name: 'trainer',
      prefix: key.slice(0, 12),
      hash: createHash('sha256').update(key).digest('hex'),
      scopes: ['read', 'run'],
      createdBy: null,
      rotatedFrom: null,
      expiresAt: null,
    })
    expect(await here.get(record.id)).toEqual(record)
    const { rows } = await store.pool.query(
      'select row_to_json(k)::text as row from mixwright.api_keys k',
    )
    expect(rows.map(({ row }) => row).join('\n')).not.toContain(key.slice(13))
  })

  test('needs scopes that the grantor has, and a time ahead', async () => {
    const { here, clock } = place()
    const grantor: Grantor = (await here.create({ name: 'a', scopes: ['admin', 'read'] })).record
    const made = await here.create({ name: 'b', scopes: ['read'] }, grantor)
    expect(made.record.createdBy).toBe(grantor.id)
    const before = await here.list({ limit: 100 })
    await expect(
      here.create({ name: 'c', scopes: ['read', 'run'] }, grantor),
    ).rejects.toMatchObject({ code: 'scope-missing', message: expect.stringContaining('`run`') })
    const expiresAt = new Date(clock.now())
    await expect(here.create({ name: 'd', scopes: ['read'], expiresAt })).rejects.toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer: '/expiresAt' }],
    })
    expect(await here.list({ limit: 100 })).toEqual(before)
  })
})

describe('a key is recognised', () => {
  test('as the one that was made, and no other', async () => {
    const { here } = place()
    const { record, key } = await here.create({ name: 'a', scopes: ['read'] })
    expect(await here.authenticate(key)).toEqual(record)
    const last = key.at(-1) === 'A' ? 'B' : 'A'
    for (const other of [drawKey().key, key.slice(0, -1) + last, key.toLowerCase()]) {
      await expect(here.authenticate(other)).rejects.toMatchObject({ code: 'key-invalid' })
    }
  })

  test.each([
    '',
    'mix_',
    'x'.repeat(100_000),
    `${drawKey().key}\n`,
    ` ${drawKey().key}`,
    `${drawKey().key}a`,
    `mix_${'ä'.repeat(8)}_${'é'.repeat(43)}`,
    `mix_00000000_${"'".repeat(43)}`,
    `mix_00000000_${'\0'.repeat(43)}`,
  ])('without a look into the store when it has no such form: %j', async (text) => {
    const { here, looks } = place()
    await expect(here.authenticate(text)).rejects.toMatchObject({ code: 'key-invalid' })
    expect(looks.keys).toBe(0)
  })

  test('until it expires, to the moment', async () => {
    const { here, clock } = place()
    const expiresAt = new Date(clock.now() + 3 * SECOND)
    const { key } = await here.create({ name: 'a', scopes: ['read'], expiresAt })
    await here.authenticate(key)
    clock.time += 3 * SECOND - 1
    await here.authenticate(key)
    clock.time += 1
    await expect(here.authenticate(key)).rejects.toThrow(/expired/)
  })

  test('in this process not a moment longer than until it is revoked', async () => {
    const { here } = place()
    const { record, key } = await here.create({ name: 'a', scopes: ['read'] })
    await here.authenticate(key)
    await here.revoke(record.id)
    await expect(here.authenticate(key)).rejects.toThrow(/revoked/)
    expect(here.knows(key)).toBe(false)
  })

  test('for no more than 5 s after it was revoked elsewhere, without asking each time', async () => {
    const { here, elsewhere, clock, looks } = place()
    const { record, key } = await here.create({ name: 'a', scopes: ['read'] })
    await here.authenticate(key)
    await elsewhere.revoke(record.id)
    clock.time += 5 * SECOND - 1
    await here.authenticate(key)
    expect(looks.keys).toBe(1)
    clock.time += 1
    await expect(here.authenticate(key)).rejects.toMatchObject({ code: 'key-invalid' })
  })

  test('with one look by many who ask at once', async () => {
    const { here, looks } = place()
    const { key } = await here.create({ name: 'a', scopes: ['read'] })
    await Promise.all(Array.from({ length: 50 }, () => here.authenticate(key)))
    expect(looks.keys).toBe(1)
  })

  test('again after the store has failed', async () => {
    const { apiKeys } = counted()
    let fails = true
    const here = createKeyService({
      apiKeys: {
        ...apiKeys,
        findByHash: async (hash) => {
          if (fails) throw new Error('away')
          return store.apiKeys.findByHash(hash)
        },
      },
    })
    const { key } = await here.create({ name: 'a', scopes: ['read'] })
    await expect(here.authenticate(key)).rejects.toThrow('away')
    fails = false
    await here.authenticate(key)
  })

  test('and its use is noted', async () => {
    const { here, clock } = place()
    const { record, key } = await here.create({ name: 'a', scopes: ['read'] })
    expect(here.knows(key)).toBe(false)
    await here.authenticate(key)
    expect(here.knows(key)).toBe(true)
    await expect.poll(async () => (await here.get(record.id)).lastUsedAt).not.toBeNull()
    clock.time += 6 * SECOND
    expect((await here.authenticate(key)).lastUsedAt).not.toBeNull()
  })
})

describe('whether there is any key', () => {
  test('is asked every 5 s, and after every change made here', async () => {
    const { rows } = await store.pool.query(`select id from mixwright.api_keys`)
    for (const { id } of rows) await store.apiKeys.revoke(id)
    const { here, elsewhere, clock, looks } = place()
    expect(await here.anyUnrevoked()).toBe(false)
    const { record } = await elsewhere.create({ name: 'a', scopes: ['read'] })
    clock.time += 5 * SECOND - 1
    expect(await here.anyUnrevoked()).toBe(false)
    expect(looks.any).toBe(1)
    clock.time += 1
    expect(await here.anyUnrevoked()).toBe(true)
    await here.revoke(record.id)
    expect(await here.anyUnrevoked()).toBe(false)
    await here.create({ name: 'b', scopes: ['read'] })
    expect(await here.anyUnrevoked()).toBe(true)
  })
})

describe('a key that was authenticated', () => {
  test('is valid still until it expires or is revoked, by answers as fresh as is asked', async () => {
    const { here, elsewhere, clock, looks } = place()
    const expiresAt = new Date(clock.now() + DAY)
    const { record, key } = await elsewhere.create({ name: 'a', scopes: ['read'], expiresAt })
    await here.authenticate(key)
    clock.time += SECOND
    expect(await here.isStillValid(record, 1500)).toBe(true)
    expect(looks.keys).toBe(1)
    await elsewhere.revoke(record.id)
    clock.time += 499
    expect(await here.isStillValid(record, 1500)).toBe(true)
    clock.time += 1
    expect(await here.isStillValid(record, 1500)).toBe(false)
    await expect(here.authenticate(key)).rejects.toThrow(/revoked/)

    const short = await elsewhere.create({ name: 'b', scopes: ['read'], expiresAt })
    clock.time += DAY
    expect(await here.isStillValid(short.record, 1500)).toBe(false)
    expect(await here.isStillValid({ hash: 'unknown' }, 1500)).toBe(false)
  })
})

describe('rotating a key', () => {
  test('gives successors one origin, however often it is done', async () => {
    const { here, elsewhere } = place()
    const first = (await here.create({ name: 'a', scopes: ['read'] })).record
    let last = first
    for (let i = 0; i < 3; i++) {
      last = (await here.rotate(last.id, {})).record
      expect(await here.originOf(last)).toBe(first.id)
    }
    expect(await elsewhere.originOf(last)).toBe(first.id)
    expect(await here.originOf(first)).toBe(first.id)
  })

  test('makes a successor of the same name and scopes, and ends the old one at once', async () => {
    const { here } = place()
    const { record, key } = await here.create({ name: 'a', scopes: ['read', 'run'] })
    await here.authenticate(key)
    const successor = await here.rotate(record.id, {})
    expect(successor.record).toMatchObject({
      name: 'a',
      scopes: ['read', 'run'],
      rotatedFrom: record.id,
      expiresAt: null,
    })
    expect(await here.authenticate(successor.key)).toEqual(successor.record)
    await expect(here.authenticate(key)).rejects.toThrow(/expired/)
  })

  test('lets the old one go on for as long as is said', async () => {
    const { here, clock } = place()
    const { record, key } = await here.create({ name: 'a', scopes: ['read'] })
    await here.rotate(record.id, { overlapSeconds: 60 })
    clock.time += MINUTE - 1
    await here.authenticate(key)
    clock.time += 1
    await expect(here.authenticate(key)).rejects.toThrow(/expired/)
  })

  test('gives the successor as long a life as the old one was given, or another', async () => {
    const { here, clock } = place()
    const expiresAt = new Date(clock.now() + 90 * DAY)
    const make = () => here.create({ name: 'a', scopes: ['read'], expiresAt })
    const [first, second] = [(await make()).record, (await make()).record]
    clock.time += 80 * DAY
    const same = await here.rotate(first.id, { overlapSeconds: 60 })
    // The store's clock says when the first was made; it is the same machine's.
    const life = same.record.expiresAt!.getTime() - clock.now()
    expect(Math.abs(life - 90 * DAY)).toBeLessThan(MINUTE)
    const other = await here.rotate(second.id, { expiresAt: null })
    expect(other.record.expiresAt).toBeNull()
  })

  test('is refused when the grantor has less than the key, or it has ended', async () => {
    const { here } = place()
    const { record, key } = await here.create({ name: 'a', scopes: ['read', 'run'] })
    const grantor: Grantor = { id: record.id, scopes: ['admin', 'read'] }
    await expect(here.rotate(record.id, {}, grantor)).rejects.toMatchObject({
      code: 'scope-missing',
    })
    await here.authenticate(key)
    await here.revoke(record.id)
    await expect(here.rotate(record.id, {})).rejects.toMatchObject({ code: 'key-ended' })
  })
})

test('a key that nobody made is not found', async () => {
  const { here } = place()
  for (const id of ['0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511', 'x']) {
    for (const work of [here.get, here.revoke, (one: string) => here.rotate(one, {})]) {
      await expect(work(id)).rejects.toMatchObject({ code: 'key-not-found' })
    }
  }
})
