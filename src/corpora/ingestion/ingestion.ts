import type { CorpusFiles } from '../corpus-files.js'
import type { CorpusSettings } from '../types.js'
import type { Budget } from './disk.js'
import type { Pacer } from './pacer.js'
import type { IngestPlan } from './plan.js'
import type { IngestState } from './state.js'

/** What the phases of an ingestion share. */
export interface Ingestion {
  readonly settings: CorpusSettings
  /** In their order. */
  readonly domainNames: readonly string[]
  readonly files: CorpusFiles
  readonly plan: IngestPlan
  readonly state: IngestState
  readonly budget: Budget
  readonly pacer: Pacer
  readonly signal: AbortSignal | undefined
}
