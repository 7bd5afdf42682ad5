import { describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import type { ApiKeyRepository } from '../../../src/store/key-contract.js'
import { hashOf, newId } from '../support/records.js'

type NewKey = Parameters<ApiKeyRepository['insert']>[0]

const MINUTE_MS = 60_000

function newKey(change: Partial<NewKey> = {}): NewKey {
  const id = newId()
  return {
    id,
    name: 'a key',
    prefix: `mix_${id}`,
    hash: hashOf(id),
    scopes: ['write', 'read'],
    createdBy: null,
    rotatedFrom: null,
    expiresAt: null,
    ...change,
  }
}

const fromNow = (milliseconds: number) => new Date(Date.now() + milliseconds)

/** Run first in a store: whether any key counts is a fact about all of them. */
export function apiKeyConformance(store: () => OpenStore): void {
  const keys = () => store().apiKeys

  describe('API keys', () => {
    test('count as long as they are not revoked, expired or not', async () => {
      expect(await keys().anyUnrevoked()).toBe(false)
      for (const expiresAt of [fromNow(-1000), fromNow(MINUTE_MS)]) {
        const { id } = await keys().insert(newKey({ expiresAt }))
        expect(await keys().anyUnrevoked()).toBe(true)
        await keys().revoke(id)
        expect(await keys().anyUnrevoked()).toBe(false)
      }
      const other = await keys().insert(newKey())
      expect(await keys().anyUnrevoked()).toBe(true)
      await keys().revoke(other.id)
      expect(await keys().anyUnrevoked()).toBe(false)
    })

    test('are found by id and by hash, as they were given', async () => {
      const given = newKey({ createdBy: newId(), expiresAt: fromNow(MINUTE_MS) })
      const made = await keys().insert(given)
      expect(made).toEqual({
        ...given,
        createdAt: expect.any(Date),
        revokedAt: null,
        lastUsedAt: null,
      })
      expect(await keys().get(given.id)).toEqual(made)
      expect(await keys().findByHash(given.hash)).toEqual(made)
      expect(await keys().findByHash(hashOf('another'))).toBeUndefined()
      for (const id of [newId(), 'no id']) expect(await keys().get(id)).toBeUndefined()
    })

    test.each<[string, Partial<NewKey>]>([
      ['no scope', { scopes: [] }],
      ['a scope that there is not', { scopes: ['root' as 'admin'] }],
      ['a key instead of its hash', { hash: 'mix_secret' }],
    ])('are refused with %s', async (_name, change) => {
      const key = newKey(change)
      await expect(keys().insert(key)).rejects.toMatchObject({ code: '23514' })
      expect(await keys().get(key.id)).toBeUndefined()
    })

    test('are there once', async () => {
      const { hash, prefix } = await keys().insert(newKey())
      for (const change of [{ hash }, { prefix }]) {
        await expect(keys().insert(newKey(change))).rejects.toMatchObject({ code: '23505' })
      }
    })

    test('are listed newest first, page by page', async () => {
      const made = []
      for (const name of ['a', 'b', 'c']) made.unshift(await keys().insert(newKey({ name })))
      const first = await keys().list({ limit: 2 })
      expect(first).toEqual(made.slice(0, 2))
      expect((await keys().list({ limit: 1, after: first[1].id }))[0]).toEqual(made[2])
    })

    test('are revoked once, and keep the time of it', async () => {
      const { id } = await keys().insert(newKey())
      const revoked = await keys().revoke(id)
      expect(revoked?.revokedAt).toBeInstanceOf(Date)
      expect(await keys().revoke(id)).toEqual(revoked)
      expect(await keys().get(id)).toEqual(revoked)
      for (const none of [newId(), 'no id']) expect(await keys().revoke(none)).toBeUndefined()
    })

    test('note their use, at most once a minute', async () => {
      const { id } = await keys().insert(newKey())
      await keys().touch(id)
      const used = (await keys().get(id))!.lastUsedAt
      expect(used).toBeInstanceOf(Date)
      await keys().touch(id)
      expect((await keys().get(id))!.lastUsedAt).toEqual(used)
      const long = await store().pool.query(
        `update mixwright.api_keys set last_used_at = now() - interval '61 seconds' where id = $1
          returning last_used_at`,
        [id],
      )
      await keys().touch(id)
      const again = (await keys().get(id))!.lastUsedAt!
      expect(again.getTime()).toBeGreaterThan(new Date(long.rows[0].last_used_at).getTime())
      for (const none of [newId(), 'no id']) await keys().touch(none)
    })

    test('are rotated: the successor is there, and the old one ends when it is told to', async () => {
      const old = await keys().insert(newKey())
      const successor = newKey({ rotatedFrom: old.id })
      const endsAt = fromNow(MINUTE_MS)
      const made = await keys().rotate(old.id, successor, endsAt)
      expect(made).toMatchObject(successor)
      expect(await keys().get(successor.id)).toEqual(made)
      expect(await keys().get(old.id)).toEqual({ ...old, expiresAt: endsAt })
    })

    test('are never prolonged by a rotation', async () => {
      const expiresAt = fromNow(MINUTE_MS)
      const old = await keys().insert(newKey({ expiresAt }))
      await keys().rotate(old.id, newKey(), fromNow(2 * MINUTE_MS))
      expect((await keys().get(old.id))!.expiresAt).toEqual(expiresAt)
    })

    test('have no successor when they have ended, or cannot have this one', async () => {
      const revoked = await keys().insert(newKey())
      await keys().revoke(revoked.id)
      const expired = await keys().insert(newKey({ expiresAt: fromNow(-1000) }))
      for (const id of [revoked.id, expired.id, newId(), 'no id']) {
        const successor = newKey()
        expect(await keys().rotate(id, successor, fromNow(0))).toBeUndefined()
        expect(await keys().get(successor.id)).toBeUndefined()
      }
      const old = await keys().insert(newKey())
      const taken = newKey({ hash: old.hash })
      await expect(keys().rotate(old.id, taken, fromNow(0))).rejects.toMatchObject({
        code: '23505',
      })
      expect(await keys().get(old.id)).toEqual(old)
    })
  })
}
