import { MixwrightError } from '../../errors.js'
import { quoted } from './table-problems.js'

/** A file of results while it is read. */
export interface SourceFile {
  /** As the client called it. */
  name: string
  /** Place in the upload, from 0. */
  index: number
  bytes: number
  /** Its bytes, from the beginning; may be asked for once. */
  open(): AsyncIterable<Uint8Array>
}

/** A file that is one JSON value is held as a whole; it may be this large. */
export const MOST_WHOLE_BYTES = 64 * 2 ** 20
/** A line, or a record of CSV, may have this many characters. */
export const LONGEST_LINE = 8 * 2 ** 20

/** Names the file in sentences. */
export const called = ({ name }: Pick<SourceFile, 'name'>) => quoted(name)

/** What a file is not, and what it should be. */
export function formatMismatch(
  file: Pick<SourceFile, 'name' | 'index'>,
  format: { name: string; expects: string },
  found: string,
): MixwrightError {
  const detail = `${called(file)} is not what the format ${format.name} takes: ${found}. Expected: ${format.expects}.`
  return new MixwrightError('import-format-mismatch', detail, [
    { pointer: `/files/${file.index}`, detail },
  ])
}

const MAGIC: [begins: readonly number[], kind: string][] = [
  [[0x89, 0x50, 0x4e, 0x47], 'it is a PNG image'],
  [[0xff, 0xd8, 0xff], 'it is a JPEG image'],
  [[0x47, 0x49, 0x46, 0x38], 'it is a GIF image'],
  [[0x25, 0x50, 0x44, 0x46], 'it is a PDF document'],
  [[0x50, 0x41, 0x52, 0x31], 'it is a Parquet file'],
  [[0x1f, 0x8b], 'it is compressed with gzip; unpack it first'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'it is compressed with zstd; unpack it first'],
  [[0xfd, 0x37, 0x7a, 0x58], 'it is compressed with xz; unpack it first'],
  [[0x42, 0x5a, 0x68], 'it is compressed with bzip2; unpack it first'],
  [[0x50, 0x4b, 0x03, 0x04], 'it is a ZIP archive; unpack it first'],
]

/** What the first bytes say that is no text, or undefined. */
export function foreignKind(bytes: Uint8Array): string | undefined {
  return MAGIC.find(([begins]) => begins.every((byte, i) => bytes[i] === byte))?.[1]
}

/** The file as text, piece by piece. @throws MixwrightError `import-format-mismatch` when it is empty or no text in UTF-8 */
export async function* readText(
  file: SourceFile,
  format: { name: string; expects: string },
): AsyncGenerator<string, void, undefined> {
  if (file.bytes === 0) throw formatMismatch(file, format, 'it is empty')
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined })
    } catch {
      throw formatMismatch(file, format, 'it is not text in UTF-8')
    }
  }
  let isFirst = true
  for await (const chunk of file.open()) {
    const foreign = isFirst ? foreignKind(chunk) : undefined
    if (foreign) throw formatMismatch(file, format, foreign)
    isFirst = false
    yield decode(chunk)
  }
  yield decode()
}

/** Lines with their numbers, from 1; empty ones are left out. */
export async function* readLines(
  file: SourceFile,
  format: { name: string; expects: string },
): AsyncGenerator<{ line: string; number: number }, void, undefined> {
  let number = 0
  let rest = ''
  for await (const text of readText(file, format)) {
    let start = 0
    for (;;) {
      const end = text.indexOf('\n', start)
      if (end < 0) break
      number++
      const line = rest + text.slice(start, end)
      rest = ''
      start = end + 1
      if (line.trim() !== '') yield { line, number }
    }
    rest += text.slice(start)
    if (rest.length > LONGEST_LINE) {
      const longest = `${LONGEST_LINE / 2 ** 20} Mi characters`
      throw formatMismatch(file, format, `line ${number + 1} is longer than ${longest}`)
    }
  }
  if (rest.trim() !== '') yield { line: rest, number: number + 1 }
}

/** @throws MixwrightError `import-format-mismatch`, `body-too-large` when it is larger than files that are held as a whole may be */
export async function readWholeText(
  file: SourceFile,
  format: { name: string; expects: string },
): Promise<string> {
  if (file.bytes > MOST_WHOLE_BYTES) {
    const most = `${MOST_WHOLE_BYTES / 2 ** 20} MiB`
    throw new MixwrightError(
      'body-too-large',
      `${called(file)} is too large: a file of the format ${format.name} may have at most ${most}.`,
      [{ pointer: `/files/${file.index}`, detail: `It may have at most ${most}.` }],
    )
  }
  const pieces: string[] = []
  for await (const piece of readText(file, format)) pieces.push(piece)
  return pieces.join('')
}
