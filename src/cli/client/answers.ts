import type { Static } from 'typebox'
import type { CorpusDetailSchema, CorpusSchema } from '../../api/schemas/corpora.js'
import type { IngestionSchema } from '../../api/schemas/ingestions.js'
import type { JobSchema } from '../../api/schemas/jobs.js'
import type { SearchSchema } from '../../api/schemas/searches.js'
import type { SourceSchema } from '../../api/schemas/sources.js'
import type { StudySchema } from '../../api/schemas/studies.js'
import type { TrialDetailSchema, TrialSchema } from '../../api/schemas/trials.js'

/** What the service answers with, as the schemas of the API have it. */

export type Corpus = Static<typeof CorpusSchema>
export type CorpusDetail = Static<typeof CorpusDetailSchema>
export type Ingestion = Static<typeof IngestionSchema>
export type Source = Static<typeof SourceSchema>
export type Job = Static<typeof JobSchema>
export type Search = Static<typeof SearchSchema>
export type Study = Static<typeof StudySchema>
export type Trial = Static<typeof TrialSchema>
export type TrialDetail = Static<typeof TrialDetailSchema>

export interface Page<T> {
  items: T[]
  pagination: { cursor: string | null; hasMore: boolean }
}
