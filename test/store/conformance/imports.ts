import { describe, expect, test } from 'vitest'
import { DuplicateRunError, type OpenStore } from '../../../src/store/index.js'
import type { ImportRecord } from '../../../src/store/records.js'
import {
  importRows,
  newId,
  newImport,
  newStudy,
  readAll,
  runRow,
  runRows,
} from '../support/records.js'

export function importConformance(store: () => OpenStore): void {
  const anyStudy = () => store().studies.insert(newStudy())

  describe('imports', () => {
    test('come back as they were given once complete', async () => {
      const study = await anyStudy()
      const given = newImport(study, { role: 'holdout', holdout: 'later', warnings: [{ old: 1 }] })
      await store().imports.begin(given)
      expect(await store().imports.get(given.id)).toMatchObject({
        ...given,
        state: 'staging',
        rowCount: 0,
        completedAt: null,
      })
      await store().imports.appendRows(given.id, JSON.stringify(runRows(2)))
      const warnings = [{ code: 'weights-renormalised', message: 'two', rows: 2 }]
      const complete = await store().imports.complete(given.id, { rowCount: 2, warnings })
      expect(complete).toMatchObject({ ...given, state: 'complete', rowCount: 2, warnings })
      expect(complete.completedAt).toBeInstanceOf(Date)
      expect(await store().imports.list(study.id)).toEqual([complete])
    })

    test('that are complete come page by page, in the order of creation', async () => {
      const study = await anyStudy()
      const complete: ImportRecord[] = []
      for (let i = 0; i < 3; i++) {
        const import_ = await importRows(store(), study, runRows(1, i))
        complete.push(import_)
        await store().imports.begin(newImport(study))
      }
      const first = await store().imports.page(study.id, { limit: 2 })
      const second = await store().imports.page(study.id, { limit: 2, after: first[1].id })
      expect([first, second]).toEqual([complete.slice(0, 2), complete.slice(2)])
      expect(await store().imports.page('study-1', { limit: 2 })).toEqual([])
    })

    test('give their rows back exactly, in the order of insertion', async () => {
      const study = await anyStudy()
      const rows = [
        ...runRows(120).reverse(),
        runRow(500, { weights: [0.1 + 0.2, 1e-300], values: { z: 5e-324, a: -0.1 } }),
        { runId: 'ü "quoted"\n, 100 %', weights: [1, 0], values: { y: 1e22 } },
      ]
      const { id } = await importRows(store(), study, rows)
      const expected = rows.map((row) => ({ tokens: null, ...row, importId: id }))
      expect(await readAll(store(), [id], 50)).toEqual(expected)
      expect(await readAll(store(), [id])).toEqual(expected)
      const [first] = await readAll(store(), [id], 1)
      expect(Object.keys(first.values)).toEqual(Object.keys(rows[0].values))
    })

    test('keep the standard errors of the runs that have them', async () => {
      const rows = [runRow(0, { standardErrors: { 'metric/zebra': 1e-300 } }), runRow(1)]
      const { id } = await importRows(store(), await anyStudy(), rows)
      const read = await readAll(store(), [id])
      expect(read).toEqual(rows.map((row) => ({ ...row, importId: id })))
      expect(Object.keys(read[1])).not.toContain('standardErrors')
    })

    test('are accepted by those that were completed before, one after another', async () => {
      const study = await anyStudy()
      const evaluations = { arc: { version: 1 } }
      const open = async (change: Partial<ImportRecord> = {}) => {
        const record = newImport(study, change)
        await store().imports.begin(record)
        return record.id
      }
      const summary = { rowCount: 0, warnings: [], evaluations }
      const first = await store().imports.complete(await open(), summary, (earlier) => {
        expect(earlier).toEqual([])
      })
      expect(first.evaluations).toEqual(evaluations)
      await store().imports.complete(await open({ fidelity: 'large' }), summary)
      await importRows(store(), study, runRows(1))
      await importRows(store(), await anyStudy(), runRows(1))
      const refused = await open()
      const refuse = (earlier: readonly ImportRecord[]) => {
        throw new Error(`refused beside ${earlier.map(({ id }) => id).join()}`)
      }
      await expect(store().imports.complete(refused, summary, refuse)).rejects.toThrow(
        `refused beside ${first.id}`,
      )
      expect((await store().imports.get(refused))?.state).toBe('staging')
      const seen: number[] = []
      const both = [await open(), await open()].map((id) =>
        store().imports.complete(id, summary, ({ length }) => void seen.push(length)),
      )
      await Promise.all(both)
      expect(seen.sort()).toEqual([1, 2])
    })

    test('are read page by page', async () => {
      const { id } = await importRows(store(), await anyStudy(), runRows(10))
      const sizes: number[] = []
      for await (const page of store().imports.readRows([id], 4))
        sizes.push(JSON.parse(page).length)
      expect(sizes).toEqual([4, 4, 2])
    })

    test('are read together, each row naming its import', async () => {
      const study = await anyStudy()
      const a = await importRows(store(), study, runRows(2))
      const b = await importRows(store(), study, runRows(2, 10))
      const other = await importRows(store(), study, runRows(2, 20))
      const rows = await readAll(store(), [b.id, a.id])
      expect(rows.map(({ runId, importId }) => [runId, importId])).toEqual([
        ['run-0', a.id],
        ['run-1', a.id],
        ['run-10', b.id],
        ['run-11', b.id],
      ])
      expect(await readAll(store(), [])).toEqual([])
      expect(await readAll(store(), [other.id])).toHaveLength(2)
    })

    test('are invisible to readers while they are staging', async () => {
      const study = await anyStudy()
      const record = newImport(study)
      await store().imports.begin(record)
      await store().imports.appendRows(record.id, JSON.stringify(runRows(3)))
      expect(await readAll(store(), [record.id])).toEqual([])
      await store().imports.complete(record.id, { rowCount: 3, warnings: [] })
      expect(await readAll(store(), [record.id])).toHaveLength(3)
    })

    test('are gone with their rows when discarded, and their run ids free again', async () => {
      const study = await anyStudy()
      const record = newImport(study)
      await store().imports.begin(record)
      await store().imports.appendRows(record.id, JSON.stringify(runRows(3)))
      await store().imports.discard(record.id)
      expect(await store().imports.get(record.id)).toBeUndefined()
      const again = await importRows(store(), study, runRows(3))
      expect(await readAll(store(), [again.id])).toHaveLength(3)
    })

    test('cannot be discarded, completed or appended to once complete', async () => {
      const { id } = await importRows(store(), await anyStudy(), runRows(1))
      await store().imports.discard(id)
      expect((await store().imports.get(id))?.state).toBe('complete')
      await expect(store().imports.complete(id, { rowCount: 9, warnings: [] })).rejects.toThrow(id)
      const rows = JSON.stringify(runRows(1, 5))
      await expect(store().imports.appendRows(id, rows)).rejects.toThrow(/not open for rows/)
      expect(await readAll(store(), [id])).toHaveLength(1)
    })

    test('that were staging before a date are discarded by it', async () => {
      const study = await anyStudy()
      const staging = newImport(study)
      await store().imports.begin(staging)
      const { id: complete } = await importRows(store(), study, runRows(1))
      const { createdAt } = (await store().imports.get(staging.id))!
      await store().imports.discardStagingBefore(createdAt)
      expect(await store().imports.get(staging.id)).toBeDefined()
      const after = new Date(createdAt.getTime() + 1)
      expect(await store().imports.discardStagingBefore(after)).toBeGreaterThanOrEqual(1)
      expect(await store().imports.get(staging.id)).toBeUndefined()
      expect(await store().imports.get(complete)).toBeDefined()
    })

    test('that still get rows are not taken for left behind', async () => {
      const staging = newImport(await anyStudy())
      await store().imports.begin(staging)
      const { createdAt } = (await store().imports.get(staging.id))!
      const between = new Date(createdAt.getTime() + 1)
      await expect.poll(() => Date.now()).toBeGreaterThan(between.getTime())
      await store().imports.appendRows(staging.id, JSON.stringify(runRows(2)))
      await store().imports.discardStagingBefore(between)
      expect(await store().imports.get(staging.id)).toBeDefined()
      await store().imports.discardStagingBefore(new Date(Date.now() + 1_000))
      expect(await store().imports.get(staging.id)).toBeUndefined()
    })

    test('name run ids that are there already and store none of the chunk', async () => {
      const study = await anyStudy()
      await importRows(store(), study, runRows(30))
      const record = newImport(study)
      await store().imports.begin(record)
      await store().imports.appendRows(record.id, JSON.stringify([runRow(100)]))
      const refused = store().imports.appendRows(
        record.id,
        JSON.stringify([runRow(101), runRow(7), runRow(3)]),
      )
      await expect(refused).rejects.toThrow(DuplicateRunError)
      await expect(refused).rejects.toMatchObject({ runIds: ['run-3', 'run-7'] })
      const many = store().imports.appendRows(record.id, JSON.stringify(runRows(30)))
      await expect(many).rejects.toSatisfy((error: DuplicateRunError) => error.runIds.length === 20)
      await store().imports.complete(record.id, { rowCount: 1, warnings: [] })
      const rows = await readAll(store(), [record.id])
      expect(rows.map(({ runId }) => runId)).toEqual(['run-100'])
    })

    test('name run ids that occur twice in one chunk', async () => {
      const record = newImport(await anyStudy())
      await store().imports.begin(record)
      const rows = [runRow(1), runRow(2), runRow(1)]
      await expect(
        store().imports.appendRows(record.id, JSON.stringify(rows)),
      ).rejects.toMatchObject({ name: 'DuplicateRunError', runIds: ['run-1'] })
    })

    test('take the same run id in another study, role, hold-out and fidelity', async () => {
      const study = await anyStudy()
      const other = await anyStudy()
      const imports = [
        await importRows(store(), study, runRows(1)),
        await importRows(store(), other, runRows(1)),
        await importRows(store(), study, runRows(1), { role: 'holdout', holdout: 'a' }),
        await importRows(store(), study, runRows(1), { role: 'holdout', holdout: 'b' }),
        await importRows(store(), study, runRows(1), { fidelity: 'large' }),
      ]
      expect(imports.map(({ state }) => state)).toEqual(Array(5).fill('complete'))
    })

    test('of a study that is not there are refused', async () => {
      const study = await anyStudy()
      await store().studies.delete(study.id)
      await expect(store().imports.begin(newImport(study))).rejects.toMatchObject({ code: '23503' })
      await expect(store().imports.appendRows(newId(), JSON.stringify(runRows(1)))).rejects.toThrow(
        /not open for rows/,
      )
    })

    test('have measurements that cannot be changed', async () => {
      await importRows(store(), await anyStudy(), runRows(1))
      await expect(
        store().pool.query('update mixwright.measurements set tokens = 0'),
      ).rejects.toThrow(/append-only/)
    })
  })
}
