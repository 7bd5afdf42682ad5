import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { foldComponents } from '../../src/api/plugins/components.js'
import { StudyEventSchemas } from '../../src/api/schemas/events.js'
import { renderOpenapi } from '../../src/api/write-openapi.js'
import {
  type Media,
  type OpenapiDocument,
  operationsOf,
  type SchemaChecker,
  schemaChecker,
} from './documented.js'
import { appBeforeServices } from './support.js'

const committed = readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8')

let text: string
let document: OpenapiDocument
let check: SchemaChecker
beforeAll(async () => {
  text = await renderOpenapi()
  document = JSON.parse(text)
  check = schemaChecker(document)
})

describe('the OpenAPI document', () => {
  test('is committed as it is', () => {
    expect(committed === text, 'run `npm run openapi`').toBe(true)
  })

  test('has version 3.1', () => {
    expect(document.openapi).toBe('3.1.0')
  })

  test('describes every route but the redirection and the documentation itself', async () => {
    const app = await appBeforeServices()
    await app.ready()
    const served = new Set<string>()
    for (const [path, methods] of Object.entries(app.swagger().paths ?? {})) {
      for (const method of Object.keys(methods ?? {})) served.add(`${method} ${path}`)
    }
    for (const name of served) {
      const [method, path] = name.split(' ')
      const url = path.replace(/\{(\w+)\}/g, ':$1')
      expect(app.hasRoute({ method: method.toUpperCase() as 'GET', url }), name).toBe(true)
    }
    await app.close()
    expect(served).toEqual(
      new Set([
        'get /livez',
        'get /readyz',
        'get /metrics',
        'get /problems',
        'get /problems/{code}',
        'get /v1/methods',
        'get /v1/methods/{name}',
        'post /v1/studies',
        'get /v1/studies',
        'get /v1/studies/{studyId}',
        'patch /v1/studies/{studyId}',
        'delete /v1/studies/{studyId}',
        'post /v1/studies/{studyId}/cancellation',
        'get /v1/studies/{studyId}/events',
        'post /v1/studies/{studyId}/searches',
        'get /v1/studies/{studyId}/searches',
        'get /v1/studies/{studyId}/searches/{searchId}',
        'post /v1/studies/{studyId}/searches/{searchId}/cancellation',
        'post /v1/studies/{studyId}/comparisons',
        'get /v1/studies/{studyId}/trials',
        'get /v1/studies/{studyId}/trials/{trialId}',
        'delete /v1/studies/{studyId}/trials/{trialId}/checkpoint',
        'post /v1/studies/{studyId}/suggestions',
        'post /v1/studies/{studyId}/trials',
        'post /v1/studies/{studyId}/trials/{trialId}/heartbeat',
        'post /v1/studies/{studyId}/trials/{trialId}/measurements',
        'post /v1/studies/{studyId}/trials/{trialId}/completion',
        'post /v1/studies/{studyId}/trials/{trialId}/failure',
        'post /v1/studies/{studyId}/trials/{trialId}/abandonment',
        'post /v1/corpora',
        'get /v1/corpora',
        'get /v1/corpora/{corpusId}',
        'delete /v1/corpora/{corpusId}',
        'post /v1/corpora/{corpusId}/sources',
        'delete /v1/corpora/{corpusId}/sources/{sourceId}',
        'post /v1/corpora/{corpusId}/ingestions',
        'get /v1/corpora/{corpusId}/ingestions/{ingestionId}',
        'post /v1/studies/{studyId}/imports',
        'get /v1/studies/{studyId}/imports',
        'post /v1/studies/{studyId}/fits',
        'get /v1/studies/{studyId}/fits/{fitId}',
        'get /v1/studies/{studyId}/recommendation',
        'post /v1/studies/{studyId}/predictions',
        'post /v1/recommendations',
        'post /v1/backtests',
        'get /v1/backtests',
        'get /v1/backtests/{backtestId}',
        'delete /v1/backtests/{backtestId}',
        'get /v1/export-formats',
        'get /v1/studies/{studyId}/recommendation/exports/{format}',
        'post /v1/exports',
        'get /v1/jobs',
        'get /v1/jobs/{jobId}',
        'delete /v1/jobs/{jobId}',
        'post /v1/jobs/{jobId}/cancellation',
        'post /v1/keys',
        'get /v1/keys',
        'get /v1/keys/{keyId}',
        'post /v1/keys/{keyId}/rotation',
        'delete /v1/keys/{keyId}',
      ]),
    )
  })

  test('names every operation, once, and files it under a tag that is explained', () => {
    const operations = operationsOf(document)
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const tags = document.tags.map(({ name }) => name)
    for (const { operation } of operations) {
      expect(operation.summary, operation.operationId).toBeTruthy()
      expect(tags).toContain(operation.tags[0])
    }
  })

  test('gives a problem document for every refusal', () => {
    for (const { operation } of operationsOf(document)) {
      const refusals = Object.entries(operation.responses).filter(([status]) => status >= '400')
      expect(refusals.length, operation.operationId).toBeGreaterThan(0)
      for (const [status, { content }] of refusals) {
        const where = `${operation.operationId} ${status}`
        expect(Object.keys(content ?? {}), where).toEqual(['application/problem+json'])
      }
    }
  })

  test('takes runs as JSON and as a form', () => {
    const { requestBody } = document.paths['/v1/studies/{studyId}/imports'].post
    expect(Object.keys(requestBody?.content ?? {})).toEqual([
      'application/json',
      'multipart/form-data',
    ])
  })

  test('shows an example of every body and answer, and each is valid', () => {
    const withoutExample = new Set(['multipart/form-data', 'application/problem+json'])
    let shown = 0
    for (const { method, path, operation } of operationsOf(document)) {
      const bodies = [
        { at: ['requestBody'], content: operation.requestBody?.content },
        ...Object.entries(operation.responses).map(([status, { content }]) => ({
          at: ['responses', status],
          content,
        })),
      ]
      for (const { at, content = {} } of bodies) {
        for (const [type, media] of Object.entries(content)) {
          if (withoutExample.has(type) || operation.tags[0] === 'Service') continue
          const where = ['paths', path, method, ...at, 'content', type, 'schema']
          const found = examplesOf(media)
          expect(found.length, where.join(' ')).toBeGreaterThan(0)
          for (const example of found) {
            expect(check(where, example), where.join(' ')).toEqual([])
            shown++
          }
        }
      }
    }
    expect(shown).toBeGreaterThan(20)
  })
})

