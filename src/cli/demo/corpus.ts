import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ProgressListener } from '../../optimizers/types.js'
import type { ApiClient, Ingestion } from '../client/index.js'
import { CORPUS_SETTINGS } from './study.js'
import { TEXT_DOMAINS, type TextDomain } from './text-domains.js'

/** Creates the demo's corpus, uploads its domains as JSON lines and waits until it is ingested. */
export async function ingestDemoCorpus(
  api: ApiClient,
  folder: string,
  onProgress: ProgressListener,
): Promise<Ingestion> {
  const { id } = await api.createCorpus({
    name: 'text of installed packages',
    domains: TEXT_DOMAINS.map(({ name, licence, source }) => ({ name, licence, source })),
    settings: CORPUS_SETTINGS,
  })
  for (const domain of TEXT_DOMAINS) {
    const file = path.join(folder, `${domain.name}.jsonl`)
    await pipeline(Readable.from(jsonLines(domain)), createWriteStream(file))
    await api.addFile(id, file, { fields: { domain: domain.name } })
    await rm(file)
  }
  const job = await api.ingest(id)
  await api.follow(job, onProgress)
  return api.ingestion(id, job.subjectId)
}

function* jsonLines({ documents }: TextDomain): Generator<string> {
  for (const text of documents()) yield `${JSON.stringify({ text })}\n`
}
