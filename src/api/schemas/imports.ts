import { type Static, Type } from 'typebox'
import { ImportBodySchema } from '../../formats/importers/index.js'
import type { ParsedTable } from '../../formats/importers/table.js'
import type { ImportRecord } from '../../store/records.js'
import { closed, formatTime, HashSchema, IdSchema, Nullable, TimeSchema } from './common.js'
import { runsExample } from './examples.js'
import { ImportFormSchema } from './import-form.js'
import { FieldErrorSchema } from './problems.js'

/** One schema a content type; the rows themselves are checked off the main thread. */
export const ImportBody = {
  content: {
    'application/json': {
      schema: { ...ImportBodySchema, examples: [{ role: 'train', runs: runsExample }] },
    },
    'multipart/form-data': { schema: ImportFormSchema },
  },
} as const

const RoleSchema = Type.Union([Type.Literal('train'), Type.Literal('holdout')])

const TableWarningSchema = Type.Object(
  { code: Type.String(), message: Type.String(), rows: Type.Optional(Type.Integer()) },
  closed,
)

const EvaluationsSchema = Nullable(
  Type.Record(
    Type.String(),
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
    {
      description:
        'What the files say of how the runs were evaluated: task → version, nShot, hash and the like. Null where they say nothing.',
    },
  ),
)

const tableProperties = {
  role: RoleSchema,
  name: Type.String({ description: 'Name of the hold-out; empty for training runs.' }),
  fidelity: Type.String(),
  rowCount: Type.Integer({ minimum: 0 }),
  warnings: Type.Array(TableWarningSchema),
  evaluations: EvaluationsSchema,
  contentHash: HashSchema,
}

export const ImportSchema = Type.Object(
  {
    id: IdSchema,
    studyId: IdSchema,
    format: Type.String(),
    ...tableProperties,
    createdAt: TimeSchema,
    completedAt: Nullable(TimeSchema),
  },
  { ...closed, description: 'A run table that was imported.' },
)

export const ImportPreviewSchema = Type.Object(
  {
    dryRun: Type.Literal(true),
    importable: Type.Boolean(),
    ...tableProperties,
    problemCount: Type.Integer({ minimum: 0 }),
    problems: Type.Array(FieldErrorSchema, { description: 'At most 100 of them.' }),
    preview: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          weights: Type.Record(Type.String(), Type.Number({ minimum: 0 })),
          metrics: Type.Record(Type.String(), Type.Number()),
          standardErrors: Type.Optional(Type.Record(Type.String(), Type.Number({ minimum: 0 }))),
        },
        closed,
      ),
      { description: 'The first rows as they would be stored.' },
    ),
  },
  { ...closed, description: 'What an import would do; nothing was stored.' },
)

export function viewImport(record: ImportRecord): Static<typeof ImportSchema> {
  const { id, studyId, format, role, holdout, fidelity, rowCount, contentHash } = record
  return {
    id,
    studyId,
    format,
    role,
    name: holdout,
    fidelity,
    rowCount,
    warnings: record.warnings as Static<typeof TableWarningSchema>[],
    evaluations: record.evaluations as Static<typeof EvaluationsSchema>,
    contentHash,
    createdAt: formatTime(record.createdAt),
    completedAt: formatTime(record.completedAt),
  }
}

export function viewPreview(table: ParsedTable): Static<typeof ImportPreviewSchema> {
  const { options, fidelity, rowCount, warnings, evaluations, contentHash } = table
  return {
    dryRun: true,
    importable: table.problemCount === 0,
    role: options.role,
    name: options.holdout,
    fidelity,
    rowCount,
    warnings,
    evaluations: evaluations ?? null,
    contentHash,
    problemCount: table.problemCount,
    problems: table.problems,
    preview: table.preview,
  }
}
