import { describe, expect, test } from 'vitest'
import { TestClient } from './client.js'

const ID = '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'
const DAY_MS = 86_400_000

const client = new TestClient()
const newKey = (changes: object = {}) =>
  client.post('/v1/keys', { name: 'trainer', scopes: ['run', 'read'], ...changes })

describe('a key', () => {
  test('is made, and the answer alone holds it', async () => {
    const expiresAt = new Date(Date.now() + DAY_MS).toISOString()
    const { status, headers, body } = await newKey({ expiresAt })
    expect(status).toBe(201)
    expect(headers.location).toBe(`/v1/keys/${body.id}`)
    expect(headers['cache-control']).toBe('no-store')
    const { key, ...rest } = body
    expect(key).toMatch(/^mix_\w{8}_\w{43}$/)
    expect(rest).toMatchObject({
      name: 'trainer',
      prefix: key.slice(0, 12),
      scopes: ['read', 'run'],
      state: 'valid',
      createdBy: null,
      rotatedFrom: null,
      expiresAt,
      revokedAt: null,
      lastUsedAt: null,
    })
    expect((await client.get(`/v1/keys/${body.id}`)).body).toEqual(rest)
    const list = (await client.get('/v1/keys')).body
    expect(list.items[0]).toEqual(rest)
    expect(JSON.stringify(list)).not.toContain(key.slice(13))
  })

  test('takes a time in any zone, and none', async () => {
    const { body } = await newKey({ expiresAt: '2099-01-01T01:00:00.5+01:00' })
    expect(body.expiresAt).toBe('2099-01-01T00:00:00.500Z')
    expect((await newKey({ expiresAt: null })).body.expiresAt).toBeNull()
  })

  test.each<[string, object, string]>([
    ['no name', { name: '' }, '/name'],
    ['a name that is too long', { name: 'x'.repeat(201) }, '/name'],
    ['no scope', { scopes: [] }, '/scopes'],
    ['an unknown scope', { scopes: ['read', 'root'] }, '/scopes/1'],
    ['a scope twice', { scopes: ['read', 'read'] }, '/scopes'],
    ['scopes as text', { scopes: 'read' }, '/scopes'],
    ['a time gone by', { expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    ['a date without a time', { expiresAt: '2099-01-01' }, '/expiresAt'],
    ['a time that there is not', { expiresAt: '2099-13-41T27:00:00Z' }, '/expiresAt'],
    ['a number of seconds', { expiresAt: 4_102_444_800 }, '/expiresAt'],
    ['a key of its own', { key: 'mix_mine' }, '/key'],
  ])('is not made with %s', async (_name, changes, pointer) => {
    const before = (await client.get('/v1/keys?limit=100')).body
    const { status, body } = await newKey(changes)
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'validation-failed' })
    expect(body.errors[0].pointer).toBe(pointer)
    expect((await client.get('/v1/keys?limit=100')).body).toEqual(before)
  })

  test('is revoked, once or twice, and stays in the list', async () => {
    const { body } = await newKey()
    const url = `/v1/keys/${body.id}`
    expect((await client.delete(url)).status).toBe(204)
    const revoked = (await client.get(url)).body
    expect(revoked).toMatchObject({ state: 'revoked', revokedAt: expect.any(String) })
    expect((await client.delete(url)).status).toBe(204)
    expect((await client.get(url)).body).toEqual(revoked)
  })

  test('that nobody made is not found', async () => {
    for (const id of [ID, 'first', '..%2F..%2Fetc']) {
      const answers = [
        await client.get(`/v1/keys/${id}`),
        await client.delete(`/v1/keys/${id}`),
        await client.post(`/v1/keys/${id}/rotation`, {}),
      ]
      for (const { status, body } of answers) {
        expect({ status, code: body.code }).toEqual({ status: 404, code: 'key-not-found' })
      }
    }
  })
})

describe('rotating a key', () => {
  test('gives its successor, and ends it after the overlap', async () => {
    const { body: old } = await newKey()
    const { status, headers, body } = await client.post(`/v1/keys/${old.id}/rotation`, {
      overlapSeconds: 3600,
    })
    expect(status).toBe(201)
    expect(headers.location).toBe(`/v1/keys/${body.id}`)
    expect(body).toMatchObject({
      name: old.name,
      scopes: old.scopes,
      rotatedFrom: old.id,
      expiresAt: null,
    })
    expect(body.key).not.toBe(old.key)
    const left = Date.parse((await client.get(`/v1/keys/${old.id}`)).body.expiresAt) - Date.now()
    expect(left).toBeGreaterThan(3_000_000)
    expect(left).toBeLessThanOrEqual(3_600_000)
  })

  test('ends it at once when nothing is said', async () => {
    const { body: old } = await newKey()
    await client.post(`/v1/keys/${old.id}/rotation`, {})
    expect((await client.get(`/v1/keys/${old.id}`)).body.state).toBe('expired')
    const again = await client.post(`/v1/keys/${old.id}/rotation`, {})
    expect({ status: again.status, code: again.body.code }).toEqual({
      status: 409,
      code: 'key-ended',
    })
  })

  test.each<[string, object, string]>([
    ['an overlap below 0', { overlapSeconds: -1 }, '/overlapSeconds'],
    ['an overlap without end', { overlapSeconds: 1e9 }, '/overlapSeconds'],
    ['an overlap of half a second', { overlapSeconds: 0.5 }, '/overlapSeconds'],
    ['other scopes', { scopes: ['admin'] }, '/scopes'],
    ['a time gone by', { expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
  ])('is refused with %s, and changes nothing', async (_name, payload, pointer) => {
    const { body: old } = await newKey()
    const { status, body } = await client.post(`/v1/keys/${old.id}/rotation`, payload)
    expect(status).toBe(422)
    expect(body.errors[0].pointer).toBe(pointer)
    expect((await client.get(`/v1/keys/${old.id}`)).body.state).toBe('valid')
  })
})

test('the list goes from page to page, newest first', async () => {
  const made: string[] = []
  for (const name of ['a', 'b', 'c']) made.unshift((await newKey({ name })).body.id)
  const first = (await client.get('/v1/keys?limit=2')).body
  const { items } = (await client.get(`/v1/keys?limit=1&cursor=${first.pagination.cursor}`)).body
  expect([...first.items, ...items].map(({ id }) => id)).toEqual(made)
  const studies = await client.get(`/v1/studies?cursor=${first.pagination.cursor}`)
  expect(studies.body.code).toBe('malformed-cursor')
})
