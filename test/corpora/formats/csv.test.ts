import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchesOf, folderWith, newFolder, show, textsOf } from '../support/folders.js'

const fileWith = (content: string | Uint8Array, name = 'a.csv') =>
  path.join(folderWith({ [name]: content }), name)
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

describe('a CSV file', () => {
  test('gives the texts that were written, whatever they hold', async () => {
    const file = path.join(newFolder(), 'a.csv')
    const texts = fc.array(fc.string({ unit: 'grapheme' }).map((text) => `${text}\n,"`))
    await fc.assert(
      fc.asyncProperty(texts, fc.boolean(), async (written, packed) => {
        const rows = ['\ufeffid,text', ...written.map((text, i) => `${i},${quoted(text)}`)]
        const content = Buffer.from(`${rows.join('\r\n')}\r\n`)
        writeFileSync(file, packed ? gzipSync(content) : content)
        expect(await textsOf(file)).toEqual(written)
      }),
      { numRuns: 50, seed: 1 },
    )
  })

  test('may be separated by tabs when its name says so', async () => {
    expect(await textsOf(fileWith('id\ttext\n1\ta, b\n', 'a.tsv'))).toEqual(['a, b'])
  })

  test('goes on from every position that it gave', async () => {
    const texts = Array.from({ length: 3500 }, (_, i) => `text ${i}`)
    const file = fileWith(`text\n${texts.join('\n')}\n`)
    const batches = await batchesOf(file)
    expect(batches.length).toBeGreaterThan(3)
    expect(batches.flatMap(({ items }) => items.map(show))).toEqual(texts)
    for (const { position } of batches) {
      expect(await textsOf(file, {}, position)).toEqual(texts.slice(position.record))
    }
  })
})

describe('what is wrong with a CSV file is said', () => {
  test('of single rows, and the others are read', async () => {
    const rows = Buffer.concat([
      Buffer.from('id,text\n1,a\n2\n3,'),
      Buffer.of(0xff),
      Buffer.from('\n4,12345\n5,b\n'),
    ])
    expect(await textsOf(fileWith(rows), { maxDocumentBytes: 4 })).toEqual([
      'a',
      '!2: the row has 1 values, and the header 2',
      '!3: the text is not UTF-8',
      '!4: the text is 5 bytes large, and a document may have 4 bytes',
      'b',
    ])
  })

  const broken: [string, string, string][] = [
    [
      'without the column',
      'id,body\n1,a\n',
      'there is no column "text"; the columns are "id", "body"',
    ],
    ['with a quote never closed', 'text\n"a\nb\n', 'a quote is opened and never closed'],
    ['with a quote in a value', 'text\na"b\n', 'inside a value that does not begin with one'],
    [
      'with something behind a quote',
      'text\n"a"b\n',
      'followed by something else than a delimiter',
    ],
    [
      'with a row of 3 MB in many values',
      `text\n${`${'x'.repeat(1e5)},`.repeat(30)}\n`,
      'near line 2, a row is longer than 1048776 bytes',
    ],
    [
      'with a million values in its header',
      `text${','.repeat(1e6)}\n`,
      'near line 1, a row has more than the 100000 values that are read',
    ],
    ['with a million values in a row', `text\n${','.repeat(1e6)}\n`, 'more than the 100000 values'],
    ['with a row of 3 MB', `text\n"${'x'.repeat(3e6)}"\n`, 'a row is longer than 1048776 bytes'],
  ]
  test.each(broken)('of a file %s', async (_, content, problem) => {
    await expect(textsOf(fileWith(content), { maxDocumentBytes: 100 })).rejects.toMatchObject({
      code: 'source-unreadable',
      message: expect.stringContaining(problem),
    })
  })
})
