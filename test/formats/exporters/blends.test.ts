import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { domainsArbitrary, pathsFor } from './arbitraries.js'
import { type Read, readBlend, shellWords } from './consumers.js'
import { expectAll, exported, isPath, isWord, named, property } from './round-trip.js'

describe('Megatron', () => {
  test('reads weights from every line, after a shell has read it', () => {
    property((domains) => {
      const paths = pathsFor(domains, isWord)
      const { text, dropped } = exported('megatron', domains, { paths })
      const [flag, ...words] = shellWords(text.trimEnd())
      expect(flag).toBe('--train-data-path')
      expectAll(named(readBlend(words) ?? [], paths), domains, dropped)
    }, 40)
  })

  test('reads weights from a file that is split at white space', () => {
    property((domains) => {
      const paths = pathsFor(domains, isWord)
      const options = { paths, argument: 'data-args-path' }
      const { text, dropped } = exported('megatron', domains, options)
      const words = text.split(/[\s\p{Cc}]+/u).filter((word) => word !== '')
      for (let i = 0; i < words.length; i += 2) expect(words[i]).toMatch(/^\d+\.\d+$/)
      expectAll(named(readBlend(words) ?? [], paths), domains, dropped)
    })
  })

  test('reads weights from JSON', () => {
    property((domains) => {
      const paths = pathsFor(domains, isWord)
      const { text, dropped } = exported('megatron-json', domains, { paths })
      const { train, valid, test: tested } = JSON.parse(text)
      expect([valid, tested]).toEqual([null, null])
      expectAll(named(readBlend(train) ?? [], paths), domains, dropped)
    })
  })

  test('has the reader that this is about: an odd count or a word for a weight loses all weights', () => {
    expect(readBlend(['0.7', '/web', '0.3'])).toBeUndefined()
    expect(readBlend(['0.7', '/web', 'most', '/code'])).toBeUndefined()
    expect(readBlend(['0.7', '/web', '0.3', '/code'])).toHaveLength(2)
  })
})

describe('readers of JSON and CSV', () => {
  test.each([
    ['maxtext', (text: string) => read(JSON.parse(text), (value) => (value as Read).weight)],
    [
      'doremi',
      (text: string) => read(JSON.parse(text).train_domain_weights, (value) => value as number),
    ],
  ])('%s', (id, reader) => {
    property((domains) => {
      const options = id === 'maxtext' ? { paths: pathsFor(domains, isPath) } : {}
      const { text, dropped } = exported(id, domains, options)
      const weightOf = reader(text)
      const positive = domains.filter(({ weight }) => weight > 0)
      expect(weightOf.size).toBe(positive.length)
      expectAll(
        positive.map(({ name }) => ({ name, weight: weightOf.get(name) ?? Number.NaN })),
        domains,
        dropped,
      )
    })
  })

  function read(object: object, weightOf: (value: unknown) => number): Map<string, number> {
    return new Map(Object.entries(object).map(([name, value]) => [name, weightOf(value)]))
  }

  test('plain JSON and CSV hold all domains, and tokens that sum to the total', async () => {
    const { parse } = await import('csv-parse/sync')
    fc.assert(
      fc.property(domainsArbitrary, fc.integer({ min: 1, max: 2 ** 53 - 1 }), (domains, tokens) => {
        const asJson = JSON.parse(exported('json', domains, { tokens }).text)
        const asCsv = exported('csv', domains, { tokens })
        const rows: Record<string, string>[] = parse(asCsv.text, { columns: true })
        expect(
          rows.map((row) => ({
            domain: row.domain,
            weight: Number(row.weight),
            tokens: Number(row.tokens),
          })),
        ).toEqual(asJson)
        expect(rows.map(({ domain }) => domain)).toEqual(domains.map(({ name }) => name))
        const sum = rows.reduce((total, row) => total + BigInt(row.tokens), 0n)
        expect(sum).toBe(BigInt(tokens))
        domains.forEach(({ weight }, i) => {
          const quota = weight * tokens
          // A count is its quota rounded up or down; beside it, what a double of this size cannot tell.
          const slack = 1 + 4 * tokens * Number.EPSILON
          expect(Math.abs(Number(rows[i].tokens) - quota)).toBeLessThanOrEqual(slack)
        })
        expect(asCsv.dropped).toEqual([])
      }),
    )
  })
})
