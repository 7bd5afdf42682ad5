import type { TSchema } from 'typebox'
import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { compileQuery } from '../../src/api/validation/compilers.js'
import { compileStrict, findUnstorable, toFieldErrors } from '../../src/formats/validation/index.js'
import { ProblemSchema } from '../../src/optimizers/problem.js'

function problemsWith(schema: TSchema, value: unknown) {
  return toFieldErrors(compileStrict(schema)(value) ?? [])
}

const closed = { additionalProperties: false }
const problem = (changes: object) => ({
  domains: [{ name: 'web' }, { name: 'code' }],
  metrics: [{ name: 'loss' }],
  ...changes,
})

describe('a body', () => {
  test('is neither converted nor trimmed nor filled in', () => {
    const schema = Type.Object(
      { share: Type.Number(), limit: Type.Optional(Type.Integer({ default: 5 })) },
      closed,
    )
    const body = { share: '0.5', extra: 1 }
    expect(
      problemsWith(schema, body)
        .map(({ pointer }) => pointer)
        .sort(),
    ).toEqual(['/extra', '/share'])
    expect(body).toEqual({ share: '0.5', extra: 1 })
    const valid = { share: 0.5 }
    expect(problemsWith(schema, valid)).toEqual([])
    expect(valid).toEqual({ share: 0.5 })
  })

  test('that is right has no problems', () => {
    expect(problemsWith(ProblemSchema, problem({}))).toEqual([])
  })

  test('is told every problem at once, not the first', () => {
    const wrong = problem({ targetTokens: 0, domains: [{ name: '' }], metrics: 3, other: true })
    const pointers = problemsWith(ProblemSchema, wrong).map(({ pointer }) => pointer)
    expect(new Set(pointers)).toEqual(
      new Set(['/other', '/domains', '/domains/0/name', '/targetTokens', '/metrics']),
    )
  })
})

describe('a problem with a field says what would be right', () => {
  const cases: [name: string, changes: object, pointer: string, says: RegExp][] = [
    [
      'a number as text',
      { targetTokens: '1e12' },
      '/targetTokens',
      /number.*Send 1000000000000 without quotes/,
    ],
    [
      'text in a number',
      { targetTokens: 'many' },
      '/targetTokens',
      /number; got the text "many"\.$/,
    ],
    ['a missing field', { metrics: undefined }, '/metrics', /required/],
    ['an unknown field', { targetToken: 5 }, '/targetToken', /did you mean "targetTokens"/],
    ['an unknown field like no other', { zzzzzz: 5 }, '/zzzzzz', /the fields are domains, /],
    ['too small', { targetTokens: 0 }, '/targetTokens', /greater than 0; got 0/],
    [
      'too large',
      { domains: [{ name: 'a', maxWeight: 5 }, { name: 'b' }] },
      '/domains/0/maxWeight',
      /at most 1; got 5/,
    ],
    ['too few items', { domains: [{ name: 'a' }] }, '/domains', /at least 2 items; got 1/],
    ['an empty list', { metrics: [] }, '/metrics', /at least 1 item; got 0/],
    [
      'a name with white space around it',
      { metrics: [{ name: ' loss' }] },
      '/metrics/0/name',
      /" loss" does not have the right form.*white space/,
    ],
    [
      'a wrong choice',
      { objective: { type: 'median' } },
      '/objective/type',
      /"mean" or "worst"; got "median"/,
    ],
    [
      'a wrong item',
      { groups: [{ name: 'g', domains: ['a', 'a'] }] },
      '/groups/0/domains',
      /Items 0 and 1 .* are equal/,
    ],
    ['a wrong type', { domains: { web: 1 } }, '/domains', /an array; got an object/],
    ['a wrong value in a map', { prior: { 'a/b': -1 } }, '/prior/a~1b', /at least 0; got -1/],
  ]
  test.each(cases)('%s', (_name, changes, pointer, says) => {
    const found = problemsWith(ProblemSchema, JSON.parse(JSON.stringify(problem(changes))))
    expect(found).toHaveLength(1)
    expect(found[0].pointer).toBe(pointer)
    expect(found[0].detail).toMatch(says)
  })

  test('a union names what it takes, once', () => {
    const schema = Type.Object({ value: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]) })
    expect(problemsWith(schema, { value: 'x' })).toEqual([
      { pointer: '/value', detail: 'Must be a number or null; got the text "x".' },
    ])
  })

  test('in a union the branch speaks whose name the value has', () => {
    const Circle = Type.Object({ kind: Type.Literal('circle'), radius: Type.Number() }, closed)
    const Square = Type.Object({ kind: Type.Literal('square'), side: Type.Number() }, closed)
    const shape = Type.Object({ shape: Type.Union([Circle, Square, Type.Null()]) })
    const pointers = (value: unknown) => problemsWith(shape, { shape: value })
    expect(pointers({ kind: 'square' })).toMatchObject([{ pointer: '/shape/side' }])
    expect(pointers({ kind: 'circle' })).toMatchObject([{ pointer: '/shape/radius' }])
    expect(pointers({ kind: 'star', side: 1 })).toEqual([
      { pointer: '/shape/kind', detail: 'Must be "circle" or "square"; got "star".' },
    ])
    expect(pointers({ radius: 1 })).toMatchObject([{ pointer: '/shape/kind' }])
  })

  test('in a union only the branch that was meant speaks', () => {
    const schema = Type.Array(
      Type.Union([
        Type.Object({ a: Type.Union([Type.Literal('x'), Type.Literal('y')]) }, closed),
        Type.Null(),
      ]),
    )
    expect(problemsWith(schema, [null, { a: 'z' }, { a: 'x' }, { a: 'q' }])).toEqual([
      { pointer: '/1/a', detail: 'Must be "x" or "y"; got "z".' },
      { pointer: '/3/a', detail: 'Must be "x" or "y"; got "q".' },
    ])
  })

  test('a name that is not allowed as a key is named', () => {
    const schema = Type.Record(Type.String(), Type.Number(), {
      propertyNames: { pattern: '^[a-z]+$', description: 'Names are lower-case letters.' },
    })
    expect(problemsWith(schema, { ok: 1, 'Not ok': 2 })).toEqual([
      { pointer: '/Not ok', detail: 'The name is not allowed. Names are lower-case letters.' },
    ])
  })

  test('an endless name is not given back in full, and the pointer leads to what holds it', () => {
    const name = 'n'.repeat(201)
    const schema = Type.Object({ inner: Type.Object({ a: Type.Number() }, closed) })
    expect(problemsWith(schema, { inner: { a: 1, [name]: 1 } })).toMatchObject([
      { pointer: '/inner', detail: expect.stringMatching(/^In it is "n{60}"…\. The field is not/) },
    ])
    const shorter = name.slice(1)
    expect(problemsWith(schema, { inner: { a: 1, [shorter]: 1 } })).toMatchObject([
      { pointer: `/inner/${shorter}`, detail: expect.stringMatching(/^The field is not known/) },
    ])
  })

  test('a long text is not given back in full', () => {
    const [{ detail }] = problemsWith(Type.Number(), 'x'.repeat(10_000))
    expect(detail.length).toBeLessThan(120)
  })
})

