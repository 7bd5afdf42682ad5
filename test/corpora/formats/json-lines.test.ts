import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchesOf, folderWith, jsonLines, newFolder, show, textsOf } from '../support/folders.js'
import { zstdOf } from '../support/zstd-frames.js'

const fileWith = (content: string | Uint8Array, name = 'a.jsonl') =>
  path.join(folderWith({ [name]: content }), name)

describe('a file of JSON lines', () => {
  test('gives the documents that were written, whatever they hold and however it is compressed', async () => {
    const folder = newFolder()
    const file = path.join(folder, 'a.jsonl')
    const documents = fc.array(
      fc.record({ text: fc.string({ unit: 'grapheme', maxLength: 300 }), id: fc.integer() }),
    )
    await fc.assert(
      fc.asyncProperty(documents, fc.nat(3), async (written, form) => {
        const plain = Buffer.from(jsonLines(written))
        const cut = plain.length >> 1
        const members = Buffer.concat([
          gzipSync(plain.subarray(0, cut)),
          gzipSync(plain.subarray(cut)),
        ])
        writeFileSync(file, [plain, gzipSync(plain), members, zstdOf(plain, 100)][form])
        expect(await textsOf(file)).toEqual(written.map(({ text }) => text))
      }),
      { numRuns: 60, seed: 1 },
    )
  })

  test('may have blank lines, CRLF, a byte order mark and no newline at its end', async () => {
    const file = fileWith('\ufeff{"text":"a"}\r\n\r\n  \n{"text":"b"}')
    expect(await textsOf(file)).toEqual(['a', 'b'])
  })

  test('goes on from every position that it gave, compressed or not', async () => {
    const documents = Array.from({ length: 4000 }, (_, i) => ({ text: `${i} ${'x'.repeat(300)}` }))
    const plain = Buffer.from(jsonLines(documents))
    for (const bytes of [plain, gzipSync(plain), zstdOf(plain)]) {
      const file = fileWith(bytes)
      const batches = await batchesOf(file)
      expect(batches.length).toBeGreaterThan(3)
      const all = batches.flatMap(({ items }) => items.map(show))
      expect(all).toEqual(documents.map(({ text }) => text))
      let passed = 0
      for (const { items, position } of batches.slice(0, 2)) {
        passed += items.length
        expect(await textsOf(file, {}, position)).toEqual(all.slice(passed))
      }
    }
  })
})

describe('a line that is no document', () => {
  const lines: [string, string | Uint8Array, string][] = [
    ['is no JSON', '{"text": "a"', '!2: the line is not JSON: '],
    ['is no object', '["text"]', '!2: the line is not a JSON object'],
    ['holds no string', '{"text":7}', '!2: the text is a number, not a string'],
    ['holds null', '{"text":null}', '!2: the text is null, not a string'],
    ['holds half a character', '{"text":"\\ud800"}', '!2: the text holds half of a surrogate pair'],
    ['is not UTF-8', Buffer.from('{"text":"\xe9"}', 'latin1'), '!2: the line is not UTF-8'],
    [
      'has no such field',
      '{"id":1,"Text":"a"}',
      '!2: there is no field "text"; did you mean "Text"? the fields are "id", "Text"',
    ],
    ['is too large', '{"text":"äbc"}', '!2: the text is 4 bytes large, and a document may have 3'],
  ]
  test.each(lines)('because it %s is named, and the others are read', async (_, line, problem) => {
    const file = fileWith(
      Buffer.concat([
        Buffer.from('{"text":"a"}\n'),
        Buffer.from(line as string),
        Buffer.from('\n{"text":"b"}\n'),
      ]),
    )
    const [first, second, third] = await textsOf(file, { maxDocumentBytes: 3 })
    expect([first, third]).toEqual(['a', 'b'])
    expect(second).toContain(problem)
  })

  test('because it is 20 MB long is left behind without being kept', async () => {
    const long = `{"text":"${'x'.repeat(20e6)}"}`
    const file = fileWith(`{"text":"a"}\n${long}\n{"text":"b"}\n`)
    const texts = await textsOf(file, { maxDocumentBytes: 1000 })
    expect(texts).toEqual([
      'a',
      expect.stringContaining('!2: the line is longer than 1051576'),
      'b',
    ])
  })
})

describe('a broken gzip stream', () => {
  const whole = gzipSync(Buffer.from(jsonLines([{ text: 'abc' }, { text: 'def' }])))

  test('is refused by name wherever it is cut off', async () => {
    for (let length = 2; length < whole.length; length++) {
      await expect(textsOf(fileWith(whole.subarray(0, length)))).rejects.toMatchObject({
        code: 'source-unreadable',
        message: expect.stringMatching(/^a\.jsonl: its gzip stream is broken: /),
      })
    }
  })

  test('is refused when its checksum is wrong', async () => {
    const broken = Buffer.from(whole)
    broken[whole.length - 6] ^= 1
    await expect(textsOf(fileWith(broken))).rejects.toThrow('incorrect data check')
  })
})

test('a broken zstd stream is refused by name', async () => {
  const cut = zstdOf(Buffer.from(jsonLines([{ text: 'abc' }]))).subarray(0, -3)
  await expect(textsOf(fileWith(cut))).rejects.toMatchObject({
    code: 'source-unreadable',
    message: 'a.jsonl: its zstd stream is broken: the stream ends in the middle of a frame',
  })
})
