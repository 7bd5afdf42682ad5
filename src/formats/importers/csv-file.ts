import { CsvError, parse } from 'csv-parse/sync'
import { MixwrightError } from '../../errors.js'
import { foreignKind } from './source-file.js'
import type { TableProblems } from './table-problems.js'

export type FileName = 'mixtures' | 'metrics'

export interface CsvFile {
  file: FileName
  header: string[]
  /** Data rows; row n of the file (counted from 1, the header left out) is `rows[n - 1]`. */
  rows: string[][]
}

/** @throws MixwrightError `import-format-mismatch` for bytes that are known to be something else */
export function requireTable(bytes: Uint8Array, file: FileName, expected = 'CSV'): void {
  const foreign = foreignKind(bytes)
  if (!foreign) return
  const detail = `the ${file} file is no table: ${foreign}. Expected: ${expected}.`
  throw new MixwrightError('import-format-mismatch', detail, [{ pointer: `/${file}`, detail }])
}

/** Splits the first `records` records of CSV text (RFC 4180; a byte order mark, CRLF and a missing last newline are fine). */
function parseCsv(bytes: Uint8Array, file: FileName, records: number): string[][] {
  requireTable(bytes, file)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new MixwrightError('malformed-request', `the ${file} file is not text in UTF-8`)
  }
  return parse(text, { relax_column_count: true, skip_empty_lines: true, to: records })
}

const trimmed = (header: readonly string[] = []) => header.map((column) => column.trim())

/**
 * Reads one file. When it is not CSV or has no rows, says so in `problems` and returns undefined.
 * @throws MixwrightError `malformed-request` when it is not UTF-8, `too-many-rows`
 */
export function readCsvFile(
  bytes: Uint8Array,
  file: FileName,
  maxRows: number,
  problems: TableProblems,
): CsvFile | undefined {
  try {
    const [header, ...rows] = parseCsv(bytes, file, maxRows + 2)
    if (rows.length > maxRows) {
      throw new MixwrightError('too-many-rows', `the ${file} file has more than ${maxRows} rows`)
    }
    if (rows.length > 0) return { file, header: trimmed(header), rows }
    problems.add(`/${file}`, `the ${file} file has no rows`)
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    problems.add(`/${file}`, `the ${file} file is not valid CSV: ${error.message}`)
  }
  return undefined
}

/**
 * The column names of a file.
 * @throws MixwrightError `malformed-request` when it is not UTF-8, `rows-invalid` when it is not CSV, or empty
 */
export function readCsvHeader(bytes: Uint8Array, file: FileName): string[] {
  try {
    const [header] = parseCsv(bytes, file, 1)
    if (header) return trimmed(header)
    const detail = `the ${file} file is empty`
    throw new MixwrightError('rows-invalid', detail, [{ pointer: `/${file}`, detail }])
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const detail = `the ${file} file is not valid CSV: ${error.message}`
    throw new MixwrightError('rows-invalid', detail, [{ pointer: `/${file}`, detail }])
  }
}
