import { isUtf8 } from 'node:buffer'
import { didYouMean } from '../../formats/nearest-name.js'

const SHOWN_NAMES = 20

export type Checked = { readonly text: Uint8Array } | { readonly problem: string }

/** A value that should be the text of a document. */
export function checkText(value: unknown, maxDocumentBytes: number): Checked {
  if (typeof value !== 'string') return { problem: `the text is ${kindOf(value)}, not a string` }
  if (!value.isWellFormed()) {
    return { problem: 'the text holds half of a surrogate pair, which is not a character' }
  }
  const bytes = Buffer.byteLength(value)
  return bytes > maxDocumentBytes ? tooLarge(bytes, maxDocumentBytes) : { text: Buffer.from(value) }
}

/** Bytes that should be the text of a document. */
export function checkTextBytes(bytes: Uint8Array, maxDocumentBytes: number): Checked {
  if (bytes.length > maxDocumentBytes) return tooLarge(bytes.length, maxDocumentBytes)
  return isUtf8(bytes) ? { text: bytes } : { problem: 'the text is not UTF-8' }
}

/** @param bytes undefined: more than the limit */
export function tooLarge(bytes: number | undefined, maxDocumentBytes: number): { problem: string } {
  const size = bytes === undefined ? 'larger' : `${bytes} bytes large`
  return { problem: `the text is ${size}, and a document may have ${maxDocumentBytes} bytes` }
}

/** What to say when the text's field or column is not among those that are there. */
export function missingField(
  what: 'field' | 'column',
  wanted: string,
  present: readonly string[],
): string {
  const near = didYouMean(wanted, present)
  if (present.length === 0) return `there is no ${what} "${wanted}", nor any other`
  const shown = present.slice(0, SHOWN_NAMES).map((name) => JSON.stringify(name.slice(0, 60)))
  const more = present.length > SHOWN_NAMES ? ` and ${present.length - SHOWN_NAMES} more` : ''
  return `there is no ${what} "${wanted}"${near || ';'} the ${what}s are ${shown.join(', ')}${more}`
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  return Array.isArray(value)
    ? 'an array'
    : `a${typeof value === 'object' ? 'n' : ''} ${typeof value}`
}
