import { isObject } from '../../json-object.js'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type JsonObject = { [key: string]: Json }

interface Named {
  name: string
  description: Json | undefined
}
type Names = ReadonlyMap<string, Named>

const ANNOTATIONS = ['title', 'description', 'examples', 'example']

/**
 * Names recurring schemas of an OpenAPI document: wherever a schema equals one of `components.schemas` (annotations
 * aside), a reference to it takes its place, inside the components too. Unions of text constants become `enum`s.
 */
export function foldComponents<T extends { components?: object }>(document: T): T {
  const source = toJson(document) as JsonObject
  const components = (source.components ?? {}) as JsonObject
  const schemas = (components.schemas ?? {}) as JsonObject
  const names = new Map<string, Named>()
  const named: JsonObject = {}
  // A schema is longer than those inside it, so these are named by the time it is looked at.
  const bySize = Object.entries(schemas).sort(([, a], [, b]) => lengthOf(a) - lengthOf(b))
  for (const [name, schema] of bySize) {
    named[name] = foldInside(schema, names)
    const { description } = named[name] as JsonObject
    names.set(keyOf(named[name]), { name, description })
  }
  const folded = Object.fromEntries(Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1)))
  const { components: _, ...rest } = source
  return {
    ...(foldInside(rest, names) as JsonObject),
    components: { ...components, schemas: folded },
  } as unknown as T
}

function fold(node: Json, names: Names): Json {
  const inside = foldInside(node, names)
  if (!isObject(inside)) return inside
  const named = names.get(keyOf(inside))
  if (named === undefined) return inside
  const reference = { $ref: `#/components/schemas/${named.name}` }
  const { description } = inside
  return description === undefined || description === named.description
    ? reference
    : { ...reference, description }
}

function foldInside(node: Json, names: Names): Json {
  if (Array.isArray(node)) return node.map((item) => fold(item, names))
  if (!isObject(node)) return node
  const members = Object.entries(node).map(([key, value]): [string, Json] => [
    key,
    key.startsWith('example') ? value : fold(value, names),
  ])
  return textEnum(Object.fromEntries(members))
}

/** Text constants in one `enum` with its type, the form that people and generators expect, however they were written. */
function textEnum(node: JsonObject): JsonObject {
  const { anyOf, enum: values, ...rest } = node
  const constants = Array.isArray(anyOf)
    ? anyOf.map((branch) => (isObject(branch) ? branch.const : undefined))
    : values
  if (!Array.isArray(constants)) return node
  if (!constants.every((value): value is string => typeof value === 'string')) return node
  return { type: 'string', enum: constants, ...rest }
}

/** Equal for schemas that allow the same values, as far as they are written alike. */
function keyOf(schema: Json): string {
  if (!isObject(schema)) return JSON.stringify(schema)
  const said = Object.entries(schema).filter(([key]) => !ANNOTATIONS.includes(key))
  return JSON.stringify(Object.fromEntries(said))
}

function lengthOf(schema: Json): number {
  return JSON.stringify(schema).length
}

function toJson(document: object): Json {
  return JSON.parse(JSON.stringify(document))
}
