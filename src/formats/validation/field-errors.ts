import type { ErrorObject } from 'ajv'
import type { FieldError } from '../../errors.js'
import { pointerToken } from '../../optimizers/issue.js'
import { didYouMean } from '../nearest-name.js'
import { alternatives, collapseUnions } from './unions.js'
import { aKind, kindOf, quote } from './wording.js'

/** More are cut off: nobody reads them, and they would make the answer large. */
const MOST_ERRORS = 50

/** Of fields; longer ones are not repeated, or the answer would be as large as the request. */
const LONGEST_NAME = 200

/** Formats that have a better name than their own. */
const FORMATS: Readonly<Record<string, string>> = {
  'date-time': 'a time such as 2026-12-31T23:59:59Z',
}

/** Says of each problem which field it is in, what is wrong and what would be right. */
export function toFieldErrors(errors: readonly ErrorObject[]): FieldError[] {
  return collapseUnions(errors.slice(0, 20 * MOST_ERRORS))
    .filter(({ schemaPath }) => !schemaPath.includes('/propertyNames/'))
    .slice(0, MOST_ERRORS)
    .map(toFieldError)
}

function toFieldError(error: ErrorObject): FieldError {
  const { instancePath, params } = error
  const inside = (name: string) =>
    name.length > LONGEST_NAME ? instancePath : `${instancePath}/${pointerToken(name)}`
  switch (error.keyword) {
    case 'required':
      return { pointer: inside(params.missingProperty), detail: 'The field is required.' }
    case 'additionalProperties':
      return {
        pointer: inside(params.additionalProperty),
        detail: named(params.additionalProperty) + unknownField(error),
      }
    case 'propertyNames':
      return {
        pointer: inside(params.propertyName),
        detail: `${named(params.propertyName)}The name is not allowed. ${rule(error)}`,
      }
    default:
      return { pointer: instancePath, detail: describe(error) }
  }
}

/** What the pointer does not say, because the name is too long for it. */
function named(name: string): string {
  return name.length > LONGEST_NAME ? `In it is ${quote(name)}. ` : ''
}

function unknownField({ params, parentSchema }: ErrorObject): string {
  const known = Object.keys(parentSchema?.properties ?? {})
  const suggestion = didYouMean(params.additionalProperty, known)
  return suggestion
    ? `The field is not known${suggestion}`
    : `The field is not known; the fields are ${known.join(', ')}.`
}

function rule({ parentSchema }: ErrorObject): string {
  return parentSchema?.propertyNames?.description ?? parentSchema?.description ?? ''
}

const BOUNDS: Record<string, string> = {
  minimum: 'at least',
  maximum: 'at most',
  exclusiveMinimum: 'greater than',
  exclusiveMaximum: 'less than',
}

const SIZES: Record<string, [bound: string, unit: string]> = {
  minLength: ['at least', 'character'],
  maxLength: ['at most', 'character'],
  minItems: ['at least', 'item'],
  maxItems: ['at most', 'item'],
  minProperties: ['at least', 'entry'],
  maxProperties: ['at most', 'entry'],
}

const PLURALS: Record<string, string> = {
  character: 'characters',
  item: 'items',
  entry: 'entries',
}

function describe(error: ErrorObject): string {
  const { keyword, params, data, parentSchema } = error
  if (keyword in BOUNDS) return `Must be ${BOUNDS[keyword]} ${params.limit}; got ${quote(data)}.`
  if (keyword in SIZES) {
    const [bound, unit] = SIZES[keyword]
    return `Must have ${bound} ${params.limit} ${params.limit === 1 ? unit : PLURALS[unit]}; got ${sizeOf(data)}.`
  }
  switch (keyword) {
    case 'type':
      return `Must be ${aKind(params.type)}; got ${kindOf(data)}.${unquoteHint(params.type, data)}`
    case 'enum':
      return `Must be ${alternatives(params.allowedValues)}; got ${quote(data)}.`
    case 'const':
      return `Must be ${quote(params.allowedValue)}; got ${quote(data)}.`
    case 'anyOf':
      return `Must be ${alternativeKinds(parentSchema)}; got ${kindOf(data)}.`
    case 'pattern':
      return `${quote(data)} does not have the right form. ${parentSchema?.description ?? ''}`.trim()
    case 'format':
      return `Must be ${FORMATS[params.format] ?? `a ${params.format}`}; got ${quote(data)}.`
    case 'uniqueItems':
      return `Items ${params.i} and ${params.j} (counted from 0) are equal; each may occur once.`
    default:
      return `The value ${error.message}.`
  }
}

function alternativeKinds(parentSchema: ErrorObject['parentSchema']): string {
  const kinds = (parentSchema?.anyOf ?? []).map((branch: { type?: string }) => aKind(branch.type))
  return [...new Set(kinds)].join(' or ')
}

function unquoteHint(type: string | string[], data: unknown): string {
  if (typeof data !== 'string' || data.trim() === '') return ''
  const fits = (name: string) =>
    name === 'number' ? Number.isFinite(Number(data)) : Number.isSafeInteger(Number(data))
  const numeric = [type].flat().filter((name) => name === 'number' || name === 'integer')
  return numeric.some(fits) ? ` Send ${Number(data)} without quotes.` : ''
}

function sizeOf(data: unknown): number {
  if (typeof data === 'string') return [...data].length
  return data !== null && typeof data === 'object' ? Object.keys(data).length : 0
}
