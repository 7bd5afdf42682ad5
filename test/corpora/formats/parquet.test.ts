import { writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { batchesOf, folderWith, newFolder, show, textsOf } from '../support/folders.js'
import { type Cell, CODEC_NAMES, parquetFile } from '../support/parquet-writer.js'

const fileWith = (content: Uint8Array) =>
  path.join(folderWith({ 'a.parquet': content }), 'a.parquet')

describe('a Parquet file', () => {
  test('gives the texts that were written, in any codec, with pages and an index or without', async () => {
    const file = path.join(newFolder(), 'a.parquet')
    const groups = fc.array(
      fc.array(fc.option(fc.string({ unit: 'grapheme' })), { minLength: 1, maxLength: 20 }),
      { minLength: 1, maxLength: 4 },
    )
    const options = fc.record({
      codec: fc.constantFrom(...CODEC_NAMES),
      pageRows: fc.integer({ min: 1, max: 25 }),
      index: fc.boolean(),
      other: fc.option(fc.constant('id'), { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(groups, options, async (written, how) => {
        writeFileSync(file, parquetFile(written, how))
        const expected = written
          .flat()
          .map((text, i) => (text === null ? `!${i + 1}: the text is null` : text))
        expect(await textsOf(file)).toEqual(expected)
      }),
      { numRuns: 80, seed: 1 },
    )
  })

  test('goes on from every position that it gave', async () => {
    const groups = [0, 1, 2].map((group) =>
      Array.from({ length: 700 }, (_, i) => `group ${group} row ${i} ${'x'.repeat(5000)}`),
    )
    for (const index of [false, true]) {
      const file = fileWith(parquetFile(groups, { index, pageRows: 100 }))
      const batches = await batchesOf(file)
      expect(batches.length).toBeGreaterThan(6)
      expect(batches.flatMap(({ items }) => items.map(show))).toEqual(groups.flat())
      for (const { position } of batches.filter((_, i) => i % 5 === 0)) {
        expect(await textsOf(file, {}, position)).toEqual(groups.flat().slice(position.record))
      }
    }
  })

  test('names the rows whose text is too large or not UTF-8', async () => {
    const cells: Cell[] = ['a', Buffer.of(0xc3), 'abcdef', 'b']
    expect(await textsOf(fileWith(parquetFile([cells])), { maxDocumentBytes: 5 })).toEqual([
      'a',
      '!2: the text is not UTF-8',
      '!3: the text is 6 bytes large, and a document may have 5 bytes',
      'b',
    ])
  })
})

describe('a Parquet file that is broken', () => {
  const whole = parquetFile([['some text', 'more text'], ['the end']], {
    codec: 'gzip',
    other: 'id',
  })

  test('is refused by name wherever it is cut off', async () => {
    for (let length = 1; length < whole.length; length += 7) {
      await expect(textsOf(fileWith(whole.subarray(0, length)))).rejects.toMatchObject({
        code: 'source-unreadable',
        message: expect.stringMatching(/^a\.parquet: /),
      })
    }
  })

  test('is refused or read, and nothing else, whichever byte is changed', async () => {
    const rng = createRng(1, 'bytes')
    let refused = 0
    for (let at = 0; at < whole.length; at++) {
      const broken = Buffer.from(whole)
      broken[at] = rng.integer(256)
      await textsOf(fileWith(broken)).catch((error) => {
        expect(error).toMatchObject({ code: 'source-unreadable' })
        refused++
      })
    }
    expect(refused).toBeGreaterThan(whole.length / 4)
  })

  test('says which column is missing', async () => {
    const file = fileWith(parquetFile([['a']], { name: 'content', other: 'texts' }))
    await expect(textsOf(file)).rejects.toThrow(
      'a.parquet: there is no column "text"; did you mean "texts"? the columns are "texts", "content"',
    )
  })

  test('says what it is instead', async () => {
    await expect(textsOf(fileWith(Buffer.from('{"text": "a"}\n')))).rejects.toThrow(
      'it does not begin with PAR1',
    )
    await expect(textsOf(fileWith(Buffer.from('PAR1')))).rejects.toThrow(
      '4 bytes are no Parquet file',
    )
  })

  test('whose pages unfold to another size than they say is refused', async () => {
    for (const codec of ['gzip', 'brotli', 'zstd'] as const) {
      const file = parquetFile([['x'.repeat(100)]], { codec })
      const broken = Buffer.from(file)
      // The header of the first page: type 0, then its unfolded size (i32, two bytes as a varint).
      expect([...broken.subarray(4, 7)]).toEqual([0x15, 0x00, 0x15])
      broken[7] ^= 0x02
      await expect(textsOf(fileWith(broken)), codec).rejects.toThrow()
    }
  })
})
