import fc from 'fast-check'
import { spoiled } from './spoil.mjs'
import { anyText } from './values.mjs'
import { varied } from './vary.mjs'

/** Requests for the operations of an OpenAPI description: right ones, and wrong ones of many kinds. */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const HEADER = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** How often an operation is tried: what is ended or deleted can tell no more. */
function weightOf({ method, operation }) {
  if (method === 'post') return operation.requestBody ? 8 : 2
  return { get: 4, patch: 4, delete: 1 }[method] ?? 1
}

/** The newest things are asked for most often, so that more comes of them. */
const NEWEST = 4

export function anyOperation(operations, knowledge) {
  const weighted = (some) =>
    fc.oneof(
      ...some.map((operation) => ({
        weight: weightOf(operation),
        arbitrary: fc.constant(operation),
      })),
    )
  // What is not there yet would only be asked for in vain.
  const reachable = operations.filter(({ path }) => isReachable(path, knowledge))
  return fc.oneof(
    { weight: 9, arbitrary: weighted(reachable) },
    { weight: 1, arbitrary: weighted(operations) },
  )
}

/** Whether there is something at the address, or in what it is a member of. */
function isReachable(path, knowledge) {
  const own = [path, path.replace(/\/\{\w+\}$/, '')]
  return !path.includes('{') || own.some((place) => knowledge.placesOf(place).length > 0)
}

/**
 * @returns arbitrary `{ method, path, given, params, url, headers, body }`: `given` are the parameters of the path, and so are
 * `params`, but only where all of them are known to exist
 */
export function requestFor({ method, path, operation }, values, knowledge) {
  const parameters = (operation.parameters ?? []).map((parameter) => values.resolve(parameter))
  const of = (place) => parameters.filter((parameter) => parameter.in === place)
  return pathParameters(path, of('path'), values, knowledge).chain(({ params, exists }) => {
    const ids = Object.values(params).reverse()
    return fc
      .record({
        query: members(of('query'), ids, values, knowledge),
        headers: members(of('header'), ids, values, knowledge),
        payload: payloads(operation.requestBody, ids, values, knowledge),
      })
      .map(({ query, headers, payload }) => ({
        method: method.toUpperCase(),
        path,
        given: params,
        params: exists ? params : undefined,
        url: address(path, params, query),
        headers: { ...sendable(headers), ...payload.headers },
        body: payload.body,
      }))
  })
}

function pathParameters(path, parameters, values, knowledge) {
  const made = fc
    .record(Object.fromEntries(parameters.map(({ name, schema }) => [name, values.of(schema)])))
    .map((params) => ({ params, exists: false }))
  if (parameters.length === 0) return fc.constant({ params: {}, exists: true })
  const known = knowledge.placesOf(path)
  const near = nearby(path, parameters, values, knowledge)
  if (known.length === 0) return near ? fc.oneof({ weight: 4, arbitrary: near }, made) : made
  const existing = fc
    .oneof(
      { weight: 3, arbitrary: fc.constantFrom(...known.slice(-NEWEST)) },
      { weight: 1, arbitrary: fc.constantFrom(...known) },
    )
    .map((params) => ({ params, exists: true }))
  const mixed = fc
    .record(
      Object.fromEntries(
        parameters.map(({ name }) => [
          name,
          fc.constantFrom(...known.map((params) => params[name])),
        ]),
      ),
    )
    .map((params) => ({ params, exists: false }))
  const odd = fc.tuple(fc.constantFrom(...known), fc.constantFrom(...parameters), anyText).map(
    // An empty segment would be another address.
    ([params, { name }, text]) => ({ params: { ...params, [name]: text || '-' }, exists: false }),
  )
  return fc.oneof(
    { weight: 16, arbitrary: existing },
    { weight: 2, arbitrary: mixed },
    { weight: 1, arbitrary: made },
    { weight: 1, arbitrary: odd },
  )
}

/** Parameters of something that may be in a thing that there is; undefined when nothing is known around it. */
function nearby(path, parameters, values, knowledge) {
  const paths = path.split('/').map((_, i, parts) => parts.slice(0, i).join('/'))
  const around = paths.reverse().find((prefix) => knowledge.placesOf(prefix).length > 0)
  if (around === undefined) return undefined
  return fc.constantFrom(...knowledge.placesOf(around)).chain((params) => {
    const others = parameters.filter(({ name }) => !(name in params))
    const model = others.map(({ name, schema }) => {
      const seen = [...knowledge.valuesOf(name).all, ...knowledge.valuesOf('id').all]
      const right = values.of(schema)
      return [name, seen.length === 0 ? right : fc.oneof(fc.constantFrom(...seen), right)]
    })
    return fc
      .record(Object.fromEntries(model))
      .map((more) => ({ params: { ...params, ...more }, exists: false }))
  })
}

/** Query or headers. */
function members(parameters, ids, values, knowledge) {
  const model = parameters.map(({ name, schema }) => {
    const { beside, all } = knowledge.valuesOf(name, ids)
    const seen = [...beside, ...all]
    const right = values.of(schema)
    const choices = [
      { weight: 4, arbitrary: right },
      { weight: 1, arbitrary: anyText },
    ]
    if (seen.length > 0) choices.push({ weight: 4, arbitrary: fc.constantFrom(...seen) })
    return [name, fc.oneof(...choices)]
  })
  // Mostly few: among many one is always wrong.
  return fc.record(Object.fromEntries(model), { requiredKeys: [] }).chain((given) => {
    const names = Object.keys(given)
    return fc
      .oneof(
        { weight: 2, arbitrary: fc.constant([]) },
        { weight: 3, arbitrary: fc.subarray(names, { maxLength: Math.min(2, names.length) }) },
        { weight: 1, arbitrary: fc.constant(names) },
      )
      .map((kept) => Object.fromEntries(kept.map((name) => [name, given[name]])))
  })
}

