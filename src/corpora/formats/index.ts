import { MixwrightError } from '../../errors.js'
import type { SourceFormat } from '../types.js'
import { readCsv } from './csv.js'
import { readJsonLines } from './json-lines.js'
import { readParquet } from './parquet.js'
import { readPlainText } from './plain-text.js'
import type { DocumentReader, ReadBatch, ReadRequest, SourceFile } from './types.js'

export { guessFormat } from './guess-format.js'
export * from './types.js'

const READERS: Record<SourceFormat, DocumentReader> = {
  jsonl: readJsonLines,
  parquet: readParquet,
  csv: readCsv,
  text: readPlainText,
}

const RECORDS: Record<SourceFormat, string> = {
  jsonl: 'line',
  parquet: 'row',
  csv: 'row',
  text: '',
}

/**
 * The documents of a file, in its order and in constant memory: a batch, and for Parquet without an offset index the text
 * column of one row group.
 * @throws MixwrightError `source-unreadable` for what concerns the whole file
 */
export async function* readDocuments(request: ReadRequest): AsyncGenerator<ReadBatch> {
  try {
    yield* READERS[request.file.format](request)
  } catch (error) {
    throw unreadable(request.file.name, (error as Error).message)
  }
}

export function unreadable(name: string, problem: string): MixwrightError {
  return new MixwrightError('source-unreadable', `${name}: ${problem}`)
}

/** A place in a file, for people: `pages.jsonl, line 3`. */
export function placeOf(file: SourceFile, record: number): string {
  const unit = RECORDS[file.format]
  return unit === '' ? file.name : `${file.name}, ${unit} ${record}`
}
