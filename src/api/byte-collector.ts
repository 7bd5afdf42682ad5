import { setImmediate } from 'node:timers/promises'

/** Copied at a time; a few milliseconds, after which other requests have their turn. */
const STEP_BYTES = 2 ** 22

/**
 * Reads a stream to its end into memory of its own.
 * @param maxBytes more than this throws what `tooLarge` gives, as soon as it is known
 */
export async function collectBytes(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of source) {
    length += chunk.length
    if (length > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return join(chunks, length)
}

/** As Buffer.concat, which would hold everything up for tens of milliseconds when there is much to copy. */
async function join(
  chunks: readonly Uint8Array[],
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const joined = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
  let offset = 0
  let pause = STEP_BYTES
  for (const chunk of chunks) {
    joined.set(chunk, offset)
    offset += chunk.length
    if (offset < pause) continue
    pause = offset + STEP_BYTES
    await setImmediate()
  }
  return joined
}
