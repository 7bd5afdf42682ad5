import { type Static, Type } from 'typebox'
import { ERRORS, type ErrorCode } from '../../errors.js'
import { closed } from './common.js'
import { problemExample } from './examples.js'

const CODES = Object.keys(ERRORS) as ErrorCode[]

export const ErrorCodeSchema = Type.Enum(CODES)

export const FieldErrorSchema = Type.Object(
  {
    pointer: Type.String({
      description:
        'JSON Pointer (RFC 6901) into the body; in CSV files `/rows/{n}/{column}` with n counted from 1.',
    }),
    detail: Type.String(),
  },
  closed,
)

const problemProperties = {
  type: Type.String({ description: 'Address of the explanation: `/problems/{code}`.' }),
  title: Type.String(),
  status: Type.Integer(),
  code: ErrorCodeSchema,
  detail: Type.String({ description: 'What went wrong this time.' }),
  fix: Type.String({ description: 'What to do about it.' }),
  errors: Type.Optional(Type.Array(FieldErrorSchema)),
  instance: Type.Optional(Type.String({ description: 'The address that was asked for.' })),
  requestId: Type.Optional(
    Type.String({ description: 'Also in the `x-request-id` header and in the log.' }),
  ),
  traceId: Type.Optional(
    Type.String({
      pattern: '^[0-9a-f]{32}$',
      description: 'Also in the `traceparent` header and in the log (W3C Trace Context).',
    }),
  ),
}

export const ProblemDocumentSchema = Type.Object(problemProperties, {
  ...closed,
  description: 'A problem document (RFC 9457).',
  examples: [problemExample],
})

export const ErrorEntrySchema = Type.Object(
  {
    type: Type.String(),
    code: ErrorCodeSchema,
    status: Type.Integer({ description: 'The HTTP status it comes with.' }),
    title: Type.String(),
    fix: Type.String({ description: 'What to do about it.' }),
  },
  { ...closed, description: 'An entry of the catalogue of errors.' },
)

/** An entry as `GET /problems/{code}` answers it. */
export function errorEntry(code: ErrorCode): Static<typeof ErrorEntrySchema> {
  return { type: `/problems/${code}`, code, ...ERRORS[code] }
}

/** @returns undefined for a code that is not in the catalogue */
export function findErrorEntry(code: string): Static<typeof ErrorEntrySchema> | undefined {
  return CODES.includes(code as ErrorCode) ? errorEntry(code as ErrorCode) : undefined
}

export function allErrorEntries(): Static<typeof ErrorEntrySchema>[] {
  return CODES.map(errorEntry)
}

/** For routes that take runs and import none. */
export const INLINE_FIXES: Partial<Record<ErrorCode, string>> = {
  'rows-invalid': 'Correct the runs named in `errors`; nothing was computed.',
}

/** Any request can meet these. */
const ANYWHERE: readonly ErrorCode[] = ['malformed-request', 'internal', 'unavailable']
const WITH_BODY: readonly ErrorCode[] = [
  'validation-failed',
  'body-too-large',
  'unsupported-media-type',
]

interface Entry {
  description?: string
  content?: object
}

/** The `response` entries for what a route can refuse, one a status, on top of what every route can meet. */
export function refusals(...codes: ErrorCode[]): object {
  return withRefusals({}, ...new Set([...ANYWHERE, ...codes]))
}

/** The same for a route that takes a body. */
export function refusalsWithBody(...codes: ErrorCode[]): object {
  return refusals(...WITH_BODY, ...codes)
}

/** `response` entries with further refusals. */
export function withRefusals(responses: object, ...codes: ErrorCode[]): object {
  const entries = new Map<string, Entry>(Object.entries(responses))
  for (const code of codes) {
    const status = String(ERRORS[code].status)
    const said = entries.get(status)?.description
    const description = `\`${code}\`: ${ERRORS[code].title}.`
    entries.set(status, {
      description: said === undefined ? description : `${said} ${description}`,
      content: { 'application/problem+json': { schema: ProblemDocumentSchema } },
    })
  }
  return Object.fromEntries(entries)
}
