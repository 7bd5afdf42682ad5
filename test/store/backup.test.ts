import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEFAULT_TRIAL_POLICY } from '../../src/optimizers/trial-policy.js'
import { type Upgrade, upgradeRow } from '../../src/store/backup/format.js'
import { DUMP_TABLES } from '../../src/store/backup/tables.js'
import { type OpenStore, openStore, restoreBackup, writeBackup } from '../../src/store/index.js'
import { backupRoundTrip, dumpOf, fillStore } from './conformance/backup.js'
import { newDataFolder } from './support/data-folder.js'
import { complete, news, reported, suggestOne } from './support/external-trials.js'
import { firstVersionDump } from './support/first-version-dump.js'
import { completeTrial, startSearch } from './support/proxies.js'
import { newId, newStudy, readAll } from './support/records.js'
import { secondVersionDump } from './support/second-version-dump.js'

const folders: string[] = []
async function openEmpty(): Promise<OpenStore> {
  const dataFolder = await newDataFolder()
  folders.push(dataFolder)
  return openStore({ dataFolder })
}
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

backupRoundTrip('embedded to embedded', openEmpty, openEmpty)

describe('a dump', () => {
  let empty: OpenStore
  let dump: Buffer
  let lines: string[]

  beforeAll(async () => {
    const full = await openEmpty()
    await fillStore(full)
    dump = await dumpOf(full)
    lines = gunzipSync(dump).toString().split('\n').slice(0, -1)
    await full.close()
    empty = await openEmpty()
  })
  afterAll(() => empty?.close())

  const restore = (bytes: Buffer, pieces = 1_000) =>
    restoreBackup(
      empty,
      Readable.from(
        Array.from({ length: Math.ceil(bytes.length / pieces) }, (_, index) =>
          bytes.subarray(index * pieces, (index + 1) * pieces),
        ),
      ),
    )
  const pack = (changed: string[]) => gzipSync(changed.map((line) => `${line}\n`).join(''))
  async function expectRefusal(bytes: Buffer, message: RegExp): Promise<void> {
    await expect(restore(bytes)).rejects.toMatchObject({
      name: 'BackupInvalidError',
      message: expect.stringMatching(message),
    })
    expect(await empty.studies.list({ limit: 1 })).toEqual([])
    expect(await empty.jobs.list({ limit: 1 })).toEqual([])
  }

  test('says what it is and closes with counts and a check sum', () => {
    expect(JSON.parse(lines[0])).toMatchObject({ format: 'mixwright-backup', version: 3 })
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({
      end: true,
      rows: {
        api_keys: 1,
        studies: 5,
        imports: 2,
        trials: 1512,
        attempts: 8,
        leases: 7,
        measurements: 1506,
        jobs: 14,
        fits: 3,
        backtests: 2,
        backtest_runs: 3,
        corpora: 3,
        corpus_sources: 2,
        ingestions: 3,
        searches: 2,
        study_events: 13,
      },
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  test('holds every column of every table', async () => {
    const { rows } = await empty.pool.query(
      `select table_name as name, array_agg(column_name::text order by column_name::text) as columns
       from information_schema.columns
       where table_schema = 'mixwright' and table_name not like 'kysely%'
         and table_name <> 'idempotency_keys'
       group by table_name order by table_name`,
    )
    const dumped = DUMP_TABLES.map(({ name, columns }) => ({ name, columns: [...columns].sort() }))
    expect(dumped.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(rows)
  })

  test('cut short anywhere is refused, and nothing of it stored', async () => {
    for (const share of [0.02, 0.5, 0.9]) {
      await expectRefusal(dump.subarray(0, dump.length * share), /cannot be unpacked/)
      await expectRefusal(pack(lines.slice(0, lines.length * share)), /cut short/)
    }
    await expectRefusal(pack(lines.slice(0, -1)), /cut short/)
    await expectRefusal(dump.subarray(0, dump.length - 4), /cannot be unpacked/)
  })

  test('altered anywhere is refused, and nothing of it stored', async () => {
    const without = lines.filter((_, index) => index !== lines.length - 10)
    await expectRefusal(pack(without), /damaged/)
    const changed = lines.map((line) => line.replace('run-77"', 'run-77x"'))
    expect(changed).not.toEqual(lines)
    await expectRefusal(pack(changed), /damaged/)
    const flipped = Buffer.from(dump)
    flipped[dump.length >> 1] ^= 0x10
    await expect(restore(flipped)).rejects.toThrow(/Nothing was restored|damaged/)
    const dangling = lines.filter((line) => !line.startsWith('["imports"'))
    await expectRefusal(pack(dangling), /Rows of trials do not fit/)
  })

  test('of a newer version is refused with the way out', async () => {
    const header = JSON.stringify({ ...JSON.parse(lines[0]), version: 4 })
    await expectRefusal(pack([header, ...lines.slice(1)]), /version 4.*reads up to 3/)
  })

  test('is not taken from something else', async () => {
    await expectRefusal(gzipSync('{"a":1}\n'), /not a dump of Mixwright/)
    await expectRefusal(Buffer.from('plain text'), /cannot be unpacked/)
    await expectRefusal(Buffer.alloc(0), /cut short|cannot be unpacked/)
    await expectRefusal(
      pack([lines[0], '["secrets",{"id":1}]', ...lines.slice(1)]),
      /unknown table, secrets/,
    )
  })

  test('is read in pieces of any size', async () => {
    const other = await openEmpty()
    const bytes = [...dump].map((byte) => Buffer.from([byte]))
    await restoreBackup(other, Readable.from(bytes))
    expect(await dumpedLines(other)).toEqual(lines.slice(1, -1))
    await other.close()
  })

  test('is only restored into an empty store', async () => {
    const other = await openEmpty()
    const { id } = await other.studies.insert(newStudy())
    await expect(restoreBackup(other, Readable.from([dump]))).rejects.toMatchObject({
      name: 'StoreNotEmptyError',
    })
    expect((await other.studies.list({ limit: 9 })).map((study) => study.id)).toEqual([id])
    await other.close()
  })

  test('whose file cannot be written fails, and the store goes on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mixwright-test-'))
    const file = createWriteStream(join(folder, 'no', 'such', 'folder'))
    await expect(writeBackup(empty, file)).rejects.toMatchObject({ code: 'ENOENT' })
    const broken = new Writable({
      write: (_chunk, _encoding, done) => done(new Error('disk full')),
    })
    await expect(writeBackup(empty, broken)).rejects.toThrow('disk full')
    await empty.ping()
    const path = join(folder, 'dump')
    await writeBackup(empty, createWriteStream(path))
    expect(await restoreBackup(empty, Readable.from([await readFile(path)]))).toMatchObject({
      studies: 0,
    })
    await rm(folder, { recursive: true })
  })
})

/** The rows of a new dump: all lines but header and trailer. */
async function dumpedLines(store: OpenStore): Promise<string[]> {
  const text = gunzipSync(await dumpOf(store)).toString()
  return text.split('\n').slice(1, -2)
}

test('a dump of the first version is restored as if this one had written it', async () => {
  const ids = { study: newId(), import: newId(), fit: newId(), job: newId() }
  const store = await openEmpty()
  await restoreBackup(store, Readable.from([firstVersionDump(ids)]))
  const study = (await store.studies.get(ids.study))!
  expect(study).toMatchObject({ seed: -9007199254740991, corpusId: null, ingestionId: null })
  expect(JSON.stringify(study.params)).toBe('{"b":0.1,"a":5e-324}')
  expect(await readAll(store, [ids.import])).toEqual([
    {
      runId: 'run-1',
      weights: [0.1, 0.9],
      values: { z: 1, a: 0.3 },
      tokens: null,
      importId: ids.import,
    },
  ])
  expect(await store.fits.latestFinished(ids.study)).toMatchObject({ id: ids.fit, trialIds: [] })
  expect(await store.jobs.get(ids.job)).toMatchObject({ state: 'succeeded' })
  const { trials } = await startSearch(store, study, 1)
  await completeTrial(store, trials[0])
  expect(await dumpedLines(store)).toHaveLength(14)
  await store.close()
})

test('a dump of the second version is restored as if this one had written it', async () => {
  const ids = {
    study: newId(),
    import: newId(),
    run: newId(),
    search: newId(),
    trial: newId(),
    job: newId(),
    attempt: newId(),
  }
  const store = await openEmpty()
  await restoreBackup(store, Readable.from([secondVersionDump(ids)]))
  const study = (await store.studies.get(ids.study))!
  expect(study).toMatchObject({ trialPolicy: DEFAULT_TRIAL_POLICY, externalTrials: 0 })
  expect(await store.imports.get(ids.import)).toMatchObject({ evaluations: null })
  const runs = await readAll(store, [ids.import])
  expect(runs).toMatchObject([{ runId: 'run-1', values: { z: 1, a: 0.3 }, tokens: 1000 }])
  expect(await store.trials.list({ studyId: ids.study, limit: 9 })).toMatchObject([
    {
      id: ids.trial,
      evaluator: 'proxy',
      searchId: ids.search,
      replicateOf: null,
      stopRequestedAt: null,
      endReason: null,
    },
  ])
  expect(await store.trials.attempts(ids.trial)).toMatchObject([
    { id: ids.attempt, replicateId: null },
  ])
  expect(await store.trials.measurements(ids.trial)).toMatchObject([{ tokens: 1000 }])
  const asLeft = { expired: [], nextDueInMs: undefined }
  expect(await store.externalTrials.expireDue(news('expired'))).toEqual(asLeft)

  const { trials } = await startSearch(store, study, 1)
  await completeTrial(store, trials[0])
  const leased = await suggestOne(store, study)
  expect(await complete(store, leased, { last: reported(5) })).toMatchObject({
    outcome: 'completed',
  })
  await store.close()
})

describe('rows of older dumps', () => {
  test('pass through every upgrade from their version on', () => {
    const rename: Upgrade = ([table, row]) => [[table === 'old' ? 'new' : table, row]]
    const split: Upgrade = ([table, row]) =>
      table === 'new'
        ? [
            [table, { ...row, half: 1 }],
            ['extra', { half: 2 }],
          ]
        : []
    expect(upgradeRow(['old', { a: 1 }], 1, [rename, split])).toEqual([
      ['new', { a: 1, half: 1 }],
      ['extra', { half: 2 }],
    ])
    expect(upgradeRow(['old', { a: 1 }], 2, [rename, split])).toEqual([])
    expect(upgradeRow(['old', { a: 1 }], 3, [rename, split])).toEqual([['old', { a: 1 }]])
  })
})
