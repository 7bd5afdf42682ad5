import { type TSchema, Type } from 'typebox'

export const closed = { additionalProperties: false } as const

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const IdSchema = Type.String({ format: 'uuid', description: 'A UUID (version 7).' })

export const TimeSchema = Type.String({ format: 'date-time', description: 'UTC, ISO 8601.' })

export const HashSchema = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, hex.' })

/** A `Date` as the API writes it. */
export function formatTime(date: Date): string
export function formatTime(date: Date | null): string | null
export function formatTime(date: Date | null): string | null {
  return date === null ? null : date.toISOString()
}

export const labelRules = {
  maxProperties: 50,
  propertyNames: {
    pattern: '^[^:\\s]{1,64}$',
    description: 'A label has 1 to 64 characters, none of them a colon or white space.',
  },
} as const

export const LabelValueSchema = Type.String({ maxLength: 200 })

export const LabelsSchema = Type.Record(Type.String(), LabelValueSchema, {
  ...labelRules,
  description: 'Free labels, to find it by: name → value.',
})

export const SeedSchema = Type.Integer({
  minimum: 0,
  maximum: 2 ** 31 - 1,
  description: 'All random draws follow from it: the same seed and data give the same answer.',
})

export const ParamsSchema = Type.Record(Type.String(), Type.Unknown(), {
  maxProperties: 100,
  description:
    'Parameters of the method; `GET /v1/methods/{name}` gives their schema and defaults.',
})

export const StudyParamsSchema = Type.Object({ studyId: IdSchema }, closed)

export const DEFAULT_PAGE_SIZE = 20

export const pageProperties = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      default: DEFAULT_PAGE_SIZE,
      description: 'Items per page.',
    }),
  ),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 2000,
      description:
        '`pagination.cursor` of the page before this one. It goes with the filters it was given for.',
    }),
  ),
}

export const PageQuerySchema = Type.Object(pageProperties, closed)

/** A page of a list. */
export const PageSchema = <T extends TSchema>(item: T) =>
  Type.Object(
    {
      items: Type.Array(item),
      pagination: Type.Object(
        {
          cursor: Nullable(
            Type.String({ description: 'Give it as `cursor` to get the next page.' }),
          ),
          hasMore: Type.Boolean(),
        },
        closed,
      ),
    },
    closed,
  )
