import type { Static } from 'typebox'
import type { CorpusDetailSchema, CorpusSchema } from '../../api/schemas/corpora.js'
import type {
  CompletionSchema,
  DirectiveSchema,
  FailureSchema,
  HeartbeatSchema,
  NewMeasurementSchema,
} from '../../api/schemas/external-trials.js'
import type { ImportPreviewSchema, ImportSchema } from '../../api/schemas/imports.js'
import type { IngestionSchema } from '../../api/schemas/ingestions.js'
import type { JobSchema } from '../../api/schemas/jobs.js'
import type {
  KeySchema,
  MadeKeySchema,
  NewKeySchema,
  RotationSchema,
} from '../../api/schemas/keys.js'
import type { SearchSchema } from '../../api/schemas/searches.js'
import type { SourceSchema } from '../../api/schemas/sources.js'
import type { StudySchema } from '../../api/schemas/studies.js'
import type {
  SuggestedTrialSchema,
  SuggestionRequestSchema,
  SuggestionsSchema,
} from '../../api/schemas/suggestions.js'
import type { TrialDetailSchema, TrialSchema } from '../../api/schemas/trials.js'

/** What the service answers with, as the schemas of the API have it. */

export type Corpus = Static<typeof CorpusSchema>
export type CorpusDetail = Static<typeof CorpusDetailSchema>
export type Import = Static<typeof ImportSchema>
export type ImportPreview = Static<typeof ImportPreviewSchema>
export type Ingestion = Static<typeof IngestionSchema>
export type Source = Static<typeof SourceSchema>
export type Job = Static<typeof JobSchema>
export type Key = Static<typeof KeySchema>
export type KeyRotation = Static<typeof RotationSchema>
export type MadeKey = Static<typeof MadeKeySchema>
export type NewKey = Static<typeof NewKeySchema>
export type Search = Static<typeof SearchSchema>
export type Study = Static<typeof StudySchema>
export type Trial = Static<typeof TrialSchema>
export type TrialDetail = Static<typeof TrialDetailSchema>
export type Suggestions = Static<typeof SuggestionsSchema>
export type SuggestedTrial = Static<typeof SuggestedTrialSchema>
export type Directive = Static<typeof DirectiveSchema>

/** What clients tell the service about their trials. */
export type SuggestionRequest = Static<typeof SuggestionRequestSchema>
export type TrialLease = Static<typeof HeartbeatSchema>
export type TrialMeasurement = Static<typeof NewMeasurementSchema>
export type TrialCompletion = Static<typeof CompletionSchema>
export type TrialFailure = Static<typeof FailureSchema>

export interface Page<T> {
  items: T[]
  pagination: { cursor: string | null; hasMore: boolean }
}
