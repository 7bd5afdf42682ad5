import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { folderWith, textsOf } from '../support/folders.js'

const fileWith = (content: string | Uint8Array) =>
  path.join(folderWith({ 'a.txt': content }), 'a.txt')

test('a file is one document, without its byte order mark', async () => {
  expect(await textsOf(fileWith('one\n\ntwo\n'))).toEqual(['one\n\ntwo\n'])
  expect(await textsOf(fileWith('\ufeffone'))).toEqual(['one'])
  expect(await textsOf(fileWith(gzipSync('packed')))).toEqual(['packed'])
  expect(await textsOf(fileWith(''))).toEqual([])
})

test('a file of exactly the largest size is taken, and one byte more is not', async () => {
  const options = { maxDocumentBytes: 5 }
  for (const pack of [(text: string) => text, gzipSync]) {
    expect(await textsOf(fileWith(pack('12345')), options)).toEqual(['12345'])
    expect(await textsOf(fileWith(pack('\ufeff12345')), options)).toEqual(['12345'])
    expect(await textsOf(fileWith(pack('123456')), options)).toEqual([
      '!1: the text is 6 bytes large, and a document may have 5 bytes',
    ])
  }
  expect(await textsOf(fileWith(gzipSync('x'.repeat(50))), options)).toEqual([
    '!1: the text is larger, and a document may have 5 bytes',
  ])
})

test('a file that is not UTF-8 is named', async () => {
  expect(await textsOf(fileWith(Buffer.from('caf\xe9', 'latin1')))).toEqual([
    '!1: the text is not UTF-8',
  ])
})
