import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rowOf } from '../../src/optimizers/row-matrix.js'
import type { SuggestInput } from '../../src/optimizers/types.js'
import type { StudyRecord, TrialRecord } from '../../src/store/records.js'
import { importRows, runRow } from '../store/support/records.js'
import { AdaptivePlace, drawMixtures, withMethod } from './adaptive-support.js'
import { type Held, holding } from './external-support.js'

const at = new AdaptivePlace()

/** What methods were told, the last time last. */
const told: SuggestInput<unknown>[] = []

const curious = withMethod({
  name: 'curious',
  suggest: (input) => {
    told.push(input)
    return drawMixtures(input, input.fidelities[0], input.count)
  },
})

/** Tries two mixtures at a time and goes on when both have ended; stops after four results. */
const careful = withMethod({
  name: 'careful',
  suggest: (input) => {
    const results = input.completed.reduce((sum, { runIds }) => sum + runIds.length, 0)
    const open = input.active.reduce((sum, { normalised }) => sum + normalised.rows, 0)
    if (results >= 4 || open > 0) return []
    return drawMixtures(input, input.fidelities[0], Math.min(input.count, 2))
  },
})

const stubborn = withMethod({
  name: 'stubborn',
  suggest: ({ compiled: { space }, fidelities, count }) =>
    Array.from({ length: count }, () => ({
      weights: Object.fromEntries(space.names.map((name, j) => [name, j === 0 ? 1 : 0])),
      fidelity: fidelities[0],
      reason: 'always the same',
    })),
})

const courseOf = (trials: readonly TrialRecord[]) =>
  trials
    .toSorted((a, b) => a.position - b.position)
    .map(({ position, fidelity, label, weights, seed }) => ({
      position,
      fidelity,
      label,
      weights,
      seed,
    }))

const heldBy = async (study: StudyRecord, client: string, fidelity?: string): Promise<Held> => {
  const [{ trial, lease }] = await at.ask(study, client, { fidelity })
  return { trial, client, lease: lease.id }
}

