import { describe, expect, test } from 'vitest'

// What runs without a build has no types.
interface Description {
  operations: object[]
  departures(operation: object, answer: object): string[]
}
interface Knowledge {
  learn(answer: object): void
  placesOf(path: string): object[]
  valuesOf(name: string, ids?: string[]): { beside: string[]; all: string[] }
  forgetThing(path: string, params: object): void
}
const { Description } = (await load('description')) as {
  Description: new (document: object) => Description
}
const { Knowledge } = (await load('knowledge')) as {
  Knowledge: new (description: Description, secrets?: string[]) => Knowledge
}
function load(name: string): Promise<unknown> {
  return import(new URL(`./${name}.mjs`, import.meta.url).href)
}

const thing = { $ref: '#/components/schemas/Thing' }
const document = {
  openapi: '3.1.0',
  paths: {
    '/things': {
      get: { responses: { 200: { content: { 'application/json': { schema: thing } } } } },
      post: { responses: { 201: { content: { 'application/json': { schema: thing } } } } },
    },
    '/things/{thingId}': { delete: { responses: { 204: { description: 'gone' } } } },
    '/things/{thingId}/parts/{partId}': { get: { responses: {} } },
  },
  components: {
    schemas: {
      Thing: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
    },
  },
}
const description = new Description(document)
const [list, , remove] = description.operations
const json = { type: 'application/json' }

describe('an answer departs from the description', () => {
  test.each([
    ['not at all', list, { ...json, status: 200, body: '{"id":"a"}' }, 0],
    ['by its status', list, { ...json, status: 201, body: '{"id":"a"}' }, 1],
    ['by its type', list, { type: 'text/plain', status: 200, body: '{"id":"a"}' }, 1],
    ['by its body', list, { ...json, status: 200, body: '{"id":1}' }, 1],
    ['by a body that is none', list, { ...json, status: 200, body: '{' }, 1],
    ['not at all without a body', remove, { type: '', status: 204, body: '' }, 0],
    ['by having a body', remove, { ...json, status: 204, body: '{}' }, 1],
  ])('%s', (_, operation, answer, count) => {
    expect(description.departures(operation, answer)).toHaveLength(count)
  })
})

describe('what answers tell', () => {
  test('are the things that there are, and what belongs to them', () => {
    const knowledge = new Knowledge(description)
    const location = '/things/a'
    const id = '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'
    knowledge.learn({ path: '/things', params: {}, location, etag: '"1"', body: { id: 'a' } })
    expect(knowledge.placesOf('/things/{thingId}')).toEqual([{ thingId: 'a' }])
    expect(knowledge.valuesOf('if-match', ['a']).beside).toEqual(['"1"'])
    const params = { thingId: 'a' }
    const body = { parts: [{ id, owner: { id: 'b' } }] }
    knowledge.learn({ path: '/things/{thingId}', params, body })
    expect(knowledge.placesOf('/things/{thingId}/parts/{partId}')).toEqual([
      { thingId: 'a', partId: id },
    ])
    expect(knowledge.valuesOf('ownerId', [id]).beside).toEqual(['b'])
    knowledge.forgetThing('/things/{thingId}', params)
    expect(knowledge.placesOf('/things/{thingId}/parts/{partId}')).toEqual([])
  })

  test('are not the things that must not be touched', () => {
    const knowledge = new Knowledge(description, ['secret'])
    knowledge.learn({ path: '/things', params: {}, body: { items: [{ id: 'secret' }] } })
    expect(knowledge.placesOf('/things/{thingId}')).toEqual([])
    expect(knowledge.valuesOf('id').all).toEqual([])
  })
})
