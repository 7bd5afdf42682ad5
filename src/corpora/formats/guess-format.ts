import type { SourceFormat } from '../types.js'

/** Without the endings of compressed files. Code and mark-up are text. */
const ENDINGS: Record<SourceFormat, readonly string[]> = {
  jsonl: ['jsonl', 'ndjson', 'json'],
  parquet: ['parquet', 'pq'],
  csv: ['csv', 'tsv'],
  text: ['txt', 'text', 'md', 'markdown', 'rst', 'tex', 'html', 'htm', 'xml'],
}

const COMPRESSED = /\.(gz|gzip|zst|zstd)$/i

/** The format that a file's name tells, compressed or not; undefined for other names. */
export function guessFormat(name: string): SourceFormat | undefined {
  const ending = /\.([^./\\]+)$/.exec(name.replace(COMPRESSED, ''))?.[1].toLowerCase()
  const found = Object.entries(ENDINGS).find(([, endings]) => endings.includes(ending ?? ''))
  return found?.[0] as SourceFormat | undefined
}
