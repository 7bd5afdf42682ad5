import { type Static, Type } from 'typebox'
import type { IngestionRecord } from '../../store/records.js'
import { closed, formatTime, HashSchema, IdSchema, Nullable, TimeSchema } from './common.js'
import { CorpusSettingsSchema, viewSettings } from './corpus-settings.js'

export const IngestionParamsSchema = Type.Object(
  { corpusId: IdSchema, ingestionId: IdSchema },
  closed,
)

const count = (description: string) => Type.Integer({ minimum: 0, description })

const SplitSchema = Type.Object(
  {
    documents: count('Documents.'),
    bytes: count('UTF-8 bytes of text.'),
    tokens: count('Tokens, an end-of-text token a document included.'),
  },
  closed,
)

export const CorpusManifestSchema = Type.Object(
  {
    format: Type.Literal(1),
    tokenizer: Type.Object(
      {
        kind: Type.Enum(['bpe', 'bytes', 'huggingface']),
        vocabularySize: Type.Integer({ minimum: 1 }),
        hash: HashSchema,
      },
      closed,
    ),
    tokenBytes: Type.Union([Type.Literal(2), Type.Literal(4)], {
      description: 'Bytes of a token id in the shards.',
    }),
    domains: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          train: SplitSchema,
          validation: SplitSchema,
          duplicates: count('Documents whose content came before, left out.'),
          skipped: count('Invalid documents, left out.'),
          empty: count('Documents without any text, left out.'),
          hash: HashSchema,
        },
        closed,
      ),
    ),
    bytes: count('Size of the files.'),
    hash: HashSchema,
  },
  { ...closed, description: 'What an ingestion made. The same input gives the same `hash`.' },
)

export const IngestionSchema = Type.Object(
  {
    id: IdSchema,
    corpusId: IdSchema,
    jobId: IdSchema,
    settings: CorpusSettingsSchema,
    sourceIds: Type.Array(IdSchema, { description: 'The sources it reads.' }),
    manifest: Nullable(CorpusManifestSchema),
    createdAt: TimeSchema,
    finishedAt: Nullable(TimeSchema),
  },
  { ...closed, description: 'Text made into tokens; `manifest` is null until its job succeeds.' },
)

export function viewIngestion(ingestion: IngestionRecord): Static<typeof IngestionSchema> {
  return {
    ...ingestion,
    settings: viewSettings(ingestion.settings),
    manifest: ingestion.manifest as Static<typeof CorpusManifestSchema> | null,
    createdAt: formatTime(ingestion.createdAt),
    finishedAt: formatTime(ingestion.finishedAt),
  }
}
