import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { formatBytes } from '../../byte-size.js'
import { type ErrorCode, MixwrightError, problemDocument } from '../../errors.js'
import { RouteTable } from './route-table.js'
import { traceOf } from './trace-context.js'
import { InvalidRequestError } from './validation.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Media types a route takes; default `application/json`. */
    consumes?: readonly string[]
    /** What to do about a refusal here, where the catalogue speaks of something else. */
    fixes?: Partial<Record<ErrorCode, string>>
  }
}

const RETRY_AFTER_SECONDS = 5

/** Path parameters that are ids: one of another form cannot exist. */
const NOT_FOUND_CODES: Record<string, ErrorCode> = {
  studyId: 'study-not-found',
  fitId: 'fit-not-found',
  jobId: 'job-not-found',
  corpusId: 'corpus-not-found',
  sourceId: 'source-not-found',
  ingestionId: 'ingestion-not-found',
  searchId: 'search-not-found',
  trialId: 'trial-not-found',
  keyId: 'key-not-found',
  backtestId: 'backtest-not-found',
}

/** What Fastify and its plugins throw, in the words of our catalogue. */
const FRAMEWORK_ERRORS: Record<string, (request: FastifyRequest, error: Error) => MixwrightError> =
  {
    FST_ERR_CTP_BODY_TOO_LARGE: bodyTooLarge,
    FST_REQ_FILE_TOO_LARGE: bodyTooLarge,
    FST_ERR_CTP_INVALID_MEDIA_TYPE: unsupportedMediaType,
    FST_ERR_MAX_PARAM_LENGTH: routeNotFound,
  }

/** Answers every error as a problem document (RFC 9457) from the catalogue; what is ours to hide is logged instead. */
export const problems = fastifyPlugin(
  async (app: FastifyInstance) => {
    const routes = new RouteTable()
    app.addHook('onRoute', ({ method, url }) => {
      // Preflights may come for any address; that does not make it one.
      if (url !== '*') routes.add([method].flat(), url)
    })
    app.setErrorHandler((error: FastifyError, request, reply) => sendProblem(error, request, reply))
    app.setNotFoundHandler((request, reply) => {
      const allowed = routes.methodsOf(request.url)
      // A route that takes the method has looked, and found nothing.
      const isUnknown = allowed.length === 0 || allowed.includes(request.method)
      if (isUnknown) return sendProblem(routeNotFound(request), request, reply)
      reply.header('allow', allowed.join(', '))
      return sendProblem(methodNotAllowed(request, allowed), request, reply)
    })
  },
  { name: 'problems' },
)

export function sendProblem(
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const known = toMixwrightError(error, request)
  if (known.status === 503) {
    // Being busy, or about to stop, is no defect.
    request.log.info({ code: known.code }, known.message)
    reply.header('retry-after', RETRY_AFTER_SECONDS)
  } else if (known.status >= 500) request.log.error({ err: error }, 'request failed')
  const fix = request.routeOptions.config.fixes?.[known.code]
  // Closing now would reset the connection under a client that is still sending; it would never read the answer.
  if (known.status === 413) reply.removeHeader('connection')
  return reply
    .code(known.status)
    .header('x-request-id', request.id)
    .type('application/problem+json')
    .send({
      ...problemDocument(known),
      ...(fix && { fix }),
      instance: request.url,
      requestId: request.id,
      traceId: traceOf(request.raw).traceId,
    })
}

function toMixwrightError(error: Error, request: FastifyRequest): MixwrightError {
  if (error instanceof MixwrightError) return error
  if (error instanceof InvalidRequestError) return invalidRequest(error, request)
  const { code = '', statusCode = 500 } = error as Partial<FastifyError>
  const translate = FRAMEWORK_ERRORS[code]
  if (translate) return translate(request, error)
  if (statusCode >= 400 && statusCode < 500) {
    return new MixwrightError('malformed-request', `${error.message.replace(/\.$/, '')}.`)
  }
  return new MixwrightError('internal', 'The request could not be completed.')
}

function invalidRequest(error: InvalidRequestError, request: FastifyRequest): MixwrightError {
  const { fieldErrors, validationContext } = error
  if (validationContext === 'body') {
    const nothing = request.body === undefined || request.body === null
    const count = fieldErrors.length === 1 ? 'one field' : `${fieldErrors.length} fields`
    const detail = nothing ? 'The request has no body.' : `The body is not valid in ${count}.`
    return new MixwrightError('validation-failed', detail, fieldErrors)
  }
  const [{ pointer, detail }] = fieldErrors
  const name = pointer.slice(1)
  if (validationContext === 'params' && name in NOT_FOUND_CODES) {
    return new MixwrightError(NOT_FOUND_CODES[name], 'An id is a UUID; this one is not.')
  }
  const all = fieldErrors.map((field) => `\`${field.pointer.slice(1)}\`: ${field.detail}`)
  const part = validationContext === 'querystring' ? 'query' : validationContext
  return new MixwrightError(
    'malformed-request',
    name ? `In the ${part}: ${all.join(' ')}` : `The ${part}: ${detail}`,
  )
}

function bodyTooLarge(request: FastifyRequest): MixwrightError {
  const limit = formatBytes(request.routeOptions.bodyLimit)
  return new MixwrightError('body-too-large', `The body may have at most ${limit} here.`)
}

function unsupportedMediaType(request: FastifyRequest): MixwrightError {
  const given = request.headers['content-type'] ?? 'none'
  const { consumes = ['application/json'] } = request.routeOptions.config
  return new MixwrightError(
    'unsupported-media-type',
    `The content type is ${given}; this address takes ${consumes.join(' or ')}.`,
  )
}

function routeNotFound({ method, url }: FastifyRequest): MixwrightError {
  return new MixwrightError(
    'route-not-found',
    `${method} ${url} is not an address of this service.`,
  )
}

function methodNotAllowed(request: FastifyRequest, allowed: readonly string[]): MixwrightError {
  return new MixwrightError(
    'method-not-allowed',
    `${request.method} is not possible here; ${allowed.join(', ')} ${allowed.length === 1 ? 'is' : 'are'}.`,
  )
}
