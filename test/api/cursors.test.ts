import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CursorScope, decodeCursor, encodeCursor, paginate } from '../../src/api/cursors.js'
import { MixwrightError } from '../../src/errors.js'

const ID = '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'
const scope: CursorScope = { list: 'studies', filters: { label: 'team:data' } }

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof MixwrightError) return error.code
    throw error
  }
  return 'accepted'
}

describe('cursors', () => {
  test('give back the id they were made from, under the same list and filters', () => {
    const filters = fc.dictionary(fc.string(), fc.option(fc.string(), { nil: undefined }))
    const scopes = fc.record({ list: fc.string(), filters })
    fc.assert(
      fc.property(scopes, fc.uuid({ version: 7 }), (where, id) => {
        expect(decodeCursor(where, encodeCursor(where, id))).toBe(id)
      }),
    )
  })

  test('do not depend on the order of filters, nor on ones that are absent', () => {
    const cursor = encodeCursor({ list: 'l', filters: { a: '1', b: '2', c: undefined } }, ID)
    expect(decodeCursor({ list: 'l', filters: { b: '2', a: '1' } }, cursor)).toBe(ID)
  })

  test('are refused under other filters, or by another list', () => {
    const cursor = encodeCursor(scope, ID)
    expect(codeOf(() => decodeCursor({ ...scope, filters: {} }, cursor))).toBe('malformed-cursor')
    expect(codeOf(() => decodeCursor({ ...scope, list: 'jobs' }, cursor))).toBe('malformed-cursor')
  })

  test('that nobody gave out are refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json()), (text) => {
        expect(codeOf(() => decodeCursor(scope, text))).toBe('malformed-cursor')
        const encoded = Buffer.from(text).toString('base64url')
        expect(codeOf(() => decodeCursor(scope, encoded))).toBe('malformed-cursor')
      }),
    )
  })

  test('holding something that is no id are refused', () => {
    const forged = encodeCursor(scope, "x' or 1=1")
    expect(codeOf(() => decodeCursor(scope, forged))).toBe('malformed-cursor')
  })
})

describe('paginate', () => {
  const items = [{ id: ID }, { id: '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be510' }]

  test('gives a cursor for the last item of a page that has a next one', () => {
    const page = paginate(scope, { items, hasMore: true }, ({ id }) => id)
    expect(page.items).toEqual(items.map(({ id }) => id))
    expect(decodeCursor(scope, page.pagination.cursor ?? '')).toBe(items[1].id)
  })

  test('gives none on the last page', () => {
    expect(paginate(scope, { items, hasMore: false }, String).pagination).toEqual({
      cursor: null,
      hasMore: false,
    })
  })
})
