import type { Colours } from './colours.js'
import { wrapped } from './wrapping.js'

/** As much of a parameter's JSON Schema as people are told. */
export interface ParameterSchema {
  type?: string
  description?: string
  const?: unknown
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  maxItems?: number
  anyOf?: ParameterSchema[]
}

/** The parameters of a method, each with its default, the values it takes and what it means. */
export function parametersText(
  properties: Readonly<Record<string, ParameterSchema>>,
  defaults: Readonly<Record<string, unknown>>,
  width: number,
  colours: Colours,
): string {
  const parts = Object.entries(defaults).map(([name, value]) => {
    const schema = properties[name] ?? {}
    const said = `${name}: ${valuesText(schema)}; default ${JSON.stringify(value)}`
    const [head, meaning] = [wrapped(said, width - 4, '  '), schema.description ?? '']
    // Colours have no width, so they come after the wrapping.
    const shown = head.replaceAll('\n  ', '\n      ').replace(name, colours.bold(name))
    return `${shown}\n${wrapped(meaning, width, '      ')}`.trimEnd()
  })
  return parts.join('\n')
}

/** The values that a schema takes: a range, or the choices. */
export function valuesText(schema: ParameterSchema): string {
  const { type, anyOf } = schema
  if (anyOf) return anyOf.map(valuesText).join(' | ')
  if ('const' in schema) return JSON.stringify(schema.const)
  switch (type) {
    case 'integer':
    case 'number':
      return `${type === 'integer' ? 'whole number' : 'number'}${rangeText(schema)}`
    case 'boolean':
      return 'true | false'
    case 'array':
      return schema.maxItems === undefined ? 'list' : `list of up to ${schema.maxItems}`
    default:
      return type ?? 'any value'
  }
}

function rangeText(schema: ParameterSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  const bounds = [
    minimum !== undefined && `at least ${minimum}`,
    exclusiveMinimum !== undefined && `above ${exclusiveMinimum}`,
    maximum !== undefined && `at most ${maximum}`,
    exclusiveMaximum !== undefined && `below ${exclusiveMaximum}`,
  ].filter((bound) => bound !== false)
  return bounds.length === 0 ? '' : ` ${bounds.join(' and ')}`
}