describe('a method that looks at results', () => {
  test('chooses the fidelities of new trials, after the baselines at the cheapest', async () => {
    const study = await at.studyOf('hyperband')
    const trials = (await at.ask(study, 'a', { count: 12 })).map(({ trial }) => trial)
    expect(trials.slice(0, 2)).toMatchObject([
      { label: 'uniform', fidelity: 'small' },
      { label: 'natural', fidelity: 'small' },
    ])
    expect(trials.slice(2).map(({ label }) => label)).toEqual(Array(10).fill(''))
    for (const [i, { trial, lease }] of (await at.ask(study, 'a', { count: 12 })).entries()) {
      const loss = trial.label === 'natural' ? 1 : 2 + i
      if (trial.fidelity === 'small')
        await at.complete({ trial, client: 'a', lease: lease.id }, loss)
    }
    const promoted = await heldBy(study, 'b')
    expect(promoted.trial.fidelity).toBe('large')
    expect(promoted.trial.weights).toEqual(trials[1].weights)
  })

  test('suggests at the fidelity that is asked for, and baselines come first there, too', async () => {
    const study = await at.studyOf('hyperband')
    await at.ask(study, 'a', { count: 3 })
    const asked = await at.ask(study, 'b', { count: 4, fidelity: 'large' })
    expect(asked.map(({ trial }) => trial.fidelity)).toEqual(Array(4).fill('large'))
    expect(asked.map(({ trial }) => trial.label)).toEqual(['uniform', 'natural', '', ''])
  })

  test('gives a client back what it holds at any fidelity, and at the one it names', async () => {
    const study = await at.studyOf('hyperband')
    const small = await heldBy(study, 'a', 'small')
    const both = await at.ask(study, 'a', { count: 2, fidelity: 'large' })
    expect(both.map(({ trial }) => trial.fidelity)).toEqual(['large', 'large'])
    const ids = [small.trial.id, ...both.map(({ trial }) => trial.id)]
    expect((await at.ask(study, 'a', { count: 3 })).map(({ trial }) => trial.id)).toEqual(ids)
    const again = await at.ask(study, 'a', { count: 1, fidelity: 'large' })
    expect(again.map(({ trial }) => trial.id)).toEqual([ids[1]])
  })

  test('is told all that was found, what is being tried, and what is not to be tried again', async () => {
    const study = await at.studyOf('curious', { trialPolicy: { maxAttempts: 2 } })
    const values = { val_loss: 3, accuracy: 0.5 }
    const imported = { ...runRow(1), weights: [0.2, 0.3, 0.498], values }
    const errors = { val_loss: 0.25 }
    await importRows(
      at.store,
      study,
      [imported, { ...imported, runId: 'b', standardErrors: errors }],
      {
        fidelity: 'tables',
      },
    )
    await importRows(at.store, study, [imported], {
      role: 'holdout',
      holdout: 'h',
      fidelity: 'tables',
    })
    const done = await heldBy(study, 'a', 'large')
    await at.services.externalTrials.complete(study.id, done.trial.id, {
      ...holding(done),
      measurement: { tokens: 10, values, standardErrors: { accuracy: 0.125 } },
    })
    const [again, gone, open] = (await at.ask(study, 'b', { count: 3, fidelity: 'small' })).map(
      ({ trial, lease }): Held => ({ trial, client: 'b', lease: lease.id }),
    )
    const failure = { ...holding(again), detail: 'broken' }
    await at.services.externalTrials.fail(study.id, again.trial.id, failure)
    await at.services.externalTrials.fail(study.id, gone.trial.id, {
      ...holding(gone),
      detail: 'broken',
      retry: false,
    })
    const held = await at.ask(study, 'c', { count: 2, fidelity: 'small' })
    expect(held.map(({ trial }) => trial.id)).toContain(again.trial.id)

    const { completed, active, avoid, fidelities, memo } = told.at(-1)!
    expect(completed.map(({ fidelity }) => fidelity)).toEqual(['large', 'tables'])
    const [large, tables] = completed
    expect(large.runIds).toEqual([done.trial.id])
    expect([...large.normalised.data]).toEqual(done.trial.weights)
    expect(large.values.get('val_loss')).toEqual(Float64Array.of(3))
    expect(large.standardErrors).toEqual(new Map([['accuracy', Float64Array.of(0.125)]]))
    expect(large.seconds?.[0]).toBeGreaterThan(0)
    expect(tables.runIds).toEqual([imported.runId, 'b'])
    expect(tables.normalised.data[0]).toBeCloseTo(0.2 / 0.998, 14)
    expect(tables.standardErrors).toEqual(
      new Map([['val_loss', Float64Array.of(Number.NaN, 0.25)]]),
    )
    expect(tables.seconds).toBeUndefined()
    expect(active).toHaveLength(1)
    expect(active[0].fidelity).toBe('small')
    const rows = (table: (typeof active)[0]) =>
      Array.from({ length: table.normalised.rows }, (_, i) => [...rowOf(table.normalised, i)])
    expect(rows(active[0])).toEqual([again, open].map(({ trial }) => trial.weights))
    expect(avoid).toHaveLength(1)
    expect(rows(avoid![0])).toEqual([gone.trial.weights])
    expect(fidelities).toEqual(['small'])
    expect(memo).toBeDefined()
    await at.ask(study, 'd')
    expect(told.at(-1)?.fidelities).toEqual(['large', 'small'])
  })

  test('hears of a result that another process was told, with the next request', async () => {
    const study = await at.studyOf('curious')
    const others = at.place.servicesWith({})
    const held = await heldBy(study, 'a')
    await others.suggestions.suggest(study.id, { client: 'b', count: 3 })
    await at.complete(held, 3)
    await others.suggestions.suggest(study.id, { client: 'c' })
    expect(told.at(-1)?.completed.map(({ runIds }) => runIds)).toEqual([[held.trial.id]])
    await importRows(at.store, study, [{ ...runRow(1), weights: [0.2, 0.3, 0.5] }], {
      fidelity: 'tables',
    })
    await others.suggestions.suggest(study.id, { client: 'd' })
    expect(told.at(-1)?.completed).toHaveLength(2)
  })

  test('serves clients that ask together by one choice', async () => {
    const study = await at.studyOf('curious')
    await at.ask(study, 'first')
    const before = told.length
    const names = Array.from({ length: 20 }, (_, i) => `client ${i}`)
    const answers = await Promise.all(names.map((client) => at.ask(study, client)))
    expect(new Set(answers.map(([{ trial }]) => trial.id)).size).toBe(20)
    expect(told.length - before).toBeLessThanOrEqual(3)
  })

  test('that has stopped is not helped out: clients wait for results, and then there is nothing left', async () => {
    const study = await at.studyOf(careful.name, { trialPolicy: { leaseSeconds: 7 } })
    const suggest = (client: string, request = {}) =>
      at.services.suggestions.suggest(study.id, { client, ...request })
    const first = await suggest('a', { count: 9 })
    // The two baselines count as tried: the method waits for them.
    expect(first.trials.map(({ trial }) => trial.label)).toEqual(['uniform', 'natural'])
    const waiting = { trials: [], exhausted: false, retryAfter: 7 }
    expect(await suggest('b')).toMatchObject(waiting)
    expect(await suggest('b', { fidelity: 'small' })).toMatchObject(waiting)
    const holdings = first.trials.map(
      ({ trial, lease }): Held => ({ trial, client: 'a', lease: lease.id }),
    )
    for (const held of holdings) await at.complete(held, 3)
    const second = await suggest('a', { count: 9 })
    expect(second.created).toBe(2)
    for (const { trial, lease } of second.trials)
      await at.complete({ trial, client: 'a', lease: lease.id }, 2)
    expect(await suggest('a')).toMatchObject({ trials: [], exhausted: true, retryAfter: undefined })
  })

  test('waits for results at other fidelities, as long as the study may have more trials', async () => {
    const study = await at.studyOf(careful.name, { trialPolicy: { leaseSeconds: 7 } })
    await at.ask(study, 'a', { count: 2, fidelity: 'large' })
    const suggest = () =>
      at.services.suggestions.suggest(study.id, { client: 'b', fidelity: 'small', count: 3 })
    const { trials } = await suggest()
    expect(trials.map(({ trial }) => trial.label)).toEqual(['uniform', 'natural'])
    for (const { trial, lease } of trials)
      await at.complete({ trial, client: 'b', lease: lease.id }, 3)
    expect(await suggest()).toMatchObject({ trials: [], exhausted: false, retryAfter: 7 })
    await at.services.studies.update(study.id, { trialPolicy: { maxTrials: 4 } }, 'any')
    expect(await suggest()).toMatchObject({ trials: [], exhausted: true })
  })

  test('does not get to try a mixture twice, even if it suggests it again and again', async () => {
    const study = await at.studyOf(stubborn.name)
    const first = await at.ask(study, 'a', { count: 5 })
    expect(first.map(({ trial }) => trial.label)).toEqual(['uniform', 'natural', ''])
    const answer = await at.services.suggestions.suggest(study.id, { client: 'b', count: 5 })
    expect(answer).toMatchObject({ trials: [], exhausted: false })
  })

  test('a study of it that was deleted is not there', async () => {
    const study = await at.studyOf(curious.name)
    const others = at.place.servicesWith({})
    await others.suggestions.suggest(study.id, { client: 'a' })
    await at.services.studies.delete(study.id)
    await expect(others.suggestions.suggest(study.id, { client: 'b' })).rejects.toMatchObject({
      code: 'study-not-found',
    })
  })
})

