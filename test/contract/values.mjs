import fc from 'fast-check'

/** Arbitrary values from JSON Schemas, for the part of JSON Schema that OpenAPI descriptions of this service use. */

/** Deeper than this only what is required is made. */
const DEEP = 6

/** Names meet more often when they come from few. */
const WORDS = ['web', 'code', 'wiki', 'default', 'val_loss', 'uniform', 'a', 'b']

const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  '../../etc/passwd',
  "'; drop table studies; --",
  '__proto__',
  'constructor',
  '𝒳 שלום \u202e',
  '%00%2f',
  '-1',
  'NaN',
  'x'.repeat(5000),
]

/** Any text, mostly readable; well-formed, so that it can be written to an address. */
export const anyText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }) },
)

/** A UUID of the version that the service gives out. */
export const unknownId = fc.uuid({ version: 7 })

export class Values {
  #document
  #byReference = new Map()

  /** @param document an OpenAPI document, to which references point */
  constructor(document) {
    this.#document = document
  }

  /** The schema that a reference stands for. */
  resolve(schema) {
    if (schema?.$ref === undefined) return schema
    const names = schema.$ref.slice(2).split('/')
    const target = names.reduce((node, name) => node[name], this.#document)
    return this.resolve(target)
  }

  /** The schema of the branch of a union that the value has; the schema itself where there is no choice. */
  branchOf(schema, value) {
    const resolved = this.resolve(schema)
    if (!resolved?.anyOf) return resolved
    const branches = resolved.anyOf.map((branch) => this.branchOf(branch, value))
    return branches.find((branch) => hasForm(value, branch)) ?? resolved
  }

  /** Values that the schema allows. */
  of(schema, depth = 0) {
    if (schema?.$ref !== undefined && depth < DEEP) {
      const key = `${schema.$ref} ${depth}`
      if (!this.#byReference.has(key)) {
        this.#byReference.set(key, this.of(this.resolve(schema), depth))
      }
      return this.#byReference.get(key)
    }
    return this.#make(this.resolve(schema), depth)
  }

  #make(schema, depth) {
    if (schema === undefined || schema === true) return fc.jsonValue({ maxDepth: 2 })
    refuseUnknown(schema)
    if ('const' in schema) return fc.constant(schema.const)
    if (schema.enum) return fc.constantFrom(...schema.enum)
    if (schema.anyOf) return fc.oneof(...schema.anyOf.map((branch) => this.of(branch, depth)))
    switch (schema.type) {
      case 'null':
        return fc.constant(null)
      case 'boolean':
        return fc.boolean()
      case 'integer':
        return wholeNumber(schema)
      case 'number':
        return realNumber(schema)
      case 'string':
        return text(schema)
      case 'array':
        return this.#list(schema, depth)
      case 'object':
        return this.#object(schema, depth)
      default:
        return fc.jsonValue({ maxDepth: 2 })
    }
  }

  #list({ items, minItems = 0, maxItems = 100, uniqueItems }, depth) {
    const size = { minLength: minItems, maxLength: Math.min(maxItems, minItems + 3) }
    const item = this.of(items, depth + 1)
    if (!uniqueItems) return fc.array(item, size)
    return fc.uniqueArray(item, { ...size, selector: (value) => JSON.stringify(value) })
  }

  #object(schema, depth) {
    const { properties = {}, required = [], additionalProperties } = schema
    const model = Object.entries(properties)
      .filter(([name]) => depth < DEEP || required.includes(name))
      .map(([name, property]) => [name, this.of(property, depth + 1)])
    const named = fc.record(Object.fromEntries(model), {
      requiredKeys: required.filter((name) => name in properties),
    })
    const isClosed = additionalProperties === undefined && model.length > 0
    if (additionalProperties === false || isClosed) {
      const { minProperties = 0 } = schema
      return minProperties === 0
        ? named
        : named.filter((value) => Object.keys(value).length >= minProperties)
    }
    const { minProperties = 0, maxProperties = 100, propertyNames } = schema
    const free = fc.dictionary(
      propertyNames ? text({ type: 'string', ...this.resolve(propertyNames) }) : safeName,
      this.of(additionalProperties, depth + 1),
      { minKeys: minProperties, maxKeys: Math.min(maxProperties, minProperties + 3) },
    )
    return fc.tuple(free, named).map(([more, some]) => ({ ...more, ...some }))
  }
}

const safeName = anyText.filter((name) => name !== '__proto__' && name !== '\u0000')

/** Keywords that this does not know, and would have to. */
const UNKNOWN = ['allOf', 'oneOf', 'not', 'if', 'patternProperties', 'prefixItems', 'multipleOf']

function refuseUnknown(schema) {
  const found = UNKNOWN.filter((keyword) => keyword in schema)
  if (Array.isArray(schema.type)) found.push('type as a list')
  if (found.length > 0) throw new Error(`values.mjs does not know ${found.join(', ')} yet`)
}

function bounds({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }, step) {
  return {
    min: minimum ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + step),
    max: maximum ?? (exclusiveMaximum === undefined ? undefined : exclusiveMaximum - step),
  }
}

function wholeNumber(schema) {
  const { min = -(2 ** 31), max = 2 ** 31 - 1 } = bounds(schema, 1)
  const most = Math.min(max, Number.MAX_SAFE_INTEGER)
  const near = Math.max(min, Math.min(most, 0))
  return fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: near, max: Math.min(most, near + 20) }) },
    {
      weight: 1,
      arbitrary: fc.maxSafeInteger().map((n) => min + (Math.abs(n) % (most - min + 1))),
    },
  )
}

function realNumber(schema) {
  const { min, max } = bounds(schema, 0)
  const isInside = (value) =>
    (min === undefined || value >= min) &&
    (max === undefined || value <= max) &&
    value !== schema.exclusiveMinimum &&
    value !== schema.exclusiveMaximum
  const usual = [0, 0.25, 0.5, 1, 2, 10, 1e6, 1e9].filter(isInside)
  const any = fc.double({ min, max, noNaN: true, noDefaultInfinity: true }).filter(isInside)
  return usual.length === 0
    ? any
    : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: any })
}

function text({ format, pattern, minLength = 0, maxLength = 10_000 }) {
  if (format === 'uuid') return unknownId
  if (format === 'date-time') {
    const range = { min: new Date(0), max: new Date('2099-12-31'), noInvalidDate: true }
    return fc.date(range).map((date) => date.toISOString())
  }
  const isInside = (value) => {
    const length = [...value].length
    return length >= minLength && length <= maxLength
  }
  const fits = (value) =>
    isInside(value) && (pattern === undefined || new RegExp(pattern, 'u').test(value))
  const made =
    pattern === undefined
      ? fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, minLength + 20) })
      : fc.stringMatching(new RegExp(pattern, 'u'))
  const words = WORDS.filter(fits)
  return words.length === 0
    ? made.filter(fits)
    : fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...words) },
        { weight: 1, arbitrary: made.filter(fits) },
      )
}

/** Whether the value has the type of the schema and its constants. */
function hasForm(value, { type, properties = {}, ...rest }) {
  if ('const' in rest) return value === rest.const
  const own = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  if (own !== (type === 'integer' ? 'number' : type)) return false
  return Object.entries(properties).every(
    ([name, property]) => !('const' in property) || value[name] === property.const,
  )
}
