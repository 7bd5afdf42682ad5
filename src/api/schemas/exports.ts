import { type Static, Type } from 'typebox'
import {
  EXPORT_WARNING_CODES,
  ExportDomainSchema,
  PhaseSchema,
  scalarOptions,
} from '../../formats/exporters/index.js'
import { MixtureSchema } from '../../optimizers/problem.js'
import type { ExportFormat } from '../../studies/exports.js'
import { closed, HashSchema, IdSchema } from './common.js'
import { newExportExample } from './examples/exports.js'

const FormatIdSchema = Type.String({
  maxLength: 100,
  description: 'Id of a format: see `GET /v1/export-formats`.',
})

export const ExportParamsSchema = Type.Object({ studyId: IdSchema, format: FormatIdSchema }, closed)

export const ExportQuerySchema = Type.Object(scalarOptions, {
  ...closed,
  description: 'Options of the format; one that it does not take is refused.',
})

export const NewExportSchema = Type.Object(
  {
    format: FormatIdSchema,
    mixture: Type.Optional(MixtureSchema),
    phases: Type.Optional(
      Type.Array(PhaseSchema, {
        minItems: 1,
        maxItems: 100,
        description: 'Instead of `mixture`, for formats that take phases: a schedule of weights.',
      }),
    ),
    domains: Type.Optional(
      Type.Array(ExportDomainSchema, {
        minItems: 1,
        maxItems: 1000,
        description:
          'All domains in the order in which they are written. Default: those of the mixture, in its order.',
      }),
    ),
    options: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'Options of the format; `GET /v1/export-formats` gives their schema.',
      }),
    ),
  },
  {
    ...closed,
    description: 'A mixture, or a schedule of mixtures, to be exported.',
    examples: [newExportExample],
  },
)

export const ExportSchema = Type.Object(
  {
    format: Type.String(),
    text: Type.String({ description: 'The file.' }),
    mediaType: Type.String({ description: 'Of the text.' }),
    fileName: Type.String({ description: 'A name for it.' }),
    unit: Type.String({ description: 'What the weights count in that format.' }),
    realised: Type.Array(PhaseSchema, {
      description:
        'The weights after the rounding of the format and its target; one entry a phase (a mixture has one, at step 0).',
    }),
    dropped: Type.Array(Type.String(), {
      description:
        'Domains that the text leaves out: of weight 0, or below what the target resolves.',
    }),
    warnings: Type.Array(
      Type.Object({ code: Type.Enum(EXPORT_WARNING_CODES), message: Type.String() }, closed),
    ),
    checksum: {
      ...HashSchema,
      description:
        'SHA-256 (hex) of the mixture, or of the list of phases, as given, in canonical JSON (keys sorted, no white space).',
    },
  },
  { ...closed, description: 'A mixture in the form that a trainer takes.' },
)

export const ExportFormatSchema = Type.Object(
  {
    id: Type.String(),
    title: Type.String(),
    mediaType: Type.String(),
    fileName: Type.String(),
    unit: Type.String({ description: 'What the weights count there.' }),
    phases: Type.Boolean({ description: 'Whether it takes phases.' }),
    optionsSchema: Type.Record(Type.String(), Type.Unknown(), {
      description: 'JSON Schema of its options.',
    }),
  },
  { ...closed, description: 'A form in which mixtures can be exported.' },
)

export const ExportFormatListSchema = Type.Object({ items: Type.Array(ExportFormatSchema) }, closed)

export function viewExportFormat(format: ExportFormat): Static<typeof ExportFormatSchema> {
  return { ...format }
}
