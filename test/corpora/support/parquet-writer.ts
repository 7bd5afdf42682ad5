import { brotliCompressSync, gzipSync } from 'node:zlib'
import { zstdOf } from './zstd-frames.js'

/** The smallest writer of Parquet that the reader can be tested with: text columns, plain encoding, thrift's compact protocol. */

const I32 = 5
const I64 = 6
const BINARY = 8
const LIST = 9
const STRUCT = 12

type Field = readonly [id: number, type: number, value: Buffer]

function varint(value: number): Buffer {
  const bytes: number[] = []
  let left = value
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128)
  return Buffer.from([...bytes, left])
}

const integer = (value: number) => varint(2 * value)
const i32 = (id: number, value: number): Field => [id, I32, integer(value)]
const i64 = (id: number, value: number): Field => [id, I64, integer(value)]
const binary = (value: string) =>
  Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)])

function struct(...fields: Field[]): Buffer {
  let previous = 0
  const parts = fields.flatMap(([id, type, value]) => {
    const header = Buffer.of(((id - previous) << 4) | type)
    previous = id
    return [header, value]
  })
  return Buffer.concat([...parts, Buffer.of(0)])
}

function list(id: number, type: number, values: Buffer[]): Field {
  const header =
    values.length < 15
      ? Buffer.of((values.length << 4) | type)
      : Buffer.concat([Buffer.of(0xf0 | type), varint(values.length)])
  return [id, LIST, Buffer.concat([header, ...values])]
}

const CODECS = {
  none: { id: 0, compress: (bytes: Buffer) => bytes },
  snappy: { id: 1, compress: snappyLiterals },
  gzip: { id: 2, compress: (bytes: Buffer) => gzipSync(bytes) },
  brotli: { id: 4, compress: (bytes: Buffer) => brotliCompressSync(bytes) },
  zstd: { id: 6, compress: (bytes: Buffer) => zstdOf(bytes) },
}

export type Codec = keyof typeof CODECS
export const CODEC_NAMES = Object.keys(CODECS) as Codec[]

/** Snappy without a single match. */
function snappyLiterals(bytes: Buffer): Buffer {
  const parts = [varint(bytes.length)]
  for (let at = 0; at < bytes.length; at += 60) {
    const part = bytes.subarray(at, at + 60)
    parts.push(Buffer.of((part.length - 1) << 2), part)
  }
  return Buffer.concat(parts)
}

export type Cell = string | Buffer | null

export interface ParquetOptions {
  codec?: Codec
  /** Rows of a page; default: a row group is one page. */
  pageRows?: number
  /** Writes an offset index of the pages. */
  index?: boolean
  /** A second column, before the text. */
  other?: string
  name?: string
}

interface Chunk {
  meta: Buffer
  offset: number
  pages: Buffer[]
}

/** A file whose one column of text has these row groups. */
export function parquetFile(groups: readonly (readonly Cell[])[], options: ParquetOptions = {}) {
  const { name = 'text', other, index = false } = options
  const parts: Buffer[] = [Buffer.from('PAR1')]
  let position = 4
  const push = (part: Buffer) => {
    parts.push(part)
    position += part.length
    return position - part.length
  }
  const writeChunk = (column: string, cells: readonly Cell[]) =>
    columnChunk(column, cells, options, push)
  const rowGroups = groups.map((cells) => {
    const chunks = [
      ...(other === undefined
        ? []
        : [
            writeChunk(
              other,
              cells.map(() => 'x'.repeat(50)),
            ),
          ]),
      writeChunk(name, cells),
    ]
    const columns = chunks.map(({ meta, offset, pages }) => {
      if (!index) return struct(i64(2, offset), [3, STRUCT, meta])
      const locations = offsetIndex(offset, pages, options.pageRows ?? cells.length)
      return struct(
        i64(2, offset),
        [3, STRUCT, meta],
        i64(4, push(locations)),
        i32(5, locations.length),
      )
    })
    return struct(list(1, STRUCT, columns), i64(2, 1), i64(3, cells.length))
  })
  const names = other === undefined ? [name] : [other, name]
  const schema = [
    struct([4, BINARY, binary('schema')], i32(5, names.length)),
    ...names.map((column) => struct(i32(1, 6), i32(3, 1), [4, BINARY, binary(column)], i32(6, 0))),
  ]
  const rows = groups.reduce((sum, cells) => sum + cells.length, 0)
  const footer = struct(
    i32(1, 1),
    list(2, STRUCT, schema),
    i64(3, rows),
    list(4, STRUCT, rowGroups),
  )
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  return Buffer.concat([...parts, footer, length, Buffer.from('PAR1')])
}

function columnChunk(
  name: string,
  cells: readonly Cell[],
  { codec = 'none', pageRows = cells.length }: ParquetOptions,
  push: (part: Buffer) => number,
): Chunk {
  const pages: Buffer[] = []
  for (let at = 0; at < cells.length; at += pageRows) {
    pages.push(dataPage(cells.slice(at, at + pageRows), codec))
  }
  const bytes = pages.reduce((sum, page) => sum + page.length, 0)
  const offset = push(Buffer.concat(pages))
  const meta = struct(
    i32(1, 6),
    list(2, I32, [integer(0)]),
    list(3, BINARY, [binary(name)]),
    i32(4, CODECS[codec].id),
    i64(5, cells.length),
    i64(6, bytes),
    i64(7, bytes),
    i64(9, offset),
  )
  return { meta, offset, pages }
}

function dataPage(cells: readonly Cell[], codec: Codec): Buffer {
  const levels = Buffer.concat(
    cells.map((cell) => Buffer.concat([varint(2), Buffer.of(cell === null ? 0 : 1)])),
  )
  const levelBytes = Buffer.alloc(4)
  levelBytes.writeUInt32LE(levels.length)
  const values = cells.flatMap((cell) => {
    if (cell === null) return []
    const bytes = Buffer.from(cell as string)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    return [length, bytes]
  })
  const content = Buffer.concat([levelBytes, levels, ...values])
  const compressed = CODECS[codec].compress(content)
  const pageHeader = struct(i32(1, 0), i32(2, content.length), i32(3, compressed.length), [
    5,
    STRUCT,
    struct(i32(1, cells.length), i32(2, 0), i32(3, 3), i32(4, 3)),
  ])
  return Buffer.concat([pageHeader, compressed])
}

function offsetIndex(start: number, pages: readonly Buffer[], pageRows: number): Buffer {
  let offset = start
  const locations = pages.map((page, i) => {
    offset += page.length
    return struct(i64(1, offset - page.length), i32(2, page.length), i64(3, i * pageRows))
  })
  return struct(list(1, STRUCT, locations))
}