function sendable(headers) {
  const entries = Object.entries(headers).map(([name, value]) => [name, String(value)])
  return Object.fromEntries(entries.filter(([, value]) => HEADER.test(value)))
}

function address(path, params, query) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => {
    const text = encodeURIComponent(String(params[name]))
    // Dots alone would be resolved away before they are sent.
    return text.replace(/^\.+$/, (dots) => dots.replaceAll('.', '%2E'))
  })
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, textOf(value)]),
  )
  return search.size === 0 ? filled : `${filled}?${search}`
}

const textOf = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))

const GARBAGE = ['', '{', 'null', '[]', '"text"', '{"a":1,}', '\u0000', '\ufeff{}', 'a=b']

function payloads(requestBody, ids, values, knowledge) {
  if (!requestBody) return fc.constant({ headers: {} })
  const choices = Object.entries(requestBody.content).map(([type, media]) => ({
    weight: 10,
    arbitrary:
      type === 'multipart/form-data'
        ? forms(values.resolve(media.schema), ids, values, knowledge)
        : jsonBodies(type, media, ids, values, knowledge),
  }))
  const [type] = Object.keys(requestBody.content)
  return fc.oneof(...choices, {
    weight: 1,
    arbitrary: fc.record({
      headers: fc
        .constantFrom(type, 'text/plain', 'application/x-www-form-urlencoded', 'a/b; c')
        .map((given) => ({ 'content-type': given })),
      body: fc.constantFrom(...GARBAGE),
    }),
  })
}

function jsonBodies(type, media, ids, values, knowledge) {
  const examples = examplesOf(media, values)
  const made = values.of(media.schema)
  const example = examples.length === 0 ? made : fc.constantFrom(...examples)
  const variation = example.chain((body) => varied(body, media.schema, values))
  const right = fc.oneof(example, variation, made)
  const fitting = right.chain((body) => withKnown(body, ids, knowledge))
  const wrong = fitting.chain(spoiled)
  return fc
    .oneof({ weight: 3, arbitrary: fitting }, { weight: 2, arbitrary: wrong })
    .map((body) => ({ headers: { 'content-type': type }, body: JSON.stringify(body) }))
}

function examplesOf({ example, examples = {}, schema }, values) {
  const named = Object.values(examples).map(({ value }) => value)
  const inSchema = values.resolve(schema).examples ?? []
  return [example, ...named, ...inSchema].filter((value) => value !== undefined)
}

/** The body with ids of things that there are in place of others. */
function withKnown(body, ids, knowledge) {
  return fc.infiniteStream(fc.nat()).map((draws) => {
    const draw = (choices) => choices[draws.next().value % choices.length]
    const replaced = (name, value) => {
      if (Array.isArray(value)) return value.map((item) => replaced(name.replace(/s$/, ''), item))
      if (value !== null && typeof value === 'object') {
        return Object.fromEntries(
          Object.entries(value).map(([key, inner]) => [key, replaced(key, inner)]),
        )
      }
      if (typeof value !== 'string' || !UUID.test(value)) return value
      const seen = [name, `${name}Id`].map((either) => knowledge.valuesOf(either, ids))
      const known = seen.flatMap(({ beside }) => beside)
      if (known.length === 0) known.push(...seen.flatMap(({ all }) => all))
      return known.length === 0 || draw([0, 1, 2, 3, 4]) === 0 ? value : draw(known)
    }
    return replaced('', body)
  })
}

const FILES = [
  'index,train_web,train_code\n1,0.5,0.5\n2,0.2,0.8\n3,0.9,0.1\n',
  'index,metric/val_loss\n1,2.5\n2,2.6\n3,2.4\n',
  '{"id":"a","weights":{"web":1},"metrics":{"val_loss":2}}\n',
  '',
  '\u0000\u0001',
  '{"text":"hello"}\n{"text":"world"}\n',
]

/** Forms, in the order of the schema: fields come before files. */
function forms(schema, ids, values, knowledge) {
  const { properties = {} } = schema
  const parts = Object.entries(properties).map(([name, property]) => {
    const { contentMediaType, format, type, items } = values.resolve(property)
    const list = type === 'array' ? values.resolve(items) : undefined
    const isFile = [contentMediaType, list?.contentMediaType].some(Boolean) || format === 'binary'
    const told = [name, `${name}Name`].map((either) => knowledge.valuesOf(either, ids))
    const beside = told.flatMap((value) => value.beside)
    const seen = beside.length > 0 ? beside : told.flatMap((value) => value.all)
    const choices = [
      { weight: 2, arbitrary: values.of(property) },
      { weight: 1, arbitrary: anyText },
    ]
    if (seen.length > 0) choices.push({ weight: 6, arbitrary: fc.constantFrom(...seen) })
    const content = isFile ? fc.constantFrom(...FILES) : fc.oneof(...choices)
    return fc.record({
      name: fc.constant(name),
      isFile: fc.oneof(
        { weight: 15, arbitrary: fc.constant(isFile) },
        { weight: 1, arbitrary: fc.constant(!isFile) },
      ),
      content: content.map(textOf),
      fileName: fc.constantFrom('a.csv', 'b.jsonl', '../../etc/passwd', 'x', 'ü.txt'),
    })
  })
  return fc
    .tuple(...parts)
    .chain((all) => fc.oneof(fc.constant(all), fc.subarray(all)))
    .map((kept) => {
      const body = new FormData()
      for (const { name, isFile, content, fileName } of kept) {
        if (isFile) body.append(name, new Blob([content]), fileName)
        else body.append(name, content)
      }
      return { headers: {}, body }
    })
}
