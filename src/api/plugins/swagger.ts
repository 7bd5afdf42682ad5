import swaggerPlugin from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fastifyPlugin from 'fastify-plugin'
import { COMPONENTS } from '../schemas/components.js'
import { foldComponents } from './components.js'
import { pagePolicy } from './security-headers.js'

const DESCRIPTION = `Mixwright recommends what share of the training tokens should come from each domain.

Create a **study** (domains, constraints, metrics), import the **runs** you have (mixture and metric values), request a
**fit**, follow its **job**, and read the **recommendation** with its evidence. Or let Mixwright make the runs: create a
**corpus** of text, ingest it, and start a **search**, which trains small proxy models on mixtures of it. Mixtures are maps from domain name to
share of training tokens. Errors are problem documents (RFC 9457); \`GET /problems/{code}\` explains each code.`

const TAGS = [
  { name: 'Methods', description: 'The search methods, with their parameters and sources.' },
  { name: 'Studies', description: 'One search each: domains, constraints, metrics, method.' },
  { name: 'Runs', description: 'Run tables: mixtures tried, with what was measured.' },
  { name: 'Corpora', description: 'Text in named domains, from which proxy models learn.' },
  {
    name: 'Searches',
    description: 'Trials with proxy models that Mixwright trains, and what happens in them.',
  },
  {
    name: 'Trials',
    description: 'Mixtures that your own trainers try: asked for, kept by leases, and reported on.',
  },
  { name: 'Fits', description: 'What a method learns from the runs of a study.' },
  { name: 'Recommendations', description: 'Domain weights with the evidence for them.' },
  {
    name: 'Backtests',
    description: 'Methods replayed on runs that there are, to choose one for your own data.',
  },
  { name: 'Exports', description: 'Mixtures in the form that trainers take.' },
  { name: 'Jobs', description: 'Work that goes on behind a 202.' },
  { name: 'Keys', description: 'API keys: who may do what. Needed once there are any.' },
  { name: 'Service', description: 'Health, and the catalogue of errors.' },
]

const API_KEY = {
  type: 'http',
  scheme: 'bearer',
  description:
    'A key of the service, `mix_…`. Its scopes say what it allows: `read`, `write` (create, change, delete), `run` (spend computation) ' +
    'and `admin` (keys); none contains another. On a loopback address no key is needed as long as none is valid. ' +
    'Requests are limited for each key: `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds) say how far.',
} as const

/**
 * The OpenAPI 3.1 description, generated from the schemas of the routes, and Swagger UI at /docs.
 *
 * @see https://github.com/fastify/fastify-swagger
 */
export const swagger = fastifyPlugin<{ version: string }>(
  async (app, { version }) => {
    for (const [name, schema] of Object.entries(COMPONENTS)) app.addSchema({ ...schema, $id: name })
    await app.register(swaggerPlugin, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Mixwright',
          version,
          description: DESCRIPTION,
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        },
        servers: [{ url: '/', description: 'The service that serves this document.' }],
        tags: TAGS,
        components: { securitySchemes: { apiKey: API_KEY } },
      },
      convertConstToEnum: false,
      refResolver: {
        buildLocalReference: (schema, _base, _fragment, i) => String(schema.$id ?? `def-${i}`),
      },
      transformObject: (document) =>
        'openapiObject' in document
          ? foldComponents(document.openapiObject)
          : document.swaggerObject,
    })
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      transformStaticCSP: () => pagePolicy(app.swaggerCSP),
    })
  },
  { name: 'swagger' },
)
