import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newDataFolder } from '../support/data-folder.js'
import { newImport, newStudy } from '../support/records.js'

/**
 * Imports 100,000 rows of 10 domains and 6 metrics, reads them back and deletes them, in a process of its own, so that
 * nothing else is measured. Prints for each, in milliseconds between two turns of the event loop: the longest that the
 * main thread computed (Linux tells its processor time, which a busy machine does not lengthen; elsewhere the clock
 * serves), and the 99th percentile by the clock, which waiting for something else would lengthen.
 */
const IMPORTER = `
  import { readFileSync } from 'node:fs'
  import { monitorEventLoopDelay } from 'node:perf_hooks'
  const [module, dataFolder, study, record] = process.argv.slice(1)
  const { openStore } = await import(module)
  const store = await openStore({ dataFolder })
  const CHUNKS = 100, ROWS = 1000
  const chunkText = (chunk) => JSON.stringify(Array.from({ length: ROWS }, (_, index) => {
    const at = chunk * ROWS + index
    const fraction = (k) => ((at * 7919 + k * 104729) % 1000003) / 1000003
    return {
      runId: 'run-' + at,
      weights: Array.from({ length: 10 }, (_, k) => fraction(k)),
      values: Object.fromEntries(Array.from({ length: 6 }, (_, k) => ['metric/the_pile_' + k, 5 * fraction(k)])),
      tokens: 1e9
    }
  }))
  // Making the text is the work of another thread in the service; here it is done before the clock starts.
  const chunks = Array.from({ length: CHUNKS }, (_, chunk) => chunkText(chunk))
  await store.studies.insert(JSON.parse(study))
  await store.imports.begin(JSON.parse(record))
  const { id, studyId } = JSON.parse(record)
  function computed () {
    try {
      return Number(readFileSync('/proc/' + process.pid + '/task/' + process.pid + '/schedstat', 'latin1').split(' ')[0]) / 1e6
    } catch {
      return performance.now()
    }
  }
  async function measure (work) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const histogram = monitorEventLoopDelay({ resolution: 1 })
    let longest = 0
    let last = computed()
    const turns = setInterval(() => {
      const now = computed()
      longest = Math.max(longest, now - last)
      last = now
    }, 1)
    histogram.enable()
    await work()
    histogram.disable()
    clearInterval(turns)
    return { longest, percentile99: histogram.percentile(99) / 1e6 }
  }
  let rows = 0
  const results = {
    write: await measure(async () => {
      for (const chunk of chunks) await store.imports.appendRows(id, chunk)
      await store.imports.complete(id, { rowCount: CHUNKS * ROWS, warnings: [] })
    }),
    read: await measure(async () => {
      for await (const page of store.imports.readRows([id])) rows += page.split('"runId"').length - 1
    }),
    delete: await measure(() => store.studies.delete(studyId)),
    rows
  }
  await store.close()
  process.stdout.write(JSON.stringify(results))`

let dataFolder: string
beforeAll(async () => {
  dataFolder = await newDataFolder()
})
afterAll(() => rm(dataFolder, { recursive: true }))

test('importing, reading and deleting 100,000 rows never blocks the event loop for 50 ms', async () => {
  const module = new URL('../../../dist/store/index.js', import.meta.url).href
  const study = newStudy()
  const record = newImport(study)
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    IMPORTER,
    module,
    dataFolder,
    JSON.stringify(study),
    JSON.stringify(record),
  ])
  const results = JSON.parse(stdout)
  expect(results.rows).toBe(100_000)
  for (const phase of [results.write, results.read, results.delete]) {
    expect(phase.longest).toBeGreaterThan(0)
    expect(phase.longest).toBeLessThan(50)
    expect(phase.percentile99).toBeLessThan(50)
  }
}, 120_000)
