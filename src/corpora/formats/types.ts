import type { SourceFormat } from '../types.js'

/** A file that may be read: allowed, and with all links resolved. */
export interface SourceFile {
  /** Real path. */
  readonly path: string
  /** How people know it. */
  readonly name: string
  readonly format: SourceFormat
  readonly textField: string
  /** Size on the disk. */
  readonly bytes: number
  /** Time of the last change, milliseconds of the Unix epoch. */
  readonly modified: number
}

/** Where reading may go on: what comes before has been passed on completely. */
export interface ReadPosition {
  /** Offset in the content, for readers that can begin anywhere; others read again and leave records out. */
  readonly byte: number
  /** Records (lines, rows, documents) that lie before. */
  readonly record: number
}

export const BEGINNING: ReadPosition = { byte: 0, record: 0 }

/** A document, or why there is none. Records are counted from 1. */
export type ReadItem =
  | { readonly record: number; readonly text: Uint8Array }
  | { readonly record: number; readonly problem: string }

/** Some documents at once; about a megabyte, or one larger document. */
export interface ReadBatch {
  /** Text is valid UTF-8 of at most `maxDocumentBytes`. */
  readonly items: readonly ReadItem[]
  /** Behind the last item. */
  readonly position: ReadPosition
  /** Bytes of the file, as it lies on the disk, that are done. */
  readonly bytesRead: number
}

export interface ReadRequest {
  readonly file: SourceFile
  readonly maxDocumentBytes: number
  readonly from: ReadPosition
}

/** Reads a file of one format. What concerns a whole file is thrown as Error, what concerns one document is an item. */
export type DocumentReader = (request: ReadRequest) => AsyncGenerator<ReadBatch>
