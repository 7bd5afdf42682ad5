import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Multipart } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { formatBytes } from '../byte-size.js'
import { MixwrightError } from '../errors.js'
import { asRefusal } from './forms.js'

/** Files of forms that are stored as they come, whatever they hold. */

/** What a form holds beside its files: boundaries, headers and fields. */
export const FORM_OVERHEAD = 2 ** 20

/** The parts of a form; what is wrong with the form itself is a refusal. */
export async function* partsOf(request: FastifyRequest): AsyncGenerator<Multipart> {
  try {
    yield* request.parts()
  } catch (error) {
    throw asRefusal(error, 'The form')
  }
}

/** Bytes that the files of a form may still have. */
export class Room {
  readonly #maxBytes: number
  #left: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#left = maxBytes
  }

  /** @throws MixwrightError `body-too-large` */
  take(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) throw this.exceeded()
  }

  exceeded(): MixwrightError {
    return new MixwrightError(
      'body-too-large',
      `The files of a form may have at most ${formatBytes(this.#maxBytes)} together.`,
    )
  }
}

/** A file as it arrives, which fails when it breaks off, when there is no room for it, and when the service stops. */
export function watched(file: Readable, room: Room, stop: AbortSignal) {
  const content = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      try {
        room.take(chunk.length)
        done(null, chunk)
      } catch (error) {
        done(error as Error)
      }
    },
  })
  // Whichever of the two fails first takes the other along.
  let brokenOff: Error | undefined
  let failedHere = false
  content.once('error', () => {
    failedHere = brokenOff === undefined
  })
  file.once('error', (error: Error) => {
    if (!failedHere) brokenOff = error
  })
  const abandon = () => {
    content.destroy(new MixwrightError('unavailable', 'The service is stopping.'))
  }
  stop.addEventListener('abort', abandon, { once: true })
  const arriving = pipeline(file, content)
  arriving.catch(() => {})
  return {
    async into<T>(store: (content: Readable) => Promise<T>): Promise<T> {
      try {
        return await store(content)
      } catch (error) {
        content.destroy()
        if (error instanceof MixwrightError || !brokenOff) throw error
        throw asRefusal(brokenOff, 'The form')
      } finally {
        stop.removeEventListener('abort', abandon)
      }
    },
  }
}
