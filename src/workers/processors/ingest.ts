import type { CorpusManifest, IngestProgress } from '../../corpora/types.js'
import type { DataFolder } from '../../store/data-folder.js'
import type { Compute } from '../../studies/ports.js'
import type { Processor } from '../catalogue.js'
import { type LoadedIngestion, loadIngestTask } from './ingest-task.js'
import {
  type Ending,
  type HeldJob,
  jobHandler,
  type ProcessorOptions,
  type Progress,
  requireStartsLeft,
} from './job-course.js'

export interface IngestProcessorOptions extends ProcessorOptions {
  compute: Pick<Compute, 'ingest'>
  dataFolder: DataFolder
  /** Absolute folders that sources of kind `path` may be read from. */
  allowedFolders: readonly string[]
}

/** Works off an ingestion: reads the sources in a thread, and writes the manifest with the end of the job. */
export function createIngestProcessor(options: IngestProcessorOptions): Processor<'ingest'> {
  const { store, worker, compute, dataFolder } = options
  const plan = (held: HeldJob) => ({
    load: () => loadIngestTask(options, held.job),
    perform({ task }: LoadedIngestion) {
      requireStartsLeft(held, 'ingestion-failed', 'ingestion')
      const { signal } = held
      const onProgress = (progress: IngestProgress) => held.report(jobProgress(progress))
      return compute.ingest(task, { signal, onProgress })
    },
    finish: (manifest: CorpusManifest) =>
      store.corpora.finishIngestion(held.job.subjectId, worker, manifest),
    /** What an interrupted one has done is gone on from; of one that failed or was cancelled nothing is needed. */
    async ended({ kind }: Ending<CorpusManifest>) {
      if (kind !== 'refused' && kind !== 'cancelled') return
      const ingestion = await store.corpora.ingestion(held.job.subjectId)
      if (ingestion) await dataFolder.removeIngestion(ingestion.corpusId, ingestion.id)
    },
  })
  return {
    job: 'ingest',
    handle: jobHandler(options, {
      kind: 'ingest',
      title: 'ingestion',
      failure: 'ingestion-failed',
      plan,
    }),
  }
}

const PHASES = {
  read: 'reading',
  'train-tokenizer': 'training the tokenizer',
  tokenize: 'tokenizing',
}

/** Phases one after the other: each is a third of the whole. */
function jobProgress({ phase, done, total, message }: IngestProgress): Progress {
  const before = Object.keys(PHASES).indexOf(phase)
  const share = total > 0 ? Math.min(1, done / total) : 1
  return {
    done: Math.round(1000 * (before + share)),
    total: 3000,
    message: `${PHASES[phase]}: ${message}`,
  }
}