function examplesOf({ example, examples = {} }: Media): unknown[] {
  const found = [example, ...Object.values(examples).map(({ value }) => value)]
  return found.filter((value) => value !== undefined)
}

test('the schema of events is the type of events, with a name for each', () => {
  const names = Object.keys(StudyEventSchemas).map(
    (name) => `${name.replace(/(?:^|-)(\w)/g, (_, letter) => letter.toUpperCase())}Event`,
  )
  expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(names))
  const { anyOf } = document.components.schemas.StudyEvent as { anyOf: { $ref: string }[] }
  expect(anyOf.map(({ $ref }) => $ref)).toEqual(names.map((n) => `#/components/schemas/${n}`))
})

describe('folding into components', () => {
  const inner = { type: 'object', properties: { a: { type: 'number' } } }
  const outer = { type: 'array', items: inner, description: 'many' }

  function fold(schemas: Record<string, object>, schema: object) {
    const folded = foldComponents({ components: { schemas }, paths: { '/x': { schema } } })
    return folded as unknown as {
      components: { schemas: Record<string, object> }
      paths: { '/x': { schema: object } }
    }
  }

  test('puts a reference wherever a schema recurs, in components too', () => {
    const { components, paths } = fold({ Outer: outer, Inner: inner }, { anyOf: [inner, outer] })
    const Inner = { $ref: '#/components/schemas/Inner' }
    expect(paths['/x'].schema).toEqual({ anyOf: [Inner, { $ref: '#/components/schemas/Outer' }] })
    expect(components.schemas).toEqual({ Inner: inner, Outer: { ...outer, items: Inner } })
  })

  test('keeps a description of its own', () => {
    const { paths } = fold({ Inner: inner }, { ...inner, description: 'here' })
    expect(paths['/x'].schema).toEqual({ $ref: '#/components/schemas/Inner', description: 'here' })
  })

  test('leaves what differs in more than words', () => {
    const other = { ...inner, required: ['a'] }
    expect(fold({ Inner: inner }, other).paths['/x'].schema).toEqual(other)
  })

  test('writes a union of texts as an enum, and no other union', () => {
    const union = { anyOf: [{ const: 'a' }, { const: 'b' }], description: 'which' }
    expect(fold({}, union).paths['/x'].schema).toEqual({
      type: 'string',
      enum: ['a', 'b'],
      description: 'which',
    })
    const mixed = { anyOf: [{ const: 'a' }, { type: 'null' }] }
    expect(fold({}, mixed).paths['/x'].schema).toEqual(mixed)
  })
})
