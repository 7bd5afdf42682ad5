import { isUtf8 } from 'node:buffer'
import { withoutMark } from '../bytes/byte-order-mark.js'
import { ByteSource } from '../bytes/byte-source.js'
import { type Line, LineSplitter } from './line-splitter.js'
import { checkText, missingField } from './text-value.js'
import { BEGINNING, type DocumentReader, type ReadItem, type ReadRequest } from './types.js'

const MEGABYTE = 1 << 20

/** Escapes take up to three times the bytes of the letters they stand for (control characters aside), and there are other fields. */
const maxLineBytes = (maxDocumentBytes: number) => 3 * maxDocumentBytes + MEGABYTE

/** One JSON object a line. Blank lines are left out; a byte order mark and CRLF are fine. */
export const readJsonLines: DocumentReader = async function* (request) {
  const source = new ByteSource(request.file.path, request.file.bytes)
  try {
    const seekable = source.compression === 'none'
    const begin = seekable ? request.from : BEGINNING
    const splitter = new LineSplitter(maxLineBytes(request.maxDocumentBytes), begin)
    const batch = (lines: Iterable<Line>) => ({
      items: documents(lines, request),
      position: {
        byte: splitter.offset,
        record: Math.max(splitter.lines, request.from.record),
      },
      bytesRead: source.position,
    })
    for await (const chunk of source.chunks(begin.byte)) yield batch(splitter.push(chunk))
    const last = batch(splitter.end())
    if (last.items.length > 0) yield last
  } finally {
    source.close()
  }
}

function documents(lines: Iterable<Line>, request: ReadRequest): ReadItem[] {
  const items: ReadItem[] = []
  for (const line of lines) {
    if (line.number <= request.from.record) continue
    const read = readLine(line, request)
    if (read) items.push({ record: line.number, ...read })
  }
  return items
}

function readLine({ number, bytes }: Line, { file, maxDocumentBytes }: ReadRequest) {
  if (!bytes) {
    const limit = maxLineBytes(maxDocumentBytes)
    const detail = `three times the ${maxDocumentBytes} that a document may have, and a megabyte`
    return { problem: `the line is longer than ${limit} bytes: ${detail}` }
  }
  if (bytes.length === 0) return undefined
  const content = number === 1 ? withoutMark(bytes) : bytes
  if (!isUtf8(content)) return { problem: 'the line is not UTF-8' }
  const line = Buffer.from(content.buffer, content.byteOffset, content.length).toString().trim()
  return line === '' ? undefined : readObject(line, file.textField, maxDocumentBytes)
}

function readObject(line: string, textField: string, maxDocumentBytes: number) {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    return { problem: `the line is not JSON: ${(error as Error).message}` }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: 'the line is not a JSON object' }
  }
  if (!Object.hasOwn(value, textField)) {
    return { problem: missingField('field', textField, Object.keys(value)) }
  }
  return checkText((value as Record<string, unknown>)[textField], maxDocumentBytes)
}
