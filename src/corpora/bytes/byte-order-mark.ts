/** Of UTF-8. */
export const MARK_BYTES = 3

/** The bytes without a byte order mark at their beginning. */
export function withoutMark(bytes: Uint8Array): Uint8Array {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return marked ? bytes.subarray(MARK_BYTES) : bytes
}

/** A stream without a byte order mark at its beginning. */
export async function* streamWithoutMark(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array(0)
  for await (const chunk of chunks) {
    if (!head) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    if (head.length < MARK_BYTES) continue
    yield withoutMark(head)
    head = undefined
  }
  if (head && head.length > 0) yield withoutMark(head)
}
