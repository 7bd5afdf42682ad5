import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ParsedTable } from '../../src/formats/importers/table.js'
import { createDataFolder } from '../../src/store/data-folder.js'
import { type OpenStore, openStore } from '../../src/store/index.js'
import { type Compute, createServices, type Services } from '../../src/studies/index.js'
import { deferred } from '../workers/queue-conformance.js'

const PROBLEM = { domains: [{ name: 'web' }, { name: 'code' }], metrics: [{ name: 'loss' }] }
const UPLOAD = { format: 'json' as const, body: new Uint8Array() }

const rows = (count: number, prefix: string) =>
  JSON.stringify(
    Array.from({ length: count }, (_, i) => ({
      runId: `${prefix}-${i}`,
      weights: [i / count, 1 - i / count],
      values: { loss: 2 + i / 10 },
    })),
  )

/** Three rows, and two more when `finish` is resolved: an import that stops in the middle for as long as a test wants. */
function slowImport() {
  const begun = deferred<void>()
  const finish = deferred<void>()
  const table: ParsedTable = {
    options: { role: 'train', holdout: '', dryRun: false },
    fidelity: 'default',
    rowCount: 5,
    problems: [],
    problemCount: 0,
    warnings: [],
    preview: [],
    contentHash: 'a'.repeat(64),
  }
  const parseTable: Compute['parseTable'] = async (_task, onStart, onChunk) => {
    await onStart(table)
    await onChunk(rows(3, 'early'))
    begun.resolve()
    await finish.promise
    await onChunk(rows(2, 'late'))
    return table
  }
  return { parseTable, begun: begun.promise, finish: () => finish.resolve() }
}

let folder: string
let store: OpenStore
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mixwright-test-'))
  store = await openStore({ dataFolder: folder })
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

function servicesWith(parseTable: Compute['parseTable']): Services {
  const unused = () => Promise.reject(new Error('this computation is not part of the test'))
  const compute: Compute = {
    parseTable,
    recommend: unused,
    predict: unused,
    train: unused,
    ingest: unused,
    surveyRuns: unused,
    backtest: unused,
    suggest: unused,
  }
  const dataFolder = createDataFolder(folder)
  return createServices({ store, compute, doorbell: { ring: async () => {} }, dataFolder })
}

test('an import under way is neither listed nor fitted', async () => {
  const slow = slowImport()
  const services = servicesWith(slow.parseTable)
  const study = await services.studies.create({ name: 'test', problem: PROBLEM })
  const importing = services.imports.importRuns(study.id, UPLOAD)
  await slow.begun

  expect(await services.imports.list(study.id, { limit: 10 })).toEqual({
    items: [],
    hasMore: false,
  })
  await expect(services.fits.request(study.id, {})).rejects.toMatchObject({ code: 'too-few-runs' })
  const { fit } = await services.fits.request(study.id, { method: 'baselines' })
  expect(fit.importIds).toEqual([])

  slow.finish()
  const { import: complete } = await importing
  expect(await services.imports.list(study.id, { limit: 10 })).toEqual({
    items: [complete],
    hasMore: false,
  })
  const later = await services.fits.request(study.id, {})
  expect(later.fit.importIds).toEqual([complete?.id])
  expect(later.fit.dataHash).not.toBe(fit.dataHash)
})

/** One row, in a table that says how it was evaluated. */
function evaluatedImport(runId: string, nShot: number): Compute['parseTable'] {
  const row = { runId, weights: [1, 0], values: { loss: 2 } }
  return async (_task, onStart, onChunk) => {
    const table: ParsedTable = {
      options: { role: 'train', holdout: '', dryRun: false },
      fidelity: 'default',
      rowCount: 1,
      problems: [],
      problemCount: 0,
      warnings: [],
      preview: [],
      evaluations: { arc: { nShot } },
      contentHash: 'b'.repeat(64),
    }
    await onStart(table)
    await onChunk(JSON.stringify([row]))
    return table
  }
}

test('of two imports at a time that were evaluated in different ways, one is refused', async () => {
  const study = await servicesWith(evaluatedImport('', 0)).studies.create({
    name: 'test',
    problem: PROBLEM,
  })
  const ways = Array.from({ length: 6 }, (_, i) =>
    servicesWith(evaluatedImport(`run-${i}`, i % 2)).imports.importRuns(study.id, UPLOAD),
  )
  const ended = await Promise.allSettled(ways)
  const refused = ended.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  expect(refused.map(({ reason }) => reason.code)).toEqual(
    Array(3).fill('evaluations-incompatible'),
  )
  const { imports } = servicesWith(evaluatedImport('', 0))
  const { items: stored } = await imports.list(study.id, { limit: 10 })
  expect(stored).toHaveLength(3)
  expect(new Set(stored.map(({ evaluations }) => JSON.stringify(evaluations))).size).toBe(1)
})

test('an import that is sent again is made once, also when the first try died in the middle', async () => {
  const services = servicesWith(evaluatedImport('run-1', 0))
  const study = await services.studies.create({ name: 'test', problem: PROBLEM })
  const id = uuid()
  await store.imports.begin({
    id,
    studyId: study.id,
    role: 'train',
    holdout: '',
    fidelity: 'default',
    format: 'json',
    warnings: [],
    evaluations: null,
    contentHash: 'c'.repeat(64),
  })
  await store.imports.appendRows(id, rows(1, 'run'))
  const first = await services.imports.importRuns(study.id, UPLOAD, undefined, id)
  const again = await services.imports.importRuns(study.id, UPLOAD, undefined, id)
  expect(first.import).toMatchObject({ id, rowCount: 1, contentHash: 'b'.repeat(64) })
  expect(again.import).toEqual(first.import)
  expect(await services.imports.list(study.id, { limit: 10 })).toEqual({
    items: [first.import],
    hasMore: false,
  })
})

test('an import into a study that is deleted meanwhile finds no study', async () => {
  const slow = slowImport()
  const services = servicesWith(slow.parseTable)
  const study = await services.studies.create({ name: 'test', problem: PROBLEM })
  const importing = services.imports.importRuns(study.id, UPLOAD)
  await slow.begun
  await services.studies.delete(study.id)
  slow.finish()
  await expect(importing).rejects.toMatchObject({ code: 'study-not-found' })
})
