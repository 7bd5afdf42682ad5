import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import type { ProblemRequest } from '../../src/optimizers/problem.js'
import { rowOf } from '../../src/optimizers/row-matrix.js'
import type { RunTable, SuggestInput } from '../../src/optimizers/types.js'
import type { StudyRecord } from '../../src/store/records.js'
import { importRows } from '../store/support/records.js'
import { AdaptivePlace, drawMixtures, withMethod } from './adaptive-support.js'
import { type Held, PROBLEM } from './external-support.js'
import { refusal } from './search-support.js'

const at = new AdaptivePlace()

const told: SuggestInput<unknown>[] = []

const learned = withMethod({
  name: 'learned',
  paramsSchema: Type.Object(
    {
      previous: Type.Array(Type.Object({ study: Type.String(), use: Type.String() }), {
        default: [],
      }),
    },
    { additionalProperties: false },
  ),
  suggest: (input) => {
    told.push(input)
    return drawMixtures(input, input.fidelities[0], input.count)
  },
})

const [web, code, books] = PROBLEM.domains!

const create = (previous: object[], change: Partial<ProblemRequest> = {}, id?: string) =>
  at.services.studies.create({
    id,
    name: 'a study',
    problem: { ...PROBLEM, ...change },
    method: learned.name,
    params: { previous },
    seed: 5,
  })

/** Its domains are books, web, code. */
const earlier = (change: Partial<ProblemRequest> = {}) =>
  at.studyOf('mixing-laws', { domains: [books, web, code], ...change })

const rows = (table: RunTable) =>
  Array.from({ length: table.raw.rows }, (_, i) => [...rowOf(table.raw, i)])

describe('a study that names earlier ones', () => {
  test('is told their runs, in its own order of domains, at fidelities of their own', async () => {
    const before = await earlier()
    const values = { val_loss: 3, accuracy: 0.5, speed: 1 }
    const run = { runId: 'a', weights: [0.5, 0.3, 0.2], values }
    await importRows(at.store, before, [run], { fidelity: 'tables' })
    const [{ trial, lease }] = await at.ask(before, 'x', { fidelity: 'large' })
    await at.complete({ trial, client: 'x', lease: lease.id } satisfies Held, 4)
    const study = await create([{ study: before.id, use: 'fidelity' }])
    const first = await at.ask(study, 'a', { count: 3 })
    expect(first.map(({ trial: { label } }) => label)).toEqual(['uniform', 'natural', ''])
    const { completed } = told.at(-1)!
    expect(completed.map(({ fidelity }) => fidelity)).toEqual([
      `previous:${before.id}:large`,
      `previous:${before.id}:tables`,
    ])
    expect(completed[1].runIds).toEqual([`${before.id}/a`])
    expect(rows(completed[1])).toEqual([[0.3, 0.2, 0.5]])
    expect(completed[1].values.get('val_loss')).toEqual(Float64Array.of(3))
    expect(rows(completed[0])[0]).toEqual([1, 2, 0].map((j) => trial.weights[j]))
  })

  test('has them before its own runs in a warm start, and tries none of their mixtures again', async () => {
    const before = await earlier({
      fidelities: [PROBLEM.fidelities![1], { name: 'else', evaluator: 'table' }],
    })
    const values = { val_loss: 3, accuracy: 0.5 }
    const mixtures = [
      [1 / 3, 1 / 3, 1 / 3],
      [0.5, 0.3, 0.2],
    ]
    const runs = mixtures.map((weights, i) => ({ runId: `run ${i}`, weights, values }))
    await importRows(at.store, before, runs, { fidelity: 'small' })
    await importRows(at.store, before, runs, { fidelity: 'else' })
    const study = await create([{ study: before.id, use: 'warm-start' }])
    const own = { runId: 'own', weights: [0.1, 0.2, 0.7], values }
    await importRows(at.store, study, [own], { fidelity: 'small' })
    const asked = await at.ask(study, 'a', { count: 3 })
    expect(asked.map(({ trial }) => trial.label)).toEqual(['natural', '', ''])
    const { completed } = told.at(-1)!
    expect(completed.map(({ fidelity }) => fidelity)).toEqual(['small'])
    expect(rows(completed[0])).toEqual([
      [1 / 3, 1 / 3, 1 / 3],
      [0.3, 0.2, 0.5],
      [0.1, 0.2, 0.7],
    ])
  })

  test('hears of runs that they get later, and of none once one is gone', async () => {
    const before = await earlier()
    const study = await create([{ study: before.id, use: 'fidelity' }])
    await at.ask(study, 'a', { count: 3 })
    expect(told.at(-1)?.completed).toEqual([])
    const values = { val_loss: 3, accuracy: 0.5 }
    const run = { runId: 'a', weights: [0.5, 0.3, 0.2], values }
    await importRows(at.store, before, [run], { fidelity: 'small' })
    await at.ask(study, 'b')
    expect(told.at(-1)?.completed).toHaveLength(1)
    await at.services.studies.delete(before.id)
    expect(await refusal(at.ask(study, 'c'))).toMatchObject({
      code: 'study-not-found',
      message: expect.stringContaining(`The previous study ${before.id}`),
    })
  })

  test('has no fit with what is gone, except one that leaves it out', async () => {
    const before = await earlier()
    const previous = [{ study: before.id, use: 'fidelity' }]
    const study = await create(previous)
    await at.services.studies.delete(before.id)
    const { fits } = at.services
    expect(await refusal(fits.request(study.id, {}))).toMatchObject({
      code: 'study-not-found',
      message: expect.stringContaining(`The previous study ${before.id}`),
    })
    expect(await refusal(fits.request(study.id, { params: { previous } }))).toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer: '/params/previous/0/study' }],
    })
    const { fit } = await fits.request(study.id, { params: { previous: [] } })
    expect(fit.params).toEqual({ previous: [] })
  })
})

