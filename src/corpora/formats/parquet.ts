import type { AsyncBuffer, Compressors, FileMetaData, RowGroup } from 'hyparquet'
import { ByteSource } from '../bytes/byte-source.js'
import { loadCodecs, MAX_UNFOLDED_BYTES } from './parquet-codecs.js'
import { checkTextBytes, missingField } from './text-value.js'
import type { DocumentReader, ReadBatch, ReadItem, ReadRequest } from './types.js'

const BATCH_BYTES = 1 << 20
const BATCH_ROWS = 1000
/** Compressed bytes of pages that are read at once where the file has an index of its pages. */
const PAGES_BYTES = 1 << 22
const MAGIC = 'PAR1'
const SMALLEST_FILE = 12

type Hyparquet = typeof import('hyparquet')

/** Rows of a row group, counted from its own first one. */
type RowRange = readonly [start: number, end: number]

interface OpenParquet {
  readonly library: Hyparquet
  readonly codecs: Compressors
  readonly file: AsyncBuffer
  readonly metadata: FileMetaData
  readonly request: ReadRequest
}

/**
 * The text column of a Parquet file, row group after row group; where the file has an offset index, a few pages at a time. The
 * other columns are never read.
 */
export const readParquet: DocumentReader = async function* (request) {
  const source = new ByteSource(request.file.path, request.file.bytes)
  try {
    const parquet = await open(source, request)
    requireTextColumn(parquet)
    let groupStart = 0
    for (const group of parquet.metadata.row_groups) {
      const rows = Number(group.num_rows)
      if (groupStart + rows > request.from.record) yield* readGroup(parquet, group, groupStart)
      groupStart += rows
    }
  } finally {
    source.close()
  }
}

async function open(source: ByteSource, request: ReadRequest): Promise<OpenParquet> {
  requireMagic(source)
  const [library, codecs] = await Promise.all([import('hyparquet'), loadCodecs()])
  const file: AsyncBuffer = {
    byteLength: source.size,
    slice: (start, end = source.size) => {
      if (start < 0 || end > source.size || end < start) {
        throw new Error(`it points to bytes ${start} to ${end} of ${source.size}`)
      }
      return source.read(start, end - start).buffer
    },
  }
  const metadata = await library.parquetMetadataAsync(file, { geoparquet: false })
  return { library, codecs, file, metadata, request }
}

function requireMagic(source: ByteSource): void {
  const size = source.size
  if (size < SMALLEST_FILE) throw new Error(`${size} bytes are no Parquet file`)
  const [head, tail] = [source.read(0, 4), source.read(size - 4, 4)].map((part) => part.toString())
  if (head !== MAGIC) throw new Error(`it does not begin with ${MAGIC}, as Parquet files do`)
  if (tail !== MAGIC) throw new Error(`it does not end with ${MAGIC}: the file is not complete`)
}

function requireTextColumn({ library, metadata, request }: OpenParquet): void {
  const { textField } = request.file
  const columns = library.parquetSchema(metadata).children
  const column = columns.find(({ element }) => element.name === textField)
  if (!column) {
    const names = columns.map(({ element }) => element.name)
    throw new Error(missingField('column', textField, names))
  }
  const { type, repetition_type, converted_type, logical_type } = column.element
  const text =
    type === 'BYTE_ARRAY' &&
    repetition_type !== 'REPEATED' &&
    [undefined, 'UTF8', 'JSON', 'ENUM'].includes(converted_type) &&
    [undefined, 'STRING', 'JSON', 'ENUM'].includes(logical_type?.type)
  if (text) return
  const kind =
    column.children.length > 0 ? 'a group' : (logical_type?.type ?? converted_type ?? type)
  throw new Error(`the column "${textField}" does not hold text: it is ${kind}`)
}

