import type { IncomingMessage } from 'node:http'
import fastifyPlugin from 'fastify-plugin'
import {
  formatTraceparent,
  nextSpan,
  parseTraceparent,
  type TraceContext,
} from '../../trace-context.js'

/** Longer lists need not be passed on (W3C Trace Context, §3.3.1.5). */
const MOST_STATE = 512

const traces = new WeakMap<IncomingMessage, TraceContext>()

/** The step that this request is, in the trace of its caller, or in one of its own. */
export function traceOf(raw: IncomingMessage): TraceContext {
  let trace = traces.get(raw)
  if (!trace) {
    trace = nextSpan(parentOf(raw))
    traces.set(raw, trace)
  }
  return trace
}

function parentOf({ headers }: IncomingMessage): TraceContext | undefined {
  const { traceparent } = headers
  return typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined
}

/** Names the trace in the headers of every answer and in every line that is logged for a request. */
export const traceContext = fastifyPlugin(
  async (app) => {
    app.setChildLoggerFactory((logger, bindings, options, raw) =>
      logger.child({ ...bindings, traceId: traceOf(raw).traceId }, options),
    )
    app.addHook('onRequest', ({ raw }, reply, done) => {
      reply.header('traceparent', formatTraceparent(traceOf(raw)))
      const { tracestate } = raw.headers
      const isShort = typeof tracestate === 'string' && tracestate.length <= MOST_STATE
      // Without a trace to which it belongs it means nothing.
      if (isShort && parentOf(raw)) reply.header('tracestate', tracestate)
      done()
    })
  },
  { name: 'trace-context' },
)
