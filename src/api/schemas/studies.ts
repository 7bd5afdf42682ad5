import { type Static, Type } from 'typebox'
import { NameSchema, ProblemRequestSchema, ProblemSchema } from '../../optimizers/problem.js'
import type { StudyRecord } from '../../store/records.js'
import {
  closed,
  formatTime,
  HashSchema,
  IdSchema,
  LabelsSchema,
  Nullable,
  ParamsSchema,
  pageProperties,
  SeedSchema,
  TimeSchema,
} from './common.js'
import { newProxyStudyExample } from './examples/searches.js'
import { newStudyExample } from './examples.js'

export const NewStudySchema = Type.Object(
  {
    name: NameSchema,
    labels: Type.Optional(LabelsSchema),
    problem: ProblemRequestSchema,
    method: Type.Optional(
      Type.String({ description: 'A name from `GET /v1/methods`. Default `mixing-laws`.' }),
    ),
    params: Type.Optional(ParamsSchema),
    seed: Type.Optional(SeedSchema),
  },
  {
    ...closed,
    description: 'A study to create.',
    examples: [newStudyExample, newProxyStudyExample],
  },
)

export const StudySchema = Type.Object(
  {
    id: IdSchema,
    name: Type.String(),
    labels: Type.Record(Type.String(), Type.String()),
    problem: ProblemSchema,
    problemHash: HashSchema,
    domainSetVersion: Type.Integer(),
    method: Type.String(),
    params: ParamsSchema,
    seed: Type.Integer(),
    corpusId: Nullable(IdSchema),
    ingestionId: Nullable(IdSchema),
    owner: Nullable(Type.String()),
    version: Type.Integer({ description: 'Raised by every change.' }),
    createdAt: TimeSchema,
    updatedAt: TimeSchema,
  },
  { ...closed, description: 'One search: what is searched, and by which method.' },
)

export const StudyListQuerySchema = Type.Object(
  {
    ...pageProperties,
    label: Type.Optional(
      Type.String({
        pattern: '^[^:\\s]{1,64}:',
        description: 'Only studies with this label: `name:value`.',
        examples: ['team:data'],
      }),
    ),
  },
  closed,
)

export function viewStudy(study: StudyRecord): Static<typeof StudySchema> {
  return {
    ...study,
    createdAt: formatTime(study.createdAt),
    updatedAt: formatTime(study.updatedAt),
  }
}