async function* readGroup(
  parquet: OpenParquet,
  group: RowGroup,
  groupStart: number,
): AsyncGenerator<ReadBatch> {
  const { request, metadata } = parquet
  const skipped = Math.max(0, request.from.record - groupStart)
  for (const [start, end] of await rowRanges(parquet, group)) {
    if (end <= skipped) continue
    const values = await readRows(parquet, group, [start, end])
    const first = Math.max(start, skipped)
    for (const [from, to] of batches(values, first - start)) {
      const record = groupStart + start + to
      yield {
        items: items(values, from, to, groupStart + start, request.maxDocumentBytes),
        position: { byte: 0, record },
        bytesRead: Math.floor((request.file.bytes * record) / Number(metadata.num_rows)),
      }
    }
  }
}

function columnOf(group: RowGroup, name: string) {
  const chunk = group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)
  if (!chunk?.meta_data) throw new Error(`a row group has no column "${name}"`)
  return { chunk, meta: chunk.meta_data }
}

/** Runs of whole pages; all rows at once in a file without an index. */
async function rowRanges({ library, file, request }: OpenParquet, group: RowGroup) {
  const rows = Number(group.num_rows)
  const { chunk, meta } = columnOf(group, request.file.textField)
  const indexed = chunk.offset_index_offset !== undefined && chunk.offset_index_length !== undefined
  if (!indexed) {
    requireSmall(Number(meta.total_uncompressed_size))
    return [[0, rows]] as RowRange[]
  }
  const start = Number(chunk.offset_index_offset)
  const view = new DataView(await file.slice(start, start + Number(chunk.offset_index_length)))
  const pages = library.readOffsetIndex({ view, offset: 0 }).page_locations
  const ranges: RowRange[] = []
  let rangeStart = 0
  let bytes = 0
  for (const page of pages) {
    const firstRow = Number(page.first_row_index)
    if (bytes >= PAGES_BYTES) {
      ranges.push([rangeStart, firstRow])
      rangeStart = firstRow
      bytes = 0
    }
    bytes += page.compressed_page_size
  }
  return [...ranges, [rangeStart, rows] as RowRange].filter(([from, to]) => to > from)
}

function requireSmall(bytes: number): void {
  if (bytes <= MAX_UNFOLDED_BYTES) return
  throw new Error(
    `the text of one row group has ${bytes} bytes, more than the ${MAX_UNFOLDED_BYTES} that are read at once: ` +
      'write smaller row groups, or an offset index (in pyarrow, write_page_index=True)',
  )
}

async function readRows(
  { library, codecs, file, metadata, request }: OpenParquet,
  group: RowGroup,
  [rowStart, rowEnd]: RowRange,
): Promise<ArrayLike<unknown>> {
  const column = request.file.textField
  const bytes = (value: Uint8Array) => value
  const scan = await library.parquetScan({
    file,
    metadata: { ...metadata, num_rows: group.num_rows, row_groups: [group] },
    columns: [column],
    compressors: codecs,
    utf8: false,
    parsers: { stringFromBytes: bytes, jsonFromBytes: bytes },
    geoparquet: false,
  })
  const values = await scan.readColumn({ column, rowStart, rowEnd })
  if (values.length === rowEnd - rowStart) return values
  throw new Error(`a row group says that it has ${rowEnd} rows, and fewer are there`)
}

function* batches(values: ArrayLike<unknown>, start: number): Generator<RowRange> {
  let from = start
  let bytes = 0
  for (let i = start; i < values.length; i++) {
    bytes += (values[i] as Uint8Array | undefined)?.length ?? 0
    if (bytes < BATCH_BYTES && i + 1 - from < BATCH_ROWS && i + 1 < values.length) continue
    yield [from, i + 1]
    from = i + 1
    bytes = 0
  }
}

function items(
  values: ArrayLike<unknown>,
  from: number,
  to: number,
  firstRow: number,
  maxDocumentBytes: number,
): ReadItem[] {
  return Array.from({ length: to - from }, (_, i) => {
    const value = values[from + i]
    const record = firstRow + from + i + 1
    return value instanceof Uint8Array
      ? { record, ...checkTextBytes(value, maxDocumentBytes) }
      : { record, problem: 'the text is null' }
  })
}
