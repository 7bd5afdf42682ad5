import { type Static, Type } from 'typebox'
import { NameSchema } from '../../optimizers/problem.js'
import type { CorpusRecord } from '../../store/records.js'
import type { CorpusView } from '../../studies/corpora.js'
import { closed, formatTime, IdSchema, LabelsSchema, Nullable, TimeSchema } from './common.js'
import { CorpusSettingsSchema, NewCorpusSettingsSchema, viewSettings } from './corpus-settings.js'
import { newCorpusExample } from './examples/corpora.js'
import { IngestionSchema, viewIngestion } from './ingestions.js'
import { JobSchema, viewJob } from './jobs.js'
import { SourceSchema, viewSource } from './sources.js'

export const CorpusParamsSchema = Type.Object({ corpusId: IdSchema }, closed)

const CorpusDomainSchema = Type.Object(
  {
    name: NameSchema,
    licence: Type.Optional(
      Nullable(
        Type.String({
          maxLength: 500,
          description: "SPDX expression, or the publisher's words.",
        }),
      ),
    ),
    source: Type.Optional(
      Nullable(Type.String({ maxLength: 2000, description: 'Where the text comes from.' })),
    ),
  },
  closed,
)

const RetentionSchema = Nullable(
  Type.Integer({
    minimum: 1,
    maximum: 36_500,
    description: 'Days without a study that uses it after which it is removed. Default: never.',
  }),
)

export const NewCorpusSchema = Type.Object(
  {
    name: NameSchema,
    labels: Type.Optional(LabelsSchema),
    domains: Type.Array(CorpusDomainSchema, { minItems: 1, maxItems: 1000 }),
    settings: Type.Optional(NewCorpusSettingsSchema),
    retentionDays: Type.Optional(RetentionSchema),
  },
  { ...closed, description: 'A corpus to create.', examples: [newCorpusExample] },
)

const corpusProperties = {
  id: IdSchema,
  name: Type.String(),
  labels: Type.Record(Type.String(), Type.String()),
  settings: CorpusSettingsSchema,
  domains: Type.Array(
    Type.Object(
      {
        name: Type.String(),
        licence: Nullable(Type.String()),
        source: Nullable(Type.String()),
      },
      closed,
    ),
  ),
  ingestionId: Nullable(IdSchema),
  retentionDays: RetentionSchema,
  owner: Nullable(Type.String()),
  version: Type.Integer({ description: 'Raised by every change.' }),
  createdAt: TimeSchema,
  updatedAt: TimeSchema,
}

export const CorpusSchema = Type.Object(corpusProperties, {
  ...closed,
  description:
    'Text in named domains. `ingestionId` is the newest ingestion that succeeded, null before the first.',
})

export const CorpusDetailSchema = Type.Object(
  {
    ...corpusProperties,
    sources: Type.Array(SourceSchema),
    ingestion: Nullable(IngestionSchema),
    job: Nullable(JobSchema),
  },
  {
    ...closed,
    description:
      'A corpus with its sources, the newest ingestion that succeeded, and the job of one under way.',
  },
)

export function viewCorpus(corpus: CorpusRecord): Static<typeof CorpusSchema> {
  return {
    ...corpus,
    settings: viewSettings(corpus.settings),
    createdAt: formatTime(corpus.createdAt),
    updatedAt: formatTime(corpus.updatedAt),
  }
}

export function viewCorpusDetail(view: CorpusView): Static<typeof CorpusDetailSchema> {
  const { corpus, sources, ingestion, job } = view
  return {
    ...viewCorpus(corpus),
    sources: sources.map(viewSource),
    ingestion: ingestion ? viewIngestion(ingestion) : null,
    job: job ? viewJob(job) : null,
  }
}
