import { describe, expect, test } from 'vitest'
import { TestClient } from './client.js'

const client = new TestClient()

const patch = (url: string, etag: unknown, payload: object) =>
  client.call({ method: 'PATCH', url, payload, headers: { 'if-match': String(etag) } })

const DEFAULTS = { leaseSeconds: 3600, maxAttempts: 3, maxTrials: null, earlyStopping: null }

describe('the trial policy', () => {
  test('of a new study is made whole', async () => {
    const { body } = await client.get(await client.newStudy())
    expect(body).toMatchObject({ trialPolicy: DEFAULTS, externalTrials: 0 })
  })

  test.each([
    [{ maxTrials: 40 }, { ...DEFAULTS, maxTrials: 40 }],
    [
      { earlyStopping: { rule: 'median' } },
      { ...DEFAULTS, earlyStopping: { rule: 'median', minTokens: 0, minTrials: 5 } },
    ],
    [
      { earlyStopping: { rule: 'successive-halving', minTokens: 1e6, minTrials: 9 } },
      {
        ...DEFAULTS,
        earlyStopping: {
          rule: 'successive-halving',
          minTokens: 1e6,
          reduction: 3,
          minTrials: 9,
        },
      },
    ],
  ])('%j is completed', async (trialPolicy, completed) => {
    const { body } = await client.get(await client.newStudy({ trialPolicy }))
    expect(body.trialPolicy).toEqual(completed)
  })

  test.each([
    [{ leaseSeconds: 0 }, '/trialPolicy/leaseSeconds'],
    [{ leaseSeconds: null }, '/trialPolicy/leaseSeconds'],
    [{ maxTrials: 1.5 }, '/trialPolicy/maxTrials'],
    [{ patience: 3 }, '/trialPolicy/patience'],
    [{ earlyStopping: { rule: 'median', reduction: 3 } }, '/trialPolicy/earlyStopping/reduction'],
    [{ earlyStopping: { rule: 'successive-halving' } }, '/trialPolicy/earlyStopping/minTokens'],
    [{ earlyStopping: { rule: 'mean' } }, '/trialPolicy/earlyStopping/rule'],
    [{ earlyStopping: {} }, '/trialPolicy/earlyStopping/rule'],
  ])('%j is refused', async (trialPolicy, pointer) => {
    const url = await client.newStudy()
    const { headers } = await client.get(url)
    const { status, body } = await patch(url, headers.etag, { trialPolicy })
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'validation-failed' })
    expect(body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer)
    expect((await client.get(url)).body.version).toBe(1)
  })
})

