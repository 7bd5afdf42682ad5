import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type FastifyServerOptions, fastify } from 'fastify'
import { createMetrics, type Metrics } from '../metrics/index.js'
import type { Services } from '../studies/index.js'
import { type ApiLimits, DEFAULT_API_LIMITS } from './limits.js'
import { AccessLog } from './logging.js'
import { bodies } from './plugins/bodies.js'
import { bodyDeadlines } from './plugins/body-deadlines.js'
import { idempotency } from './plugins/idempotency.js'
import { httpMetrics } from './plugins/metrics.js'
import { problems, sendProblem } from './plugins/problems.js'
import { requestId, requestIds } from './plugins/request-ids.js'
import { security } from './plugins/security.js'
import { serialization } from './plugins/serialization.js'
import { stopping } from './plugins/stopping.js'
import { swagger } from './plugins/swagger.js'
import { traceContext } from './plugins/trace-context.js'
import { validation } from './plugins/validation.js'
import { backtestRoutes } from './routes/backtests.js'
import { corpusRoutes } from './routes/corpora.js'
import { eventRoutes } from './routes/events.js'
import { exportRoutes } from './routes/exports.js'
import { externalTrialRoutes } from './routes/external-trials.js'
import { fitRoutes } from './routes/fits.js'
import { healthRoutes } from './routes/health.js'
import { importRoutes } from './routes/imports.js'
import { ingestionRoutes } from './routes/ingestions.js'
import { jobRoutes } from './routes/jobs.js'
import { keyRoutes } from './routes/keys.js'
import { methodRoutes } from './routes/methods.js'
import { metricRoutes } from './routes/metrics.js'
import { recommendationRoutes } from './routes/recommendations.js'
import { searchRoutes } from './routes/searches.js'
import { serviceRoutes } from './routes/service.js'
import { sourceRoutes } from './routes/sources.js'
import { studyRoutes } from './routes/studies.js'
import { suggestionRoutes } from './routes/suggestions.js'
import { trialRoutes } from './routes/trials.js'
import type { ApiSecurity } from './security.js'
import { StreamPlaces } from './stream-places.js'

export interface AppOptions {
  services: Services
  /** Version of Mixwright, for the OpenAPI description. */
  version: string
  /** As Fastify takes it: pino's options, or false for silence. Default false. */
  logger?: FastifyServerOptions['logger']
  limits?: Partial<ApiLimits>
  /** Default: nobody needs a key, and nothing is counted. */
  security?: Partial<ApiSecurity>
  /** What `/metrics` shows. Default: those of this application alone. */
  metrics?: Metrics
  /** As the plugin takes it. */
  idempotencyStaleMs?: number
}

/** The HTTP application, with all routes, not listening. `app.listen` or `app.inject` makes it ready. */
export async function buildApp({
  services,
  version,
  logger = false,
  limits,
  security: settings,
  metrics = createMetrics({ version }),
  idempotencyStaleMs: staleMs,
}: AppOptions) {
  const { bodyBytes, inlineBytes, importBytes, importFileBytes, ...bounds } = {
    ...DEFAULT_API_LIMITS,
    ...limits,
  }
  const { corpusBytes, uploadBytes, eventStreams } = bounds
  const app = fastify({
    logger,
    trustProxy: [...(settings?.trustProxy ?? [])],
    bodyLimit: bodyBytes,
    return503OnClosing: false,
    genReqId: requestId,
    frameworkErrors: sendProblem,
    logController: new AccessLog(),
  }).withTypeProvider<TypeBoxTypeProvider>()

  await app.register(requestIds)
  await app.register(httpMetrics, { metrics })
  await app.register(traceContext)
  await app.register(validation)
  await app.register(serialization)
  await app.register(problems)
  await app.register(stopping)
  await app.register(security, { services, settings })
  await app.register(bodyDeadlines)
  await app.register(bodies)
  await app.register(idempotency, { services, staleMs })
  await app.register(swagger, { version })

  await app.register(serviceRoutes)
  await app.register(healthRoutes, { services })
  await app.register(metricRoutes, { metrics })
  await app.register(async (v1) => {
    v1.addHook('onRequest', (_request, reply, done) => {
      reply.header('cache-control', 'no-store')
      done()
    })
    await v1.register(methodRoutes, { services })
    await v1.register(studyRoutes, { services })
    await v1.register(importRoutes, { services, importBytes, importFileBytes })
    await v1.register(corpusRoutes, { services, corpusBytes })
    await v1.register(sourceRoutes, { services, uploadBytes })
    await v1.register(ingestionRoutes, { services })
    await v1.register(searchRoutes, { services })
    await v1.register(suggestionRoutes, { services })
    await v1.register(trialRoutes, { services })
    await v1.register(externalTrialRoutes, { services })
    await v1.register(eventRoutes, { services, places: new StreamPlaces(eventStreams, metrics) })
    await v1.register(fitRoutes, { services })
    await v1.register(recommendationRoutes, { services, inlineBytes })
    await v1.register(backtestRoutes, { services, inlineBytes })
    await v1.register(exportRoutes, { services })
    await v1.register(jobRoutes, { services })
    await v1.register(keyRoutes, { services })
  })
  return app
}
