import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

// What runs without a build has no types.
interface Values {
  of(schema: object): fc.Arbitrary<unknown>
}
const { Values } = (await load('values')) as { Values: new (document: object) => Values }
const { spoiled } = (await load('spoil')) as {
  spoiled: (value: unknown) => fc.Arbitrary<unknown>
}
const { varied } = (await load('vary')) as {
  varied: (value: unknown, schema: object, values: Values) => fc.Arbitrary<unknown>
}
function load(name: string): Promise<unknown> {
  return import(new URL(`./${name}.mjs`, import.meta.url).href)
}

const file = new URL('../../openapi/openapi.json', import.meta.url)
const document = JSON.parse(readFileSync(file, 'utf8'))
const schemas: [string, object][] = Object.entries(document.components.schemas)
const values = new Values(document)

const ajv = new Ajv2020({ strict: false })
ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
ajv.addFormat('date-time', (text: string) => !Number.isNaN(Date.parse(text)))
ajv.addSchema(document, 'openapi')
const checkOf = (name: string) => ajv.compile({ $ref: `openapi#/components/schemas/${name}` })

describe('values made from a schema are as it says', () => {
  test.each(schemas)('%s', (name, schema) => {
    const check = checkOf(name)
    for (const value of fc.sample(values.of(schema), { seed: 7, numRuns: 25 })) {
      expect(check(value), JSON.stringify([value, check.errors])).toBe(true)
    }
  })
})

test('so are variations of them', () => {
  for (const name of ['NewStudy', 'NewCorpus', 'FitRequest']) {
    const check = checkOf(name)
    const schema = { $ref: `#/components/schemas/${name}` }
    const variations = values
      .of(schema)
      .chain((value: unknown) => fc.tuple(fc.constant(value), varied(value, schema, values)))
    const made = fc.sample<[unknown, unknown]>(variations, { seed: 11, numRuns: 40 })
    for (const [, value] of made) {
      // An item that takes the place of another may be there already.
      const isRight =
        check(value) || check.errors?.every(({ keyword }) => keyword === 'uniqueItems')
      expect(isRight, JSON.stringify(check.errors)).toBe(true)
    }
    expect(made.some(([a, b]) => JSON.stringify(a) !== JSON.stringify(b))).toBe(true)
  }
})

test('spoiled ones mostly are not, and the value itself stays as it was', () => {
  const check = checkOf('NewStudy')
  const value = document.paths['/v1/studies'].post.requestBody.content['application/json']
  const example = (Object.values(value.examples)[0] as { value: object }).value
  const before = JSON.stringify(example)
  const made = fc.sample(spoiled(example), { seed: 3, numRuns: 200 })
  expect(made.filter((wrong) => !check(wrong)).length).toBeGreaterThan(100)
  expect(JSON.stringify(example)).toBe(before)
})

test('the same seed makes the same values', () => {
  const schema = { $ref: '#/components/schemas/NewStudy' }
  const draw = () =>
    JSON.stringify(fc.sample(new Values(document).of(schema), { seed: 5, numRuns: 5 }))
  expect(draw()).toBe(draw())
})
