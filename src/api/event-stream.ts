import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fastifySSE } from '@fastify/sse'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { MixwrightError, problemDocument } from '../errors.js'
import type { EventRecord } from '../store/records.js'
import type { StreamPlaces } from './stream-places.js'

/** Comments on a quiet connection, so that nothing between the two ends takes it for dead. */
const HEARTBEAT_MS = 15_000
/** A connection that takes nothing for so long, heartbeats neither, is given up. */
const STALLED_MS = 60_000
/** How long a client waits before it comes back. */
const RETRY_MS = 2_000
/**
 * How often a stream asks whether its client is allowed still, how old the answer may be, and how long it may take. Together less
 * than the 5 s for which a revoked key may work.
 */
const ALLOWED_EVERY_MS = 1_500

/**
 * Makes server-sent events possible for the routes of this scope.
 *
 * @see https://github.com/fastify/sse
 */
export async function acceptWatchers(app: FastifyInstance): Promise<void> {
  await app.register(fastifySSE, { heartbeatInterval: HEARTBEAT_MS })
  // The plugin refuses on its own; all our refusals are problem documents.
  app.addHook('preSerialization', async (request, reply, payload) => {
    if (reply.statusCode !== 406) return payload
    const error = new MixwrightError(
      'not-acceptable',
      `The Accept header is ${request.headers.accept}; this address answers with text/event-stream.`,
    )
    reply.type('application/problem+json')
    return { ...problemDocument(error), instance: request.url, requestId: request.id }
  })
}

interface StreamConditions {
  places: StreamPlaces
  /** Asked all along; null for always. */
  isStillAllowed: FastifyRequest['isStillAllowed']
}

/**
 * Sends events until the client goes, is not allowed any more, or the service stops. Reads on only when the connection has taken
 * what came before.
 * @param open begins to follow; what it refuses is answered as usual
 * @throws MixwrightError `overloaded` when all places are taken
 */
export async function sendEvents(
  reply: FastifyReply,
  { places, isStillAllowed }: StreamConditions,
  open: (signal: AbortSignal) => Promise<AsyncIterable<EventRecord>>,
): Promise<FastifyReply> {
  const giveBack = places.take()
  const end = endOf(reply, isStillAllowed)
  try {
    const events = await open(end.signal)
    await stream(reply, events, end.signal)
    return reply
  } finally {
    end.dispose()
    giveBack()
  }
}

async function stream(
  reply: FastifyReply,
  events: AsyncIterable<EventRecord>,
  end: AbortSignal,
): Promise<void> {
  const { raw } = reply
  reply.hijack()
  raw.setTimeout(STALLED_MS)
  // A connection that lived on after the stream would hold up the end of the service.
  reply.header('connection', 'close')
  reply.sse.sendHeaders()
  try {
    await pipeline(Readable.from(frames(events, end)), reply.sse.stream(), raw)
  } catch (error) {
    if (!end.aborted) reply.log.error({ err: error }, 'the event stream broke off')
    raw.destroy()
  }
}

async function* frames(events: AsyncIterable<EventRecord>, end: AbortSignal) {
  yield { data: undefined, retry: RETRY_MS }
  for await (const { id, type, data } of events) {
    if (end.aborted) return
    yield { id: String(id), event: type, data }
  }
}

/**
 * Aborted when the client goes or is not allowed any more, or the service stops. Not `AbortSignal.any`: what it makes of a signal that lives as long as the
 * process is remembered as long.
 */
function endOf(
  { raw, server }: FastifyReply,
  isStillAllowed: StreamConditions['isStillAllowed'],
): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController()
  const abort = () => controller.abort()
  raw.once('close', abort)
  server.stopSignal.addEventListener('abort', abort, { once: true })
  if (server.stopSignal.aborted) abort()
  const stopAsking = isStillAllowed
    ? askAlong(isStillAllowed, () => {
        abort()
        // Who does not read would be sent the rest whenever they do.
        if (raw.writableNeedDrain) raw.destroy()
      })
    : undefined
  return {
    signal: controller.signal,
    dispose() {
      stopAsking?.()
      abort()
      raw.removeListener('close', abort)
      server.stopSignal.removeEventListener('abort', abort)
    },
  }
}

/**
 * @param deny called when the answer is no, or does not come: whoever cannot be asked about is not let in either
 * @returns ends the asking
 */
function askAlong(
  isStillAllowed: NonNullable<StreamConditions['isStillAllowed']>,
  deny: () => void,
): () => void {
  let isAsking = false
  const ask = () => {
    if (isAsking) return deny()
    isAsking = true
    isStillAllowed(ALLOWED_EVERY_MS).then((isAllowed) => {
      isAsking = false
      if (!isAllowed) deny()
    }, deny)
  }
  const timer = setInterval(ask, ALLOWED_EVERY_MS).unref()
  // What let the client in may have been older than what is asked for here.
  ask()
  return () => clearInterval(timer)
}
