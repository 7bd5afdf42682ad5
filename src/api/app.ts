import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type FastifyServerOptions, fastify } from 'fastify'
import type { Services } from '../studies/index.js'
import { type ApiLimits, DEFAULT_API_LIMITS } from './limits.js'
import { bodies } from './plugins/bodies.js'
import { bodyDeadlines } from './plugins/body-deadlines.js'
import { problems, sendProblem } from './plugins/problems.js'
import { requestId, requestIds } from './plugins/request-ids.js'
import { serialization } from './plugins/serialization.js'
import { stopping } from './plugins/stopping.js'
import { swagger } from './plugins/swagger.js'
import { validation } from './plugins/validation.js'
import { corpusRoutes } from './routes/corpora.js'
import { eventRoutes } from './routes/events.js'
import { fitRoutes } from './routes/fits.js'
import { importRoutes } from './routes/imports.js'
import { ingestionRoutes } from './routes/ingestions.js'
import { jobRoutes } from './routes/jobs.js'
import { methodRoutes } from './routes/methods.js'
import { recommendationRoutes } from './routes/recommendations.js'
import { searchRoutes } from './routes/searches.js'
import { serviceRoutes } from './routes/service.js'
import { sourceRoutes } from './routes/sources.js'
import { studyRoutes } from './routes/studies.js'
import { trialRoutes } from './routes/trials.js'

export interface AppOptions {
  services: Services
  /** Version of Mixwright, for the OpenAPI description. */
  version: string
  /** As Fastify takes it: pino's options, or false for silence. Default false. */
  logger?: FastifyServerOptions['logger']
  limits?: Partial<ApiLimits>
}

/** The HTTP application, with all routes, not listening. `app.listen` or `app.inject` makes it ready. */
export async function buildApp({ services, version, logger = false, limits }: AppOptions) {
  const { bodyBytes, inlineBytes, importBytes, corpusBytes, uploadBytes } = {
    ...DEFAULT_API_LIMITS,
    ...limits,
  }
  const app = fastify({
    logger,
    bodyLimit: bodyBytes,
    return503OnClosing: false,
    genReqId: requestId,
    frameworkErrors: sendProblem,
  }).withTypeProvider<TypeBoxTypeProvider>()

  await app.register(requestIds)
  await app.register(validation)
  await app.register(serialization)
  await app.register(problems)
  await app.register(stopping)
  await app.register(bodyDeadlines)
  await app.register(bodies)
  await app.register(swagger, { version })

  await app.register(serviceRoutes, { services })
  await app.register(async (v1) => {
    v1.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store')
    })
    await v1.register(methodRoutes, { services })
    await v1.register(studyRoutes, { services })
    await v1.register(importRoutes, { services, importBytes })
    await v1.register(corpusRoutes, { services, corpusBytes })
    await v1.register(sourceRoutes, { services, uploadBytes })
    await v1.register(ingestionRoutes, { services })
    await v1.register(searchRoutes, { services })
    await v1.register(trialRoutes, { services })
    await v1.register(eventRoutes, { services })
    await v1.register(fitRoutes, { services })
    await v1.register(recommendationRoutes, { services, inlineBytes })
    await v1.register(jobRoutes, { services })
  })
  return app
}
