import { type Static, Type } from 'typebox'
import { SOURCE_FORMATS } from '../../corpora/types.js'
import { NameSchema } from '../../optimizers/problem.js'
import type { SourceRecord } from '../../store/records.js'
import { closed, formatTime, HashSchema, IdSchema, Nullable, TimeSchema } from './common.js'
import { newPathSourceExample } from './examples/corpora.js'

export const SourceParamsSchema = Type.Object({ corpusId: IdSchema, sourceId: IdSchema }, closed)

const FormatSchema = Type.Enum(['auto', ...SOURCE_FORMATS], {
  description:
    'Default `auto`: by the name of the file. `text`: a file is one document. Compressed files (.gz, .zst) are known by ' +
    'their first bytes.',
})

const TextFieldSchema = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'Field, or column, that holds the text. Default `text`.',
})

export const SourceSchema = Type.Object(
  {
    id: IdSchema,
    corpusId: IdSchema,
    domain: Type.String(),
    kind: Type.Enum(['upload', 'path']),
    name: Type.String({ description: 'Name of the uploaded file, or the path.' }),
    format: FormatSchema,
    textField: Type.String(),
    bytes: Nullable(Type.Integer({ minimum: 0, description: 'Of an upload; null for paths.' })),
    contentHash: Nullable(HashSchema),
    createdAt: TimeSchema,
  },
  { ...closed, description: 'Files of which a domain is filled.' },
)

export const SourceListSchema = Type.Object({ items: Type.Array(SourceSchema) }, closed)

export const NewPathSourceSchema = Type.Object(
  {
    domain: NameSchema,
    path: Type.String({
      minLength: 1,
      maxLength: 4096,
      description:
        'A file, a folder or a glob on the machine of the service, in a folder that its operator has allowed ' +
        '(MIXWRIGHT_SOURCES). Read when the corpus is ingested.',
    }),
    format: Type.Optional(FormatSchema),
    textField: Type.Optional(TextFieldSchema),
  },
  {
    ...closed,
    description: 'Files that the service can read by itself.',
    examples: [newPathSourceExample],
  },
)

export type NewPathSource = Static<typeof NewPathSourceSchema>

const uploadFields = {
  domain: NameSchema,
  format: Type.Optional(FormatSchema),
  textField: Type.Optional(TextFieldSchema),
}

/** The fields of a form, with the name of the file they are for. */
export const UploadFieldsSchema = Type.Object(
  { ...uploadFields, file: Type.String({ minLength: 1, maxLength: 255 }) },
  closed,
)

const UploadFormSchema = Type.Object(
  {
    ...uploadFields,
    file: Type.String({
      contentMediaType: 'application/octet-stream',
      description:
        'The file, with a file name. It comes after the fields, which hold for all files after them; there may be several.',
    }),
  },
  { ...closed, title: 'Uploaded files' },
)

export const SourceBody = {
  content: {
    'application/json': { schema: NewPathSourceSchema },
    'multipart/form-data': { schema: UploadFormSchema },
  },
} as const

/** Where an upload lies is the service's own affair. */
export function viewSource({ path: _, ...source }: SourceRecord): Static<typeof SourceSchema> {
  return { ...source, createdAt: formatTime(source.createdAt) }
}
