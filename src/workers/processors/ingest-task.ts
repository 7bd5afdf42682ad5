import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { IngestTask } from '../../corpora/types.js'
import type { DataFolder } from '../../store/data-folder.js'
import type { JobRecord, SourceRecord } from '../../store/records.js'
import type { Store } from '../../store/store.js'

export interface LoadedIngestion {
  task: IngestTask
}

interface Setting {
  store: Store
  dataFolder: DataFolder
  allowedFolders: readonly string[]
}

/** What the job is to ingest: the sources that were there when it was requested; undefined when its corpus was deleted. */
export async function loadIngestTask(
  { store, dataFolder, allowedFolders }: Setting,
  job: JobRecord,
): Promise<LoadedIngestion | undefined> {
  const ingestion = await store.corpora.ingestion(job.subjectId)
  const corpus = ingestion && (await store.corpora.get(ingestion.corpusId))
  if (!ingestion || !corpus) return undefined
  const sources = (await store.corpora.sources(corpus.id)).filter(({ id }) =>
    ingestion.sourceIds.includes(id),
  )
  const folder = dataFolder.ingestionFolder(corpus.id, ingestion.id)
  return {
    task: {
      folder,
      settings: ingestion.settings,
      domains: corpus.domains.map(({ name }) => ({
        name,
        sources: sources.filter(({ domain }) => domain === name).map((s) => located(s, dataFolder)),
      })),
      allowedFolders,
      // What an interrupted ingestion has written counts as the task's own.
      maxBytes: (await dataFolder.room()) + (await bytesIn(folder)),
    },
  }
}

/** Uploads are found where this process has the data folder, which another may have elsewhere. */
function located(
  source: SourceRecord,
  dataFolder: DataFolder,
): IngestTask['domains'][0]['sources'][0] {
  const { id, kind, name, format, textField } = source
  const place = kind === 'upload' ? dataFolder.uploadFile(source.corpusId, id) : source.path
  return { id, kind, path: place, name, format, textField }
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const sizes = names.map((name) => stat(path.join(folder, name)).then(({ size }) => size))
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
