import { type Static, Type } from 'typebox'
import { NameSchema, ProblemRequestSchema, ProblemSchema } from '../../optimizers/problem.js'
import { TrialPolicyRequestSchema, TrialPolicySchema } from '../../optimizers/trial-policy.js'
import type { StudyRecord } from '../../store/records.js'
import {
  closed,
  formatTime,
  HashSchema,
  IdSchema,
  LabelsSchema,
  LabelValueSchema,
  labelRules,
  Nullable,
  ParamsSchema,
  pageProperties,
  SeedSchema,
  TimeSchema,
} from './common.js'
import { newExternalStudyExample } from './examples/external-trials.js'
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
    trialPolicy: Type.Optional(TrialPolicyRequestSchema),
  },
  {
    ...closed,
    description: 'A study to create.',
    examples: [newStudyExample, newProxyStudyExample, newExternalStudyExample],
  },
)

export const StudyChangeSchema = Type.Object(
  {
    name: Type.Optional(NameSchema),
    labels: Type.Optional(
      Type.Record(Type.String(), Nullable(LabelValueSchema), {
        ...labelRules,
        description: 'Labels to add or to replace; null removes one. The others stay.',
      }),
    ),
    trialPolicy: Type.Optional(TrialPolicyRequestSchema),
  },
  {
    ...closed,
    minProperties: 1,
    description: 'What is to change; what is left out stays.',
    examples: [
      { labels: { team: 'data', draft: null }, trialPolicy: { leaseSeconds: 600 } },
      { trialPolicy: { earlyStopping: { rule: 'median' } } },
    ],
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
    trialPolicy: TrialPolicySchema,
    externalTrials: Type.Integer({ description: 'Trials handed to clients so far.' }),
    owner: Nullable(Type.String()),
    version: Type.Integer({
      description: 'Raised by every change of name, labels or trial policy; also in the ETag.',
    }),
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

export function viewStudy(record: StudyRecord): Static<typeof StudySchema> {
  const { triedVersion: _, ...study } = record
  return {
    ...study,
    createdAt: formatTime(study.createdAt),
    updatedAt: formatTime(study.updatedAt),
  }
}
