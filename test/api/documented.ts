import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Scope } from '../../src/store/key-contract.js'

export interface Operation {
  operationId: string
  tags: string[]
  summary: string
  /** One scheme, with the scope that a key must have; none where no key is needed. */
  security?: { apiKey: [Scope] }[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { description: string; content?: Record<string, Media> }>
}

export interface Media {
  schema: object
  example?: unknown
  /** When there are several. */
  examples?: Record<string, { value: unknown }>
}

export interface OpenapiDocument {
  openapi: string
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

export interface Documented {
  method: string
  path: string
  operation: Operation
}

export function operationsOf({ paths }: OpenapiDocument): Documented[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
}

const escapeToken = (text: string) => text.replaceAll('~', '~0').replaceAll('/', '~1')

/** Checks values against schemas of an OpenAPI document, with a validator set up apart from the application's. */
export function schemaChecker(document: OpenapiDocument) {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true })
  ajv.addFormat('uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  ajv.addSchema(document, 'openapi')
  /** @param location member names from the root of the document to the schema */
  return (location: readonly string[], value: unknown): string[] => {
    const pointer = location.map((token) => `/${encodeURIComponent(escapeToken(token))}`).join('')
    const check = ajv.compile({ $ref: `openapi#${pointer}` })
    if (check(value)) return []
    return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }
}

export type SchemaChecker = ReturnType<typeof schemaChecker>

/** What an answer departs in from the documented response of its operation; empty when in nothing. */
export function departures(
  document: OpenapiDocument,
  check: SchemaChecker,
  request: { method: string; url: string },
  answer: { statusCode: number; headers: Record<string, unknown>; body: string },
): string[] {
  const found = operationsOf(document).find(
    ({ method, path }) =>
      method === request.method.toLowerCase() &&
      new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(request.url.split('?')[0]),
  )
  if (!found) return [`${request.method} ${request.url} is not documented`]
  const { responses } = found.operation
  const documented = responses[answer.statusCode]
  if (!documented) return [`${answer.statusCode} is not documented`]
  if (!documented.content) return answer.body === '' ? [] : ['a body is not documented']
  const type = String(answer.headers['content-type']).split(';')[0]
  if (!documented.content[type]) return [`${type} is not documented`]
  const { method, path } = found
  const response = ['paths', path, method, 'responses', String(answer.statusCode)]
  return check([...response, 'content', type, 'schema'], JSON.parse(answer.body))
}
