import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { MixwrightError } from '../errors.js'

export interface WrittenFile {
  /** Absolute path. */
  file: string
  bytes: number
  /** SHA-256 (hex). */
  contentHash: string
}

/** Name under which a file is written before it is whole. */
const partialName = (name: string): string => `${name}.${randomUUID()}.partial`

/**
 * Writes the stream to a file, which appears under its name when it is whole and on the disk. On any failure nothing is
 * left of it.
 * @param onBytes called before so many bytes are written; what it throws ends the writing
 * @throws MixwrightError `disk-full`, or what `onBytes` or the stream throws
 */
export async function writeWhole(
  file: string,
  stream: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void | Promise<void>,
): Promise<WrittenFile> {
  const partial = partialName(file)
  try {
    const written = await writeStream(partial, stream, onBytes)
    await rename(partial, file)
    await flushFolder(path.dirname(file))
    return { ...written, file }
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

/**
 * Writes the stream to the file, through to the disk unless `flush` is false.
 * @throws as `writeWhole`
 */
export async function writeStream(
  file: string,
  stream: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void | Promise<void>,
  { flush = true }: { flush?: boolean } = {},
): Promise<Omit<WrittenFile, 'file'>> {
  const handle = await open(file, 'w')
  try {
    const written = await writeTo(handle, stream, onBytes)
    if (flush) await handle.sync()
    return written
  } catch (error) {
    throw asDiskFull(error, path.dirname(file))
  } finally {
    await handle.close()
  }
}

async function writeTo(
  handle: FileHandle,
  stream: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void | Promise<void>,
): Promise<Omit<WrittenFile, 'file'>> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of stream) {
    await onBytes(chunk.byteLength)
    for (let start = 0; start < chunk.byteLength; )
      start += (await handle.write(chunk, start)).bytesWritten
    hash.update(chunk)
    bytes += chunk.byteLength
  }
  return { bytes, contentHash: hash.digest('hex') }
}

/** A renamed file is only on the disk when its folder is. */
async function flushFolder(folder: string): Promise<void> {
  // Windows cannot open folders, and keeps names without being asked.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** No room on the device, or none left of what its user may have. */
const FULL = ['ENOSPC', 'EDQUOT']

/** The catalogue's `disk-full` for what the operating system says when there is no room; other errors as they are. */
function asDiskFull(error: unknown, folder: string): unknown {
  const isFull = error instanceof Error && 'code' in error && FULL.includes(String(error.code))
  if (!isFull) return error
  return new MixwrightError('disk-full', `There is no room left on the disk of ${folder}.`)
}