describe('a study', () => {
  test('has its version as its ETag, in every answer that shows it', async () => {
    const created = await client.post('/v1/studies', {
      name: 'tagged',
      problem: { domains: [{ name: 'a' }, { name: 'b' }], metrics: [{ name: 'loss' }] },
    })
    expect(created.headers.etag).toBe('"1"')
    const url = String(created.headers.location)
    expect((await client.get(url)).headers.etag).toBe('"1"')
    const changed = await patch(url, '"1"', { name: 'again' })
    expect(changed.headers.etag).toBe('"2"')
    expect(changed.body).toMatchObject({ name: 'again', version: 2 })
    expect((await client.get(url)).headers.etag).toBe('"2"')
  })

  test('is not sent again to those who have it', async () => {
    const url = await client.newStudy()
    const ask = (etag: string) =>
      client.call({ method: 'GET', url, headers: { 'if-none-match': etag } })
    const same = await ask('"1"')
    expect(same).toMatchObject({ status: 304, body: undefined })
    expect(same.headers.etag).toBe('"1"')
    expect((await ask('"2"')).status).toBe(200)
    expect((await ask('1')).body).toMatchObject({ status: 400, code: 'malformed-request' })
  })

  test('is changed field by field', async () => {
    const url = await client.newStudy({
      labels: { team: 'data', draft: 'yes' },
      trialPolicy: { maxTrials: 9, earlyStopping: { rule: 'median' } },
    })
    const before = (await client.get(url)).body
    const { body } = await patch(url, '"1"', {
      labels: { draft: null, stage: 'two', missing: null },
      trialPolicy: { leaseSeconds: 60 },
    })
    expect(body).toEqual({
      ...before,
      labels: { team: 'data', stage: 'two' },
      trialPolicy: { ...before.trialPolicy, leaseSeconds: 60 },
      version: 2,
      updatedAt: body.updatedAt,
    })
    const off = await patch(url, '"2"', { trialPolicy: { earlyStopping: null, maxTrials: null } })
    expect(off.body.trialPolicy).toEqual({ ...DEFAULTS, leaseSeconds: 60 })
    expect((await client.get(url)).body).toEqual(off.body)
  })

  test('is not changed by those who do not know how it is', async () => {
    const url = await client.newStudy()
    const without = await client.call({ method: 'PATCH', url, payload: { name: 'x' } })
    expect(without).toMatchObject({ status: 428, body: { code: 'precondition-required' } })
    await patch(url, '"1"', { name: 'first' })
    const late = await patch(url, '"1"', { name: 'second' })
    expect(late).toMatchObject({ status: 412, body: { code: 'precondition-failed' } })
    expect(late.body.detail).toContain('version 2')
    expect((await patch(url, 'W/"2"', { name: 'second' })).status).toBe(412)
    expect((await client.get(url)).body).toMatchObject({ name: 'first', version: 2 })
    expect((await patch(url, '"1", "2"', { name: 'third' })).status).toBe(200)
    expect((await patch(url, '*', { name: 'fourth' })).body.version).toBe(4)
  })

  test('is changed by one of many who know the same version; by all who do not care', async () => {
    const url = await client.newStudy()
    const all = (etag: string) =>
      Promise.all(Array.from({ length: 6 }, (_, i) => patch(url, etag, { name: `n${i}` })))
    const statuses = (await all('"1"')).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, 412, 412, 412, 412, 412])
    expect((await all('*')).map(({ status }) => status)).toEqual(Array(6).fill(200))
    expect((await client.get(url)).body.version).toBe(8)
  })

  test('takes no more labels than it may have', async () => {
    const labelled = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${from + i}`, '']))
    const url = await client.newStudy({ labels: labelled(0, 50) })
    const more = await patch(url, '"1"', { labels: { one: 'more' } })
    expect(more).toMatchObject({ status: 422, body: { errors: [{ pointer: '/labels' }] } })
    const swapped = await patch(url, '"1"', { labels: { one: 'more', l0: null } })
    expect(Object.keys(swapped.body.labels)).toHaveLength(50)
  })

  test.each([
    ['nothing', {}, ''],
    ['its problem', { problem: {} }, '/problem'],
    ['a name of nothing', { name: '' }, '/name'],
    ['a label that is none', { labels: { 'a b': 'c' } }, '/labels/a b'],
    ['a label that is a number', { labels: { a: 1 } }, '/labels/a'],
  ])('cannot change %s', async (_, change, pointer) => {
    const url = await client.newStudy()
    const { status, body } = await patch(url, '"1"', change)
    expect({ status, pointer: body.errors?.[0].pointer }).toEqual({ status: 422, pointer })
  })

  test('is deleted at the version that is known', async () => {
    const url = await client.newStudy()
    await patch(url, '"1"', { name: 'changed' })
    const remove = (etag: string) =>
      client.call({ method: 'DELETE', url, headers: { 'if-match': etag } })
    expect(await remove('"1"')).toMatchObject({
      status: 412,
      body: { code: 'precondition-failed' },
    })
    expect((await remove('"2"')).status).toBe(204)
    expect(await remove('"2"')).toMatchObject({ status: 404, body: { code: 'study-not-found' } })
    expect(await patch(url, '"2"', { name: 'x' })).toMatchObject({ status: 404 })
  })
})
