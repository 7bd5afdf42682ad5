import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type FastifyServerOptions, fastify } from 'fastify'
import type { Metrics } from '../metrics/index.js'
import type { Services } from '../studies/index.js'
import { AccessLog } from './logging.js'
import { problems, sendProblem } from './plugins/problems.js'
import { requestId, requestIds } from './plugins/request-ids.js'
import { serialization } from './plugins/serialization.js'
import { stopping } from './plugins/stopping.js'
import { healthRoutes } from './routes/health.js'
import { metricRoutes } from './routes/metrics.js'

export interface WorkerAppOptions {
  services: Pick<Services, 'health'>
  metrics: Metrics
  /** As Fastify takes it: pino's options, or false for silence. Default false. */
  logger?: FastifyServerOptions['logger']
}

/** What a worker answers to those who watch over it: `/livez`, `/readyz` and `/metrics`, and nothing else. */
export async function buildWorkerApp({ services, metrics, logger = false }: WorkerAppOptions) {
  const app = fastify({
    logger,
    logController: new AccessLog(),
    bodyLimit: 1024,
    return503OnClosing: false,
    genReqId: requestId,
    frameworkErrors: sendProblem,
  }).withTypeProvider<TypeBoxTypeProvider>()
  await app.register(requestIds)
  await app.register(serialization)
  await app.register(problems)
  await app.register(stopping)
  await app.register(healthRoutes, { services })
  await app.register(metricRoutes, { metrics })
  return app
}
