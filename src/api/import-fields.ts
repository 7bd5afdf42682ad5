import { MixwrightError } from '../errors.js'
import type { ReadingOptions } from '../formats/importers/index.js'
import { importOptionProperties, ReadingOptionsSchema } from '../formats/importers/index.js'
import type { ImportOptions } from '../formats/importers/table.js'
import { alternatives, compileStrict, toFieldErrors } from '../formats/validation/index.js'
import { formRefusal } from './forms.js'

/** The fields of an import's form, which are texts, as the options that they stand for. */

const READING_FIELDS = Object.keys(ReadingOptionsSchema.properties)
const MAPS = ['metricNames', 'domainNames']

export const FORM_FIELDS: readonly string[] = [
  'format',
  ...Object.keys(importOptionProperties),
  ...READING_FIELDS,
]

export const isReadingField = (name: string): boolean => READING_FIELDS.includes(name)

const checkReading = compileStrict(ReadingOptionsSchema)

/** @throws MixwrightError `validation-failed` */
export function readOptions(fields: ReadonlyMap<string, string>): ImportOptions {
  const given = [...fields].filter(([name]) => isReadingField(name))
  const reading = Object.fromEntries(given.map(([name, text]) => [name, readValue(name, text)]))
  const errors = checkReading(reading)
  if (errors) {
    throw new MixwrightError('validation-failed', 'The form is not valid.', toFieldErrors(errors))
  }
  return {
    role: oneOf(fields, 'role', ['train', 'holdout'], 'train'),
    holdout: fields.get('name') ?? '',
    fidelity: fields.get('fidelity'),
    dryRun: oneOf(fields, 'dryRun', ['true', 'false'], 'false') === 'true',
    ...(given.length > 0 && { reading: reading as ReadingOptions }),
  }
}

function readValue(name: string, text: string): unknown {
  if (name === 'tokensPerStep') {
    const value = Number(text)
    if (text.trim() !== '' && Number.isFinite(value)) return value
    throw formRefusal(name, 'It must be a number.')
  }
  if (!MAPS.includes(name)) return text
  try {
    return JSON.parse(text)
  } catch {
    throw formRefusal(name, 'It must be a JSON object of name → name.')
  }
}

function oneOf<T extends string>(
  fields: ReadonlyMap<string, string>,
  name: string,
  allowed: readonly T[],
  fallback: T,
): T {
  const given = fields.get(name) ?? fallback
  const value = allowed.find((candidate) => candidate === given)
  if (value !== undefined) return value
  const shown = JSON.stringify(given.slice(0, 60))
  throw formRefusal(name, `Must be ${alternatives(allowed)}; got ${shown}.`)
}
