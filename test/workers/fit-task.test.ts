import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import type { RunRow } from '../../src/formats/run-row.js'
import type { ProblemRequest } from '../../src/optimizers/problem.js'
import type { StudyRecord } from '../../src/store/records.js'
import type { FitRequest } from '../../src/studies/fits.js'
import type { RunPages } from '../../src/studies/ports.js'
import { loadFitTask } from '../../src/workers/processors/fit-task.js'
import { importRows, runRow } from '../store/support/records.js'
import { AdaptivePlace, drawMixtures, withMethod } from '../studies/adaptive-support.js'
import { type Held, PROBLEM } from '../studies/external-support.js'
import { refusal } from '../studies/search-support.js'

const at = new AdaptivePlace()

const suggest = (input: Parameters<typeof drawMixtures>[0] & { count: number }) =>
  drawMixtures(input, 'small', input.count)
const previous = Type.Array(
  Type.Object({ study: Type.String(), use: Type.String() }, { additionalProperties: false }),
  { default: [] },
)
const learned = withMethod({
  name: 'learned',
  paramsSchema: Type.Object({ previous }, { additionalProperties: false }),
  needsRuns: true,
  suggest,
})

const DOMAINS = ['web', 'code', 'books']

/** Runs of the study at a fidelity, each with weights of its own; named by `prefix`. */
const rowsOf = (prefix: string, count: number): RunRow[] =>
  Array.from({ length: count }, (_, i) => ({
    runId: `${prefix}${i}`,
    weights: [0.5, 0.5 - i / 100, i / 100],
    values: { val_loss: 3 + i, accuracy: 0.5 },
  }))

const importAt = (study: StudyRecord, fidelity: string, rows: RunRow[]) =>
  importRows(at.store, study, rows, { fidelity })

const completeOne = async (study: StudyRecord, fidelity: string): Promise<string> => {
  const [{ trial, lease }] = await at.ask(study, `at ${fidelity}`, { fidelity })
  const held: Held = { trial, client: `at ${fidelity}`, lease: lease.id }
  await at.complete(held, 2)
  return trial.id
}

const request = (study: StudyRecord, input: FitRequest = {}) =>
  at.services.fits.request(study.id, input)

const loaded = async (study: StudyRecord, input: FitRequest = {}) => {
  const { fit, job } = await request(study, input)
  const load = () => loadFitTask(at.store, job)
  const { task } = (await load())!
  return { fit, job, task: task!, load }
}

const idsOf = ({ pages }: RunPages) =>
  pages.flatMap((page) => (JSON.parse(page) as RunRow[]).map(({ runId }) => runId))
const tablesOf = (tables: RunPages[] = []) =>
  tables.map((table) => [table.fidelity, idsOf(table)] as const)

/** With runs at two fidelities, and completed trials at two. */
async function studyWithRuns(method: string) {
  const study = await at.studyOf(method)
  const tables = await importAt(study, 'tables', rowsOf('t', 4))
  const large = await importAt(study, 'large', rowsOf('l', 2))
  const trials = [await completeOne(study, 'small'), await completeOne(study, 'large')]
  return { study, tables, large, trials }
}