describe('a body made to be slow to check', () => {
  test('with very many problems gets the first one only', () => {
    const schema = Type.Object({ rows: Type.Array(Type.Object({ a: Type.String() }, closed)) })
    const body = { rows: new Array(200_000).fill({ b: 1 }) }
    const errors = compileStrict(schema)(body)
    expect(errors).toHaveLength(1)
  })

  test('with many problems gets no more than a page of them', () => {
    const schema = Type.Array(Type.Number())
    expect(problemsWith(schema, new Array(5000).fill('x'))).toHaveLength(50)
  })
})

describe('a query', () => {
  const schema = Type.Object(
    {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      flag: Type.Optional(Type.Boolean()),
    },
    closed,
  )

  test('is converted from text', () => {
    const query = { limit: '20', flag: 'true' }
    expect(compileQuery(schema)(query)).toBeNull()
    expect(query).toEqual({ limit: 20, flag: true })
  })

  test.each(['1.5', 'abc', '', '0', '101'])('refuses a limit of "%s"', (limit) => {
    expect(compileQuery(schema)({ limit })).not.toBeNull()
  })

  test('refuses a parameter that does not exist', () => {
    expect(compileQuery(schema)({ limits: '5' })).not.toBeNull()
  })
})

describe('text that a database cannot hold is found', () => {
  test.each([
    [{ name: 'a\0b' }, '/name'],
    [{ list: [{ x: 'ok' }, { 'a/b': '\ud800' }] }, '/list/1/a~1b'],
    [{ map: { '\udc00': 1 } }, '/map'],
  ])('%j', (value, pointer) => {
    expect(findUnstorable(value)?.pointer).toBe(pointer)
  })

  test('and so is nesting without end', () => {
    const nested = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)
    expect(findUnstorable(nested)?.detail).toMatch(/nested/)
  })

  test('while whole characters of every plane pass', () => {
    expect(findUnstorable({ 名前: ['😀', 'é', '\n'] })).toBeUndefined()
  })
})
