import type { TableUpload } from '../../formats/importers/table.js'

/**
 * The upload with the memory that moves with it to a thread, uncopied. Bytes that share their memory with others (as
 * small Buffers do, in Node's pool) are copied first, because moving takes all of it.
 */
export function movableUpload(upload: TableUpload): { upload: TableUpload; memory: ArrayBuffer[] } {
  if (upload.format === 'json') {
    const body = withOwnMemory(upload.body)
    return { upload: { format: 'json', body }, memory: [body.buffer] }
  }
  if ('files' in upload) {
    if (!upload.mixtures) return { upload, memory: [] }
    const mixtures = withOwnMemory(upload.mixtures)
    return { upload: { ...upload, mixtures }, memory: [mixtures.buffer] }
  }
  const mixtures = withOwnMemory(upload.mixtures)
  const metrics = withOwnMemory(upload.metrics)
  const memory = [...new Set([mixtures.buffer, metrics.buffer])]
  return { upload: { ...upload, mixtures, metrics }, memory }
}

function withOwnMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  const ownsAll = buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength
  return ownsAll ? new Uint8Array(buffer) : new Uint8Array(bytes)
}
