import { createHash } from 'node:crypto'
import type { SourceFile } from '../formats/index.js'
import { resolveSource } from '../sources/index.js'
import type { IngestTask } from '../types.js'

export interface PlannedFile {
  /** Number of its domain. */
  readonly domain: number
  readonly file: SourceFile
}

/** What an ingestion will read, in the order in which it reads. */
export interface IngestPlan {
  readonly files: readonly PlannedFile[]
  /** Bytes of all files. */
  readonly bytes: number
  /** SHA-256 (hex) over all that decides what comes out: settings, names, files with their sizes and times of change. */
  readonly hash: string
}

/** @throws MixwrightError `source-forbidden`, `source-unreadable` */
export async function planIngestion(task: IngestTask): Promise<IngestPlan> {
  const files: PlannedFile[] = []
  for (const [domain, { sources }] of task.domains.entries()) {
    for (const source of sources) {
      const resolved = await resolveSource(source, task.allowedFolders)
      files.push(...resolved.map((file) => ({ domain, file })))
    }
  }
  const decisive = [task.settings, task.domains.map(({ name }) => name), files]
  return {
    files,
    bytes: files.reduce((sum, { file }) => sum + file.bytes, 0),
    hash: createHash('sha256').update(JSON.stringify(decisive)).digest('hex'),
  }
}
