import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { IngestTask } from '../../src/corpora/types.js'
import { MixwrightError } from '../../src/errors.js'
import type { Compute } from '../../src/studies/ports.js'
import type { JobQueue } from '../../src/workers/index.js'
import { manifest } from '../store/support/proxies.js'
import { deferred } from './queue-conformance.js'
import { idle, untilAborted, waitFor, waitForState } from './study-fixtures.js'
import type { WorkHarness } from './work-harness.js'

/** How ingestions are worked off, whatever carries their jobs. */
export function ingestionsConformance(harness: WorkHarness): void {
  async function requested(queue: JobQueue) {
    const { corpora } = harness.services(queue)
    const domains = [{ name: 'web' }, { name: 'code' }]
    const { corpus } = await corpora.create({ name: 'texts', domains })
    const sources = []
    for (const { name: domain } of domains) {
      const about = { domain, name: `${domain}.jsonl` }
      const content = Readable.from([Buffer.from('{"text":"hello"}\n')])
      sources.push(await corpora.addUpload(corpus.id, about, content))
    }
    return { corpora, corpus, sources, ...(await corpora.ingest(corpus.id)) }
  }

  /** As an ingestion does that leaves something behind. */
  function leaveFiles({ folder }: IngestTask): void {
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, '0.train.spool'), 'text')
  }

  describe('ingestions', () => {
    test('an ingestion reads the sources of its request, and its manifest is stored with the end of the job', async () => {
      const queue = await harness.open()
      const { corpora, corpus, sources, ingestion, job } = await requested(queue)
      const later = { domain: 'web', name: 'later.jsonl' }
      await corpora.addUpload(corpus.id, later, Readable.from([Buffer.from('x')]))
      const tasks: IngestTask[] = []
      const end = deferred<void>()
      const ingest: Compute['ingest'] = async (task, { onProgress }) => {
        tasks.push(task)
        onProgress?.({ phase: 'tokenize', done: 5, total: 10, message: 'domain web' })
        await end.promise
        return manifest
      }
      await harness.startWith(queue, { ingest }, { allowedFolders: ['/srv/texts'] })
      const { progress } = await waitFor(harness.store, job.id, (read) => read.progress !== null)
      expect(progress).toEqual({ done: 2500, total: 3000, message: 'tokenizing: domain web' })
      end.resolve()
      await waitForState(harness.store, job.id, 'succeeded')
      const spec = ({ id, name }: (typeof sources)[0]) => ({
        id,
        kind: 'upload',
        path: harness.dataFolder.uploadFile(corpus.id, id),
        name,
        format: 'auto',
        textField: 'text',
      })
      expect(tasks).toEqual([
        {
          folder: harness.dataFolder.ingestionFolder(corpus.id, ingestion.id),
          settings: corpus.settings,
          domains: [
            { name: 'web', sources: [spec(sources[0])] },
            { name: 'code', sources: [spec(sources[1])] },
          ],
          allowedFolders: ['/srv/texts'],
          maxBytes: Number.POSITIVE_INFINITY,
        },
      ])
      const view = await corpora.get(corpus.id)
      expect(view).toMatchObject({ corpus: { ingestionId: ingestion.id }, ingestion: { manifest } })
    })

    test('a refusal ends the job with its problem document, and leaves no files', async () => {
      const queue = await harness.open()
      const { corpus, ingestion, job } = await requested(queue)
      const ingest: Compute['ingest'] = async (task) => {
        leaveFiles(task)
        throw new MixwrightError('document-invalid', 'web.jsonl, line 3: not UTF-8.')
      }
      await harness.startWith(queue, { ingest })
      const { problem } = await waitForState(harness.store, job.id, 'failed')
      expect(problem).toMatchObject({ code: 'document-invalid', status: 422 })
      await idle(queue)
      expect(existsSync(harness.dataFolder.ingestionFolder(corpus.id, ingestion.id))).toBe(false)
    })

    test('an interrupted ingestion is gone on with in the same folder', async () => {
      const queue = await harness.open()
      const { job } = await requested(queue)
      const begun = deferred<void>()
      const folders: string[] = []
      const first = await harness.startWith(queue, {
        ingest: (task, { signal }) => {
          leaveFiles(task)
          folders.push(task.folder)
          begun.resolve()
          return untilAborted(signal)
        },
      })
      await begun.promise
      await first.close(0)
      await queue.close()
      const again = await harness.open()
      await harness.startWith(again, {
        ingest: async ({ folder }) => {
          folders.push(folder)
          expect(existsSync(path.join(folder, '0.train.spool'))).toBe(true)
          return manifest
        },
      })
      await waitForState(harness.store, job.id, 'succeeded')
      expect(folders[1]).toBe(folders[0])
    })

    test('a cancellation stops a running ingestion, and leaves no files', async () => {
      const queue = await harness.open()
      const { corpus, ingestion, job } = await requested(queue)
      const begun = deferred<void>()
      await harness.startWith(queue, {
        ingest: (task, { signal }) => {
          leaveFiles(task)
          begun.resolve()
          return untilAborted(signal)
        },
      })
      await begun.promise
      await harness.services(queue).jobs.cancel(job.id)
      await waitForState(harness.store, job.id, 'cancelled')
      await idle(queue)
      expect(existsSync(harness.dataFolder.ingestionFolder(corpus.id, ingestion.id))).toBe(false)
      expect((await harness.store.corpora.get(corpus.id))?.ingestionId).toBeNull()
    })
  })
}
