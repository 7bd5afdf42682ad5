import type { FastifyReply, FastifyRequest } from 'fastify'
import { describe, expect, test } from 'vitest'
import {
  etagOf,
  givenVersions,
  hasVersion,
  requiredVersions,
} from '../../src/api/plugins/preconditions.js'
import { MixwrightError } from '../../src/errors.js'

const asking = (headers: Record<string, string>) => ({ headers }) as unknown as FastifyRequest
const ifMatch = (text: string) => givenVersions(asking({ 'if-match': text }))

/** Whether the caller who has what the header says has the version already. */
function ifNoneMatch(text: string | undefined, version: number): boolean {
  const sent: Record<string, string> = {}
  const reply = { header: (name: string, value: string) => (sent[name] = value) }
  const headers: Record<string, string> = text === undefined ? {} : { 'if-none-match': text }
  const has = hasVersion(asking(headers), reply as unknown as FastifyReply, { version })
  expect(sent).toEqual({ etag: etagOf({ version }) })
  return has
}

describe('If-Match', () => {
  test.each([
    ['"3"', [3]],
    ['"3", "14"', [3, 14]],
    [' "3","4" ', [3, 4]],
    ['*', 'any'],
    // RFC 9110 §13.1.1 compares strongly: weak tags match nothing.
    ['W/"3"', []],
    ['W/"3", "4"', [4]],
    // Tags of something else.
    ['"abc"', []],
    ['""', []],
    ['"03"', []],
    ['"3,4"', []],
  ])('%s', (text, versions) => {
    expect(ifMatch(text)).toEqual(versions)
  })

  test.each(['', '3', '"3', '3"', '"3" "4"', '"3",', '*, "3"', '"3', 'w/"3"'])(
    'cannot be %s',
    (text) => {
      expect(() => ifMatch(text)).toThrow(MixwrightError)
    },
  )

  test('takes no list without an end', () => {
    expect(() => ifMatch(Array(101).fill('"1"').join(', '))).toThrow(/If-Match/)
  })

  test('is read in a time that grows with its length', () => {
    expect(() => ifMatch(`${'"1",'.repeat(4_000)}!`)).toThrow(MixwrightError)
    expect(() => ifMatch(`"1"${' '.repeat(16_000)}!`)).toThrow(MixwrightError)
  })

  test('may be left out, unless it is required', () => {
    expect(givenVersions(asking({}))).toBeUndefined()
    expect(() => requiredVersions(asking({}))).toThrow(
      expect.objectContaining({ code: 'precondition-required' }),
    )
    expect(requiredVersions(asking({ 'if-match': '"7"' }))).toEqual([7])
  })
})

describe('If-None-Match', () => {
  test('compares weakly, as RFC 9110 §13.1.2 says', () => {
    expect(ifNoneMatch('"3"', 3)).toBe(true)
    expect(ifNoneMatch('W/"3"', 3)).toBe(true)
    expect(ifNoneMatch('"2", W/"3"', 3)).toBe(true)
    expect(ifNoneMatch('*', 3)).toBe(true)
    expect(ifNoneMatch('"4"', 3)).toBe(false)
    expect(ifNoneMatch(undefined, 3)).toBe(false)
  })
})
