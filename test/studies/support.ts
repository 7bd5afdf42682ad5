import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { CorpusManifest } from '../../src/corpora/types.js'
import type { ProblemRequest } from '../../src/optimizers/problem.js'
import {
  createDataFolder,
  type DataFolder,
  type DataFolderOptions,
} from '../../src/store/data-folder.js'
import { type OpenStore, openStore } from '../../src/store/index.js'
import type { CorpusRecord, JobKind } from '../../src/store/records.js'
import { createServices, type ServiceDependencies, type Services } from '../../src/studies/index.js'
import type { Compute } from '../../src/studies/ports.js'
import { unwrapReply } from '../../src/workers/threads/replies.js'
import { run as suggest } from '../../src/workers/threads/suggest.js'
import { manifest, newCorpus, newIngestion } from '../store/support/proxies.js'

const unused = () => Promise.reject(new Error('this computation is not part of the test'))

/** Suggestions are computed as in a thread, but in this one. */
export const COMPUTE: Compute = {
  parseTable: unused,
  recommend: unused,
  predict: unused,
  train: unused,
  ingest: unused,
  surveyRuns: unused,
  backtest: unused,
  suggest: async (task) => unwrapReply(await suggest({ task })),
}

export interface ServicePlace {
  readonly folder: string
  readonly store: OpenStore
  readonly dataFolder: DataFolder
  /** What was rung for, in order. */
  readonly rung: [JobKind, string][]
  readonly services: Services
  /** The services with other settings, on the same store. */
  servicesWith(change: Partial<ServiceDependencies>): Services
  close(): Promise<void>
}

/** The services over an embedded store in a folder of its own; nobody works jobs off. */
export async function openServices(options: DataFolderOptions = {}): Promise<ServicePlace> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mixwright-services-'))
  const store = await openStore({ dataFolder: path.join(folder, 'data') })
  const dataFolder = createDataFolder(path.join(folder, 'data'), { usageMs: 0, ...options })
  const rung: [JobKind, string][] = []
  const doorbell = { ring: async (kind: JobKind, id: string) => void rung.push([kind, id]) }
  const servicesWith = (change: Partial<ServiceDependencies>) =>
    createServices({ store, compute: COMPUTE, doorbell, dataFolder, ...change })
  return {
    folder,
    store,
    dataFolder,
    rung,
    services: servicesWith({}),
    servicesWith,
    async close() {
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** Of the fidelity "proxy", with the shortest contexts, so that little text is enough. */
export const PROXY = {
  model: { width: 8, layers: 1, heads: 2, context: 8 },
  tokens: 640,
  batchSize: 4,
}

export const FIDELITY = { name: 'proxy', evaluator: 'proxy' as const, proxy: PROXY }

/** A corpus with an ingestion that made what the manifest says. */
export async function ingestedCorpus(
  store: OpenStore,
  made: CorpusManifest = manifest,
): Promise<CorpusRecord> {
  const corpus = await store.corpora.insert(newCorpus())
  const requested = await store.corpora.requestIngestion(newIngestion(corpus))
  if (!requested) throw new Error('the corpus is being ingested')
  await store.jobs.claim(requested.job.id, 'ingester', new Date(0))
  await store.corpora.finishIngestion(requested.ingestion.id, 'ingester', made)
  return (await store.corpora.get(corpus.id)) as CorpusRecord
}

/** A corpus with the domains web and code (300 training and 30 validation tokens each), and a problem on it. */
export async function corpusProblem(
  store: OpenStore,
  change: Partial<ProblemRequest> = {},
): Promise<ProblemRequest & { corpus: string }> {
  const corpus = await ingestedCorpus(store)
  return { corpus: corpus.id, fidelities: [FIDELITY], ...change }
}

/** The services for the tests of a file. */
export class FilePlace {
  #place: ServicePlace | undefined

  constructor() {
    beforeAll(async () => {
      this.#place = await openServices()
    })
    afterAll(() => this.#place?.close())
  }

  get place(): ServicePlace {
    if (!this.#place) throw new Error('the services are not open')
    return this.#place
  }

  get store() {
    return this.place.store
  }

  get services() {
    return this.place.services
  }
}
