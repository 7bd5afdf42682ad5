import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** The complete lines of a compressed dump, without their line feeds. */
export async function* dumpLinesOf(
  input: Readable,
  invalid: (reason: string) => Error,
): AsyncGenerator<string, void, undefined> {
  const gunzip = createGunzip()
  // The error reaches the loop below by way of gunzip, which pipeline destroys with it.
  pipeline(input, gunzip, () => {})
  const decoder = new TextDecoder()
  const begun: string[] = []
  try {
    for await (const chunk of gunzip) {
      const [first, ...others] = decoder.decode(chunk, { stream: true }).split('\n')
      begun.push(first)
      for (const next of others) {
        yield begun.join('')
        begun.splice(0, begun.length, next)
      }
    }
  } catch (cause) {
    if (!isZlibError(cause)) throw cause
    throw invalid(`The dump cannot be unpacked (${cause.message}). Nothing was restored.`)
  }
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}
