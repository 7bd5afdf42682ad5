import { MARK_BYTES, withoutMark } from '../bytes/byte-order-mark.js'
import { ByteSource } from '../bytes/byte-source.js'
import { type Checked, checkTextBytes, tooLarge } from './text-value.js'
import type { DocumentReader } from './types.js'

/** The whole file is one document; a byte order mark is no part of it. */
export const readPlainText: DocumentReader = async function* ({ file, maxDocumentBytes, from }) {
  if (from.record > 0 || file.bytes === 0) return
  const source = new ByteSource(file.path, file.bytes)
  try {
    const read = await readWhole(source, maxDocumentBytes)
    yield {
      items: [{ record: 1, ...read }],
      position: { byte: 0, record: 1 },
      bytesRead: file.bytes,
    }
  } finally {
    source.close()
  }
}

async function readWhole(source: ByteSource, maxDocumentBytes: number): Promise<Checked> {
  if (source.compression === 'none' && source.size > maxDocumentBytes + MARK_BYTES) {
    return tooLarge(source.size, maxDocumentBytes)
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of source.chunks()) {
    bytes += chunk.length
    if (bytes > maxDocumentBytes + MARK_BYTES) return tooLarge(undefined, maxDocumentBytes)
    chunks.push(chunk)
  }
  return checkTextBytes(withoutMark(Buffer.concat(chunks)), maxDocumentBytes)
}
