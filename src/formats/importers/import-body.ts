import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { type FieldError, MixwrightError } from '../../errors.js'
import { memberOf } from '../../json-object.js'
import type { CompleteProblem } from '../../optimizers/problem.js'
import { NameSchema } from '../../optimizers/problem.js'
import { readJson } from '../json.js'
import { didYouMean } from '../nearest-name.js'
import { findUnstorable, schemaProblems } from '../validation/index.js'
import { LARGEST_VALUE } from './candidate-run.js'
import { IMPORT_FORMATS } from './format-names.js'

import type { ImportOptions } from './table.js'
import { quoted } from './table-problems.js'

/** The JSON body of an import. These schemas validate it, type it and describe it in OpenAPI. */

const closed = { additionalProperties: false } as const

export const importOptionProperties = {
  role: Type.Optional(
    Type.Union([Type.Literal('train'), Type.Literal('holdout')], {
      description:
        '`train`: fits learn from the runs. `holdout`: fits are scored on them. Default `train`.',
    }),
  ),
  name: Type.Optional(
    Type.String({
      ...NameSchema,
      description:
        'Name of the hold-out; required for, and only for, `holdout`. No white space at its ends and no line breaks in it.',
    }),
  ),
  fidelity: Type.Optional(
    Type.String({
      ...NameSchema,
      description: 'The fidelity the runs were made at. May be left out when the study has one.',
    }),
  ),
  dryRun: Type.Optional(
    Type.Boolean({
      description: 'Only say what would be imported and what is wrong. Default false.',
    }),
  ),
}

const ImportOptionsSchema = Type.Object(importOptionProperties, closed)

const ValueSchema = Type.Number({ minimum: -LARGEST_VALUE, maximum: LARGEST_VALUE })

export const ImportedRunSchema = Type.Object(
  {
    id: Type.Union([Type.String({ minLength: 1, maxLength: 200 }), Type.Integer()], {
      description: 'Names the run. Unique within its role, hold-out and fidelity.',
    }),
    weights: Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
      description:
        'Every domain → share of training tokens. They sum to 1 within 0.005, because tables are rounded.',
    }),
    metrics: Type.Record(Type.String(), Type.Union([ValueSchema, Type.Null()]), {
      description: 'Metric → measured value; null or absent where the run lacks it.',
    }),
    standardErrors: Type.Optional(
      Type.Record(Type.String(), Type.Number({ minimum: 0, maximum: LARGEST_VALUE }), {
        description: 'Metric → standard error of its value, where it is known.',
      }),
    ),
    tokens: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Tokens the run was trained on.' }),
    ),
  },
  closed,
)
export type ImportedRun = Static<typeof ImportedRunSchema>

export const JsonImportSchema = Type.Object(
  {
    ...importOptionProperties,
    format: Type.Optional(Type.Literal('json')),
    runs: Type.Array(ImportedRunSchema, { minItems: 1 }),
  },
  { ...closed, title: 'Runs as JSON' },
)

export const CsvImportSchema = Type.Object(
  {
    ...importOptionProperties,
    format: Type.Literal('csv'),
    mixtures: Type.String({
      description:
        'Text of the CSV of mixtures: a column `run`, `run_id` or `index`, and one a domain, named by it or by `train_` and it.',
    }),
    metrics: Type.String({
      description:
        'Text of the CSV of metrics: the same key column, and one a metric, named by it or by `metric/` and it.',
    }),
  },
  { ...closed, title: 'A pair of CSV files as text' },
)

/** Body of `POST /v1/studies/{id}/imports` as JSON. */
export const ImportBodySchema = Type.Union([JsonImportSchema, CsvImportSchema])
export type ImportBody = Static<typeof ImportBodySchema>

/** The envelope alone: runs are validated one by one, so that each wrong one is reported. */
const JsonEnvelopeSchema = Type.Object(
  { ...JsonImportSchema.properties, runs: Type.Array(Type.Unknown(), { minItems: 1 }) },
  closed,
)
const RunCheck = Compile(ImportedRunSchema)

/** What is wrong with one entry of `runs`, with pointers into it. Empty: it is an ImportedRun. */
export function runErrors(run: unknown): FieldError[] {
  return RunCheck.Check(run) ? [] : schemaProblems(ImportedRunSchema, run)
}

export type Envelope =
  | (Static<typeof ImportOptionsSchema> & { format?: 'json'; runs: unknown[] })
  | Static<typeof CsvImportSchema>

/**
 * Reads a JSON body and checks all of it but the runs.
 * @throws MixwrightError `malformed-request`, `validation-failed`
 */
export function readEnvelope(bytes: Uint8Array): Envelope {
  const body = readJson(bytes, 'The body')
  const format = memberOf(body, 'format')
  if (typeof format === 'string' && format !== 'csv') refuseFormat(format)
  const isCsv = format === 'csv'
  refuse(isCsv ? CsvImportSchema : JsonEnvelopeSchema, body, 'the body is not an import')
  return body as Envelope
}

/** A body takes two of the formats; the others come as files in a form. */
function refuseFormat(format: string): void {
  if (format === 'json') return
  const known = IMPORT_FORMATS.some((name) => name === format)
  const detail = known
    ? `Runs in the format ${quoted(format)} are sent as files in a form (multipart/form-data).`
    : `There is no format ${quoted(format)}; the formats are ${IMPORT_FORMATS.join(', ')}.`
  throw new MixwrightError('validation-failed', detail, [{ pointer: '/format', detail }])
}

/**
 * Reads the options of an import, given by a JSON body or by form fields, and writes out their defaults.
 * @throws MixwrightError `validation-failed`
 */
export function readImportOptions(
  fields: unknown,
  problem: CompleteProblem,
): ImportOptions & { fidelity: string } {
  refuse(ImportOptionsSchema, fields, 'the options of the import are not valid')
  const options = fields as Static<typeof ImportOptionsSchema>
  const { role = 'train', name = '', dryRun = false } = options
  const errors: FieldError[] = []
  const unstorable = findUnstorable({ name })
  if (unstorable) errors.push(unstorable)
  if (role === 'holdout' && name === '') {
    errors.push({ pointer: '/name', detail: 'a hold-out needs a name' })
  } else if (role === 'train' && name !== '') {
    errors.push({ pointer: '/name', detail: 'only a hold-out has a name; set `role` to `holdout`' })
  }
  const fidelity = options.fidelity ?? onlyFidelity(problem)
  const names = problem.fidelities.map((known) => known.name)
  if (fidelity === undefined) {
    errors.push({
      pointer: '/fidelity',
      detail: `name one of the fidelities ${names.map(quoted).join(', ')}`,
    })
  } else if (!names.includes(fidelity)) {
    errors.push({
      pointer: '/fidelity',
      detail: `the problem has no fidelity ${quoted(fidelity)}${didYouMean(fidelity, names)}`,
    })
  }
  if (fidelity === undefined || errors.length > 0) {
    throw new MixwrightError(
      'validation-failed',
      errors.map(({ detail }) => detail).join('; '),
      errors,
    )
  }
  return { role, holdout: name, fidelity, dryRun }
}

function refuse(schema: TSchema, value: unknown, message: string): void {
  const errors = schemaProblems(schema, value)
  if (errors.length > 0) throw new MixwrightError('validation-failed', message, errors)
}

function onlyFidelity({ fidelities }: CompleteProblem): string | undefined {
  return fidelities.length === 1 ? fidelities[0].name : undefined
}
