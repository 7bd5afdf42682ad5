import { mkdirSync } from 'node:fs'
import { MixwrightError } from '../../errors.js'
import { CorpusFiles } from '../corpus-files.js'
import { findManifest } from '../reading/read-manifest.js'
import type { CorpusManifest, IngestProgress, IngestTask } from '../types.js'
import { Budget } from './disk.js'
import type { Ingestion } from './ingestion.js'
import { Pacer } from './pacer.js'
import { planIngestion } from './plan.js'
import { prepareTokenizer } from './prepare-tokenizer.js'
import { readSources } from './read-sources.js'
import { loadState, newState, saveState, trimTo } from './state.js'
import { tokenizeSpools } from './tokenize.js'
import { writeManifest } from './write-manifest.js'

export interface IngestOptions {
  signal?: AbortSignal
  /** Called at most some ten times a second. */
  onProgress?: (progress: IngestProgress) => void
}

/**
 * Makes a corpus in `task.folder`: reads the sources, drops exact duplicates, splits, makes the tokenizer, and writes token
 * shards and a manifest. It computes in long stretches and writes synchronously, so it belongs in a worker thread.
 *
 * A folder whose corpus is whole is left as it is. One that an interrupted ingestion of the same task left goes on from
 * where it was last saved (at least every 64 MB and every 2 s), with the same bytes as the result; when settings or
 * sources have changed since, it begins anew. After an error the folder can be gone on with, or removed.
 * @throws MixwrightError `source-forbidden`, `source-unreadable`, `document-invalid`, `validation-failed` (tokenizer),
 *   `disk-full`, `quota-exceeded`; the signal's reason within some 100 ms, or when the tokenizer's training ends
 */
export async function ingestCorpus(
  task: IngestTask,
  { signal, onProgress }: IngestOptions = {},
): Promise<CorpusManifest> {
  signal?.throwIfAborted()
  makeFolder(task.folder)
  const files = new CorpusFiles(task.folder)
  const whole = await findManifest(task.folder)
  if (whole) {
    files.removePassing()
    return whole
  }
  const ingestion = await begin(task, files, new Pacer(signal, onProgress), signal)
  await readSources(ingestion)
  const tokenizer = await prepareTokenizer(ingestion)
  await tokenizeSpools(ingestion, tokenizer)
  const manifest = writeManifest(ingestion, tokenizer)
  files.removePassing()
  return manifest
}

async function begin(
  task: IngestTask,
  files: CorpusFiles,
  pacer: Pacer,
  signal: AbortSignal | undefined,
): Promise<Ingestion> {
  const plan = await planIngestion(task)
  let state = loadState(files, plan.hash)
  if (state) {
    trimTo(files, state)
  } else {
    files.removeAll()
    state = newState(plan.hash, task.domains.length)
    saveState(files, state)
  }
  return {
    settings: task.settings,
    domainNames: task.domains.map(({ name }) => name),
    files,
    plan,
    state,
    budget: new Budget(task.maxBytes, files.size()),
    pacer,
    signal,
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    throw new MixwrightError('disk-full', `${folder} cannot be made: there is no room left`)
  }
}