describe('a fit by a method that learns from several fidelities', () => {
  test('is made from the runs at all of them, those at its own apart', async () => {
    const { study, tables, large, trials } = await studyWithRuns(learned.name)
    const { fit, task } = await loaded(study)
    expect(fit).toMatchObject({ fidelity: 'tables', importIds: [tables.id, large.id] })
    expect(fit.trialIds.toSorted()).toEqual(trials.toSorted())
    expect(tablesOf([task.training])).toEqual([['tables', ['t0', 't1', 't2', 't3']]])
    expect(tablesOf(task.others)).toEqual([
      ['large', ['l0', 'l1', trials[1]]],
      ['small', [trials[0]]],
    ])
    const at300 = await loaded(study, { fidelity: 'large' })
    expect(tablesOf([at300.task.training])).toEqual([['large', ['l0', 'l1', trials[1]]]])
    expect(tablesOf(at300.task.others).map(([fidelity]) => fidelity)).toEqual(['small', 'tables'])
  })

  test('has a data hash over all of them, each at its fidelity', async () => {
    const hashOf = async (runs: Record<string, RunRow[]>, method = learned.name) => {
      const study = await at.studyOf(method)
      for (const [fidelity, rows] of Object.entries(runs)) {
        const contentHash = hashOfRows(rows)
        await importRows(at.store, study, rows, { fidelity, contentHash })
      }
      return (await request(study, { fidelity: 'tables' })).fit.dataHash
    }
    const own = { tables: rowsOf('t', 4) }
    const alone = await hashOf(own)
    const beside = await hashOf({ ...own, small: rowsOf('s', 2) })
    expect(await hashOf(own)).toBe(alone)
    expect(beside).not.toBe(alone)
    expect(await hashOf({ ...own, large: rowsOf('s', 2) })).not.toBe(beside)
    expect(await hashOf({ ...own, small: rowsOf('s', 3) })).not.toBe(beside)
    expect(await hashOf(own, 'mixing-laws')).toBe(alone)
    expect(await hashOf({ ...own, small: rowsOf('s', 2) }, 'mixing-laws')).toBe(alone)
  })

  test('counts the runs at all of them before it asks for more', async () => {
    const study = await at.studyOf(learned.name)
    await importAt(study, 'tables', rowsOf('t', 1))
    await importAt(study, 'small', rowsOf('s', 2))
    const refused = await refusal(request(study))
    expect(refused).toMatchObject({ code: 'too-few-runs' })
    expect(refused.message).toContain('3 training runs at all fidelities together')
    await importAt(study, 'large', [runRow(9, { weights: [1, 0, 0] })])
    const { task } = await loaded(study)
    expect(idsOf(task.training)).toEqual(['t0'])
    const empty = await loaded(study, { fidelity: 'tables' })
    expect(empty.task.others).toHaveLength(2)
  })

  test('is made from one alone by the other methods, which count that one', async () => {
    const { study, tables } = await studyWithRuns('mixing-laws')
    const { fit, task } = await loaded(study)
    expect(fit).toMatchObject({ importIds: [tables.id], trialIds: [] })
    expect(task.others).toEqual([])
    expect(await refusal(request(study, { fidelity: 'large' }))).toMatchObject({
      code: 'too-few-runs',
      message: expect.stringContaining('3 training runs at fidelity "large"'),
    })
  })
})

describe('a fit with the help of earlier studies', () => {
  /** Its domains are in another order. */
  const earlier = async (change: Partial<ProblemRequest> = {}) => {
    const domains = [PROBLEM.domains![2], PROBLEM.domains![0], PROBLEM.domains![1]]
    const study = await at.studyOf('mixing-laws', { domains, ...change })
    const imported = await importAt(study, 'tables', rowsOf('e', 2))
    const trial = await completeOne(study, 'small')
    return { study, imported, trial, order: domains.map(({ name }) => name) }
  }

  test('has their runs as fidelities of their own, or among those of its own', async () => {
    const own = await at.studyOf(learned.name)
    const table = await importAt(own, 'tables', rowsOf('t', 4))
    const one = await earlier()
    const two = await earlier()
    const params = {
      previous: [
        { study: one.study.id, use: 'fidelity' },
        { study: two.study.id, use: 'warm-start' },
      ],
    }
    const { fit, task } = await loaded(own, { params })
    expect(fit.params).toEqual(params)
    expect(fit.importIds).toEqual([table.id, one.imported.id, two.imported.id])
    expect(fit.trialIds).toEqual([one.trial, two.trial])
    expect(idsOf(task.training)).toEqual(['t0', 't1', 't2', 't3'])
    expect(tablesOf(task.others)).toEqual([
      [`previous:${one.study.id}:small`, [one.trial]],
      [`previous:${one.study.id}:tables`, ['e0', 'e1']],
      ['small', [two.trial]],
      ['tables', ['e0', 'e1']],
    ])
    for (const [i, { from }] of task.others!.entries()) {
      const study = i < 2 ? one.study.id : two.study.id
      expect(from).toEqual({ study, domains: ['books', 'web', 'code'] })
    }
    expect(one.order).not.toEqual(DOMAINS)
    const { fit: without } = await request(own)
    expect(fit.dataHash).not.toBe(without.dataHash)
  })

  test('keeps to the runs that there were when it was asked for', async () => {
    const own = await at.studyOf(learned.name)
    await importAt(own, 'tables', rowsOf('t', 4))
    const one = await earlier()
    const params = { previous: [{ study: one.study.id, use: 'fidelity' }] }
    const { task, load } = await loaded(own, { params })
    await importAt(one.study, 'large', rowsOf('late', 2))
    await importAt(own, 'large', rowsOf('late', 2))
    expect((await load())!.task).toEqual(task)
  })

  test('is refused when one of them was deleted meanwhile', async () => {
    const own = await at.studyOf(learned.name)
    await importAt(own, 'tables', rowsOf('t', 4))
    const { study } = await earlier()
    const params = { previous: [{ study: study.id, use: 'fidelity' }] }
    const { load } = await loaded(own, { params })
    await at.services.studies.delete(study.id)
    const { task, refusal: reason } = (await load())!
    expect(task).toBeUndefined()
    expect(reason).toMatchObject({
      code: 'study-not-found',
      message: expect.stringContaining(study.id),
    })
  })
})

/** As the import of the same bytes would have. */
function hashOfRows(rows: RunRow[]): string {
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex')
}