describe('the trials of a method that looks at results', () => {
  const QUICK = { candidates: 100, starts: 1, refinements: 0, fantasies: 2 }

  test.each([
    ['hyperband', {}],
    ['bohb', {}],
    ['admire', QUICK],
  ])(
    'begin alike for one client after another and for many at once, also from two processes: %s',
    async (method, params) => {
      const alone = await at.studyOf(method, { params })
      const oneByOne: TrialRecord[] = []
      for (let i = 0; i < 12; i++) oneByOne.push((await heldBy(alone, `client ${i}`)).trial)
      const shared = await at.studyOf(method, { params })
      const others = at.place.servicesWith({})
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, i) =>
          (i % 2 === 0 ? at.services : others).suggestions.suggest(shared.id, {
            client: `client ${i}`,
            count: 2,
          }),
        ),
      )
      const together = answers.flatMap(({ trials }) => trials.map(({ trial }) => trial))
      expect(courseOf(together)).toEqual(courseOf(oneByOne))
      const reseeded = await at.studyOf(method, { params, seed: 6 })
      const other = await at.ask(reseeded, 'a', { count: 12 })
      const course = courseOf(other.map(({ trial }) => trial))
      expect(course.slice(2)).not.toEqual(courseOf(oneByOne).slice(2))
    },
  )

  test('go on alike from the same results, however many are asked for at once: admire', async () => {
    const courses: unknown[] = []
    for (const step of [1, 3, 6]) {
      const study = await at.studyOf('admire', { params: QUICK })
      const rows = Array.from({ length: 8 }, (_, i) => {
        const [web, code] = [0.1 + 0.08 * i, 0.05 * ((3 * i) % 8)]
        const values = { val_loss: 2 + (web - 0.4) ** 2 + code, accuracy: 0.5 }
        return { ...runRow(i), weights: [web, code * (1 - web), (1 - web) * (1 - code)], values }
      })
      await importRows(at.store, study, rows, { fidelity: 'small' })
      await importRows(at.store, study, rows.slice(0, 4), { fidelity: 'large' })
      const given: TrialRecord[] = []
      while (given.length < 6) {
        const asked = await at.ask(study, `client ${given.length}`, { count: step })
        given.push(...asked.map(({ trial }) => trial))
      }
      courses.push(courseOf(given))
      expect(given.some(({ reason }) => reason.includes('Gaussian process'))).toBe(true)
    }
    expect(courses[1]).toEqual(courses[0])
    expect(courses[2]).toEqual(courses[0])
  })

  test.each([
    ['hyperband', {}, 4],
    ['bohb', {}, 4],
    ['admire', QUICK, 1],
  ])(
    'of %s are never the same twice at a fidelity, whatever becomes of them meanwhile',
    async (method, params, numRuns) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 4, maxLength: 4 }), {
            minLength: 6,
            maxLength: 6,
          }),
          fc.integer({ min: 0, max: 1_000_000 }),
          async (fates, seed) => {
            const study = await at.studyOf(method, { seed, params })
            const others = at.place.servicesWith({})
            await Promise.all(
              fates[0].map((_, client) => liveThrough(study, client, fates, [at.services, others])),
            )
            const trials = await at.trialsOf(study)
            expect(trials.map(({ position }) => position)).toEqual(trials.map((_, i) => i))
            const keys = trials.map(({ fidelity, weights }) =>
              JSON.stringify([fidelity, weights.map((weight) => Math.round(weight * 1e5))]),
            )
            expect(new Set(keys).size).toBe(trials.length)
            expect(trials.length).toBeGreaterThanOrEqual(fates.length * fates[0].length)
          },
        ),
        { numRuns },
      )
    },
  )
})

/** A client that asks again and again, and completes (mostly), fails or abandons what it gets. */
async function liveThrough(
  study: StudyRecord,
  client: number,
  fates: readonly (readonly number[])[],
  processes: readonly (typeof at.services)[],
): Promise<void> {
  const name = `client ${client}`
  for (const [i, fate] of fates.entries()) {
    const { suggestions, externalTrials } = processes[(i + client) % 2]
    const { trials } = await suggestions.suggest(study.id, { client: name, count: 1 })
    for (const { trial, lease } of trials) {
      const held: Held = { trial, client: name, lease: lease.id }
      const loss = trial.weights[0] + 3 * trial.weights[1] ** 2
      if (fate[client] < 7) await at.complete(held, loss)
      else if (fate[client] < 9) {
        const failure = { ...holding(held), detail: 'broken', retry: false }
        await externalTrials.fail(study.id, trial.id, failure)
      } else await externalTrials.abandon(study.id, trial.id)
    }
  }
}
