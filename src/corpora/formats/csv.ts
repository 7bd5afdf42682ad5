import { pipeline, Readable } from 'node:stream'
import { streamWithoutMark } from '../bytes/byte-order-mark.js'
import { ByteSource } from '../bytes/byte-source.js'
import { checkTextBytes, missingField } from './text-value.js'
import type { DocumentReader, ReadItem, ReadRequest } from './types.js'

const QUOTE = 34
const NEWLINE = 10

const MEGABYTE = 1 << 20
const BATCH_BYTES = MEGABYTE
const BATCH_ROWS = 1000
/** Values of a row: the parser makes an object of each. */
const MOST_VALUES = 100_000

/** Quotes are doubled, and there are other columns. */
const maxRowBytes = (maxDocumentBytes: number) => 2 * maxDocumentBytes + MEGABYTE

/** What the parser's codes mean; its own messages hold pieces of the file. */
const PROBLEMS: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
  INVALID_OPENING_QUOTE: 'a quote stands inside a value that does not begin with one',
  CSV_INVALID_CLOSING_QUOTE: 'a closing quote is followed by something else than a delimiter',
}

/**
 * RFC 4180 with a header, comma-separated (`.tsv`: by tabs). Rows are counted from 1, the header and empty lines left out; a byte
 * order mark and CRLF are fine.
 */
export const readCsv: DocumentReader = async function* (request) {
  const source = new ByteSource(request.file.path, request.file.bytes)
  try {
    const rows = await openRows(source, request)
    const batch = new RowBatch(request)
    for await (const row of rows) {
      batch.add(row)
      if (batch.full) yield batch.take(source.position)
    }
    if (!batch.empty) yield batch.take(source.position)
  } catch (error) {
    throw readable(error)
  } finally {
    source.close()
  }
}

async function openRows(
  source: ByteSource,
  { file, maxDocumentBytes }: ReadRequest,
): Promise<AsyncIterable<Buffer[]>> {
  const { parse } = await import('csv-parse')
  const delimiter = /\.tsv(\.|$)/i.test(file.name) ? '\t' : ','
  const parser = parse({
    delimiter,
    encoding: null,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
  })
  // The iteration over the parser throws what goes wrong in any part of the pipeline.
  const chunks = withoutLargeRows(
    streamWithoutMark(source.chunks()),
    delimiter.charCodeAt(0),
    maxRowBytes(maxDocumentBytes),
  )
  pipeline(Readable.from(chunks), parser, () => {})
  return parser
}

/**
 * Chunks, as long as no row in them is larger than may be: the parser's own limit is one of single values where these are
 * bytes, and it has none of how many there are.
 */
async function* withoutLargeRows(
  chunks: AsyncIterable<Uint8Array>,
  delimiter: number,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let isQuoted = false
  let line = 1
  let bytes = 0
  let values = 1
  for await (const chunk of chunks) {
    for (const byte of chunk) {
      bytes++
      if (byte === QUOTE) isQuoted = !isQuoted
      else if (byte === delimiter && !isQuoted) values++
      else if (byte === NEWLINE) {
        line++
        if (!isQuoted) bytes = 0
        if (!isQuoted) values = 1
      }
      if (bytes > maxBytes) throw new Error(rowTooLong(line, maxBytes))
      if (values > MOST_VALUES) throw new Error(tooManyValues(line))
    }
    yield chunk
  }
}

/** Rows become items; the first row is the header. */
class RowBatch {
  readonly #request: ReadRequest
  #columns: string[] | undefined
  #column = -1
  #row = 0
  /** Since the last batch was taken; those before the place to read from too. */
  #rows = 0
  #items: ReadItem[] = []
  #bytes = 0

  constructor(request: ReadRequest) {
    this.#request = request
  }

  get full(): boolean {
    return this.#bytes >= BATCH_BYTES || this.#rows >= BATCH_ROWS
  }

  get empty(): boolean {
    return this.#rows === 0
  }

  /** @throws Error for a header without the text's column */
  add(row: readonly Buffer[]): void {
    if (!this.#columns) {
      this.#setHeader(row)
      return
    }
    this.#row++
    this.#rows++
    if (this.#row <= this.#request.from.record) return
    this.#items.push({ record: this.#row, ...this.#read(row, this.#columns) })
    this.#bytes += row[this.#column]?.length ?? 0
  }

  take(bytesRead: number) {
    const items = this.#items
    this.#items = []
    this.#bytes = 0
    this.#rows = 0
    const record = Math.max(this.#row, this.#request.from.record)
    return { items, position: { byte: 0, record }, bytesRead }
  }

  #setHeader(row: readonly Buffer[]): void {
    this.#columns = row.map((cell) => cell.toString().trim())
    this.#column = this.#columns.indexOf(this.#request.file.textField)
    if (this.#column < 0) {
      throw new Error(missingField('column', this.#request.file.textField, this.#columns))
    }
  }

  #read(row: readonly Buffer[], columns: readonly string[]) {
    if (row.length !== columns.length) {
      return { problem: `the row has ${row.length} values, and the header ${columns.length}` }
    }
    return checkTextBytes(row[this.#column], this.#request.maxDocumentBytes)
  }
}

function readable(error: unknown): unknown {
  const { code, lines } = error as { code?: unknown; lines?: unknown }
  const problem = PROBLEMS[String(code)]
  return problem ? new Error(`it is not CSV: near line ${lines}, ${problem}`) : error
}

function rowTooLong(line: number, limit: number): string {
  return (
    `near line ${line}, a row is longer than ${limit} bytes ` +
    '(twice what a document may have, and a megabyte); often a closing quote is missing before it'
  )
}

function tooManyValues(line: number): string {
  return (
    `near line ${line}, a row has more than the ${MOST_VALUES} values that are read; ` +
    'often the file is not CSV, or its columns are many: write the text column to a file of its own'
  )
}