describe('earlier studies are refused', () => {
  const ID = '0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60'
  const refusedFor = async (work: Promise<StudyRecord>, place = 0) => {
    const error = await refusal(work)
    expect(error.code).toBe('validation-failed')
    expect(error.errors.map(({ pointer }) => pointer)).toEqual([`/params/previous/${place}/study`])
    return error.errors[0].detail
  }

  test('that are not there, or named twice', async () => {
    const missing = { study: ID, use: 'fidelity' }
    expect(await refusedFor(create([missing]))).toContain('There is no study')
    const { id: study } = await earlier()
    const twice = [
      { study, use: 'fidelity' },
      { study, use: 'warm-start' },
    ]
    expect(await refusedFor(create(twice), 1)).toContain('named before')
  })

  test('over other domains', async () => {
    const other = await earlier({ domains: [web, code, { name: 'poems', tokens: 1e9 }] })
    const detail = await refusedFor(create([{ study: other.id, use: 'fidelity' }]))
    expect(detail).toContain('web, code, poems')
    const more = await earlier({ domains: [web, code, books, { name: 'poems' }] })
    await refusedFor(create([{ study: more.id, use: 'fidelity' }]))
  })

  test('without a metric of the objective, or with one that is better the other way round', async () => {
    const objective = { type: 'mean' as const }
    const other = await earlier({ metrics: [{ name: 'val_loss' }], objective })
    const detail = await refusedFor(create([{ study: other.id, use: 'fidelity' }]))
    expect(detail).toContain('"accuracy" (maximize)')
    const turned = [{ name: 'val_loss' }, { name: 'accuracy' }]
    const study = await earlier({ metrics: turned, objective })
    await refusedFor(create([{ study: study.id, use: 'fidelity' }]))
  })

  test('for a warm start without a fidelity of the same name', async () => {
    const fidelities = [{ name: '1B', evaluator: 'table' as const }]
    const other = await earlier({ fidelities })
    const detail = await refusedFor(create([{ study: other.id, use: 'warm-start' }]))
    expect(detail).toContain('1B')
    await create([{ study: other.id, use: 'fidelity' }])
  })

  test('for a fit, when they are the study itself', async () => {
    const study = await create([])
    const params = { previous: [{ study: study.id, use: 'fidelity' }] }
    const refused = at.services.fits.request(study.id, { params })
    expect(await refusal(refused)).toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer: '/params/previous/0/study', detail: 'It is this very study.' }],
    })
  })
})
