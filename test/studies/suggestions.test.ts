import { describe, expect, test } from 'vitest'
import { compileProblem } from '../../src/optimizers/complete-problem.js'
import { l1Distance } from '../../src/optimizers/mixture/distance.js'
import { largestViolation } from '../../src/optimizers/mixture/index.js'
import { createRng } from '../../src/optimizers/random.js'
import type { TrialRecord } from '../../src/store/records.js'
import type { Compute } from '../../src/studies/ports.js'
import { unwrapReply } from '../../src/workers/threads/replies.js'
import { run as suggestInThread } from '../../src/workers/threads/suggest.js'
import { importRows, runRow } from '../store/support/records.js'
import { ExternalPlace, holding, PROBLEM, VALUES } from './external-support.js'
import { refusal } from './search-support.js'

const at = new ExternalPlace()

const clients = (count: number) => Array.from({ length: count }, (_, i) => `client ${i}`)
const byPosition = (trials: readonly TrialRecord[]) =>
  trials.toSorted((a, b) => a.position - b.position)

describe('trials for a client', () => {
  test('begin with the uniform and the natural mixture, go on with the method, and meet the constraints', async () => {
    const domains = [{ name: 'web', tokens: 8e9, maxWeight: 0.5 }, ...PROBLEM.domains!.slice(1)]
    const study = await at.newStudy({ leaseSeconds: 90 }, { domains })
    const before = Date.now()
    const answer = await at.services.suggestions.suggest(study.id, { client: 'a', count: 8 })
    expect(answer).toMatchObject({ created: 8, exhausted: false, retryAfter: undefined })
    const trials = answer.trials.map(({ trial }) => trial)
    expect(trials.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(trials.map(({ label }) => label)).toEqual(['uniform', 'natural', ...Array(6).fill('')])
    const { space } = compileProblem(study.problem)
    for (const { weights, state, evaluator, searchId } of trials) {
      expect(largestViolation(space, weights)).toBeLessThan(1e-9)
      expect({ state, evaluator, searchId }).toEqual({
        state: 'running',
        evaluator: 'external',
        searchId: null,
      })
    }
    expect(trials.map(({ seed }) => seed)).toEqual(
      trials.map((_, i) => createRng(5, 'external trial', i).integer(2 ** 31)),
    )
    for (const { lease, attempt } of answer.trials) {
      expect(lease.holder).toBe('a')
      expect(attempt.number).toBe(1)
      expect(lease.expiresAt.getTime()).toBeGreaterThanOrEqual(before + 90_000)
      expect(lease.expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 90_000)
    }
  })

  test('are its unfinished ones first, with what was measured, and new ones beyond', async () => {
    const study = await at.newStudy()
    const [first, second] = await at.ask(study, 'a', { count: 2 })
    const { id } = first.trial
    const report = { client: 'a', lease: first.lease.id, tokens: 10, values: { speed: 3 } }
    await at.services.externalTrials.measure(study.id, id, report)
    const again = await at.ask(study, 'a', { count: 3 })
    expect(again.map(({ trial }) => trial.id).slice(0, 2)).toEqual([id, second.trial.id])
    expect(again[0].lease.id).toBe(first.lease.id)
    expect(again[0].measurement).toMatchObject({ tokens: 10, values: { speed: 3 } })
    expect(again[1].measurement).toBeUndefined()
    expect(again[2].trial.position).toBe(2)
    expect((await at.ask(study, 'a')).map(({ trial }) => trial.id)).toEqual([id])
  })

  test('are the same for requests that it sends at the same time', async () => {
    const study = await at.newStudy()
    const answers = await Promise.all([1, 2, 3].map(() => at.ask(study, 'a', { count: 2 })))
    const ids = answers.map((trials) => trials.map(({ trial }) => trial.id))
    expect(ids[1]).toEqual(ids[0])
    expect(ids[2]).toEqual(ids[0])
  })

  test('are, before new ones, those that may be offered again', async () => {
    const study = await at.newStudy({ maxAttempts: 2 })
    const mixture = { web: 0.2, code: 0.3, books: 0.5 }
    const held = await at.askOne(study, 'a')
    const { trial: waiting } = await at.services.externalTrials.attach(study.id, { mixture })
    const failure = { ...holding(held), detail: 'out of memory' }
    await at.services.externalTrials.fail(study.id, held.trial.id, failure)
    const [offered, failed, fresh] = await at.ask(study, 'b', { count: 3 })
    expect(offered.trial.id).toBe(waiting.id)
    expect(failed.trial.id).toBe(held.trial.id)
    expect(failed.attempt.number).toBe(2)
    expect(fresh.trial.position).toBe(2)
    const last = { client: 'b', lease: failed.lease.id, detail: 'again' }
    await at.services.externalTrials.fail(study.id, held.trial.id, last)
    expect((await at.ask(study, 'c')).map(({ trial }) => trial.position)).toEqual([3])
  })

  test('are first the ones that expired in its hands, as long as nobody else was given them', async () => {
    for (const maxAttempts of [1, 2]) {
      const study = await at.newStudy({ maxAttempts })
      await at.askOne(study, 'b')
      const held = await at.askOne(study, 'a')
      const mixture = { web: 0.2, code: 0.3, books: 0.5 }
      await at.services.externalTrials.attach(study.id, { mixture })
      await at.makeDue(held)
      await at.services.externalTrials.expireDue()
      const [{ trial, attempt, lease }] = await at.ask(study, 'a')
      expect(trial).toMatchObject({ id: held.trial.id, state: 'running' })
      expect(attempt.number).toBe(maxAttempts)
      expect(lease.id === held.lease).toBe(maxAttempts === 1)
      const type = maxAttempts === 1 ? 'trial-resumed' : 'trial-suggested'
      const [told] = (await at.eventsOf(study.id)).slice(-1)
      expect(told).toMatchObject({ type, data: { trialId: trial.id, searchId: null, position: 1 } })
    }
  })

  test('are the same from two processes that are asked under one name at the same moment', async () => {
    const study = await at.newStudy()
    const others = at.place.servicesWith({})
    const answers = await Promise.all(
      [at.services, others].map(({ suggestions }) =>
        suggestions.suggest(study.id, { client: 'a', count: 3 }),
      ),
    )
    const [one, other] = answers.map(({ trials }) => trials.map(({ trial }) => trial.id))
    expect(other).toEqual(one)
    expect(answers.map(({ created }) => created).toSorted()).toEqual([0, 3])
    const { externalTrials } = await at.services.studies.get(study.id)
    expect(externalTrials).toBe(3)
  })

  test('are never mixtures that were imported since the last request', async () => {
    const study = await at.newStudy()
    await at.ask(study, 'a')
    const natural = [8, 2, 0.5].map((tokens) => tokens / 10.5)
    const row = { ...runRow(1), weights: natural }
    await importRows(at.store, study, [row], { fidelity: 'small' })
    const [next] = await at.ask(study, 'b')
    expect(next.trial.label).not.toBe('natural')
    expect(l1Distance(next.trial.weights, natural)).toBeGreaterThan(1e-3)
  })

  test('are at the cheapest external fidelity, or at the one it names, each with its baselines', async () => {
    const study = await at.newStudy()
    const [cheap] = await at.ask(study, 'a')
    expect(cheap.trial).toMatchObject({ fidelity: 'small', label: 'uniform' })
    const [dear] = await at.ask(study, 'a', { fidelity: 'large' })
    expect(dear.trial).toMatchObject({ fidelity: 'large', label: 'uniform', position: 1 })
    const back = await at.ask(study, 'a', { count: 2 })
    expect(back.map(({ trial }) => trial.id)).toEqual([cheap.trial.id, dear.trial.id])
    const [next] = await at.ask(study, 'b', { fidelity: 'small' })
    expect(next.trial).toMatchObject({ fidelity: 'small', label: 'natural', position: 2 })
  })

  test('are refused at other fidelities, with the nearest name', async () => {
    const study = await at.newStudy()
    const unknown = await refusal(at.ask(study, 'a', { fidelity: 'smal' }))
    expect(unknown.code).toBe('validation-failed')
    expect(unknown.errors[0]).toMatchObject({ pointer: '/fidelity' })
    expect(unknown.errors[0].detail).toContain('did you mean "small"')
    expect((await refusal(at.ask(study, 'a', { fidelity: 'tables' }))).code).toBe(
      'validation-failed',
    )
    const none = await at.newStudy({}, { fidelities: [{ name: 'tables', evaluator: 'table' }] })
    expect((await refusal(at.ask(none, 'a'))).errors[0].detail).toContain('has no fidelity')
  })
})

describe('parallel clients', () => {
  test('get different mixtures, far enough from each other, and no position twice', async () => {
    const study = await at.newStudy()
    const answers = await Promise.all(
      clients(20).map((client) => at.ask(study, client, { count: 3 })),
    )
    const trials = byPosition(answers.flat().map(({ trial }) => trial))
    expect(trials.map(({ position }) => position)).toEqual(Array.from({ length: 60 }, (_, i) => i))
    trials.forEach(({ weights }, i) => {
      for (const { weights: other } of trials.slice(0, i)) {
        expect(l1Distance(weights, other)).toBeGreaterThan(1e-3)
      }
    })
  })

  test('get the mixtures and seeds that one client alone would get, also from two processes', async () => {
    const course = (trials: readonly TrialRecord[]) =>
      byPosition(trials).map(({ position, weights, seed }) => ({ position, weights, seed }))
    const alone = await at.newStudy()
    const oneByOne: TrialRecord[] = []
    for (const client of clients(12)) oneByOne.push((await at.askOne(alone, client)).trial)

    const shared = await at.newStudy()
    const others = at.place.servicesWith({})
    const answers = await Promise.all(
      clients(6).map((client, i) =>
        (i % 2 === 0 ? at.services : others).suggestions.suggest(shared.id, { client, count: 2 }),
      ),
    )
    const together = answers.flatMap(({ trials }) => trials.map(({ trial }) => trial))
    expect(course(together)).toEqual(course(oneByOne))

    const reseeded = await at.newStudy({}, {}, 6)
    const other = await at.ask(reseeded, 'a', { count: 12 })
    expect(course(other.map(({ trial }) => trial)).slice(2)).not.toEqual(course(oneByOne).slice(2))
  })

  test('are served by few computations', async () => {
    const tasks: number[] = []
    const compute = {
      suggest: async (task) => {
        tasks.push(task.count)
        return unwrapReply(await suggestInThread({ task }))
      },
    } satisfies Pick<Compute, 'suggest'>
    const services = at.place.servicesWith({ compute: { ...unusedCompute, ...compute } })
    const study = await at.newStudy()
    const answers = await Promise.all(
      clients(50).map((client) => services.suggestions.suggest(study.id, { client })),
    )
    expect(new Set(answers.map(({ trials }) => trials[0].trial.id)).size).toBe(50)
    expect(tasks.length).toBeLessThanOrEqual(5)
  })

  test('of which one cannot be served are all told, and the next request is served', async () => {
    let isBroken = true
    const compute = {
      suggest: async (task) => {
        if (isBroken) throw new Error('the thread died')
        return unwrapReply(await suggestInThread({ task }))
      },
    } satisfies Pick<Compute, 'suggest'>
    const services = at.place.servicesWith({ compute: { ...unusedCompute, ...compute } })
    const study = await at.newStudy()
    const ask = (client: string) => services.suggestions.suggest(study.id, { client, count: 3 })
    const failed = await Promise.allSettled(clients(3).map(ask))
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    isBroken = false
    expect((await ask('client 0')).trials).toHaveLength(3)
  })
})

const unused = () => Promise.reject(new Error('this computation is not part of the test'))
const unusedCompute: Compute = {
  parseTable: unused,
  recommend: unused,
  predict: unused,
  train: unused,
  ingest: unused,
  surveyRuns: unused,
  backtest: unused,
  suggest: unused,
}

describe('a study that has no more', () => {
  const complete = async (studyId: string, trialId: string, client: string, lease: string) => {
    const measurement = { tokens: 1, values: VALUES }
    await at.services.externalTrials.complete(studyId, trialId, { client, lease, measurement })
  }

  test('says when to come back while others are at work, and is exhausted when they are not', async () => {
    const study = await at.newStudy({ maxTrials: 2, leaseSeconds: 7, maxAttempts: 2 })
    const suggest = (client: string, count = 1) =>
      at.services.suggestions.suggest(study.id, { client, count })
    const { trials, created } = await suggest('a', 5)
    expect(created).toBe(2)
    expect(await suggest('b')).toMatchObject({ trials: [], exhausted: false, retryAfter: 7 })

    const [first, second] = trials
    const failure = { client: 'a', lease: first.lease.id, detail: 'broken' }
    await at.services.externalTrials.fail(study.id, first.trial.id, failure)
    const again = await suggest('b')
    expect(again).toMatchObject({ created: 0, exhausted: false, retryAfter: undefined })
    expect(again.trials[0].trial.id).toBe(first.trial.id)
    await complete(study.id, first.trial.id, 'b', again.trials[0].lease.id)
    await complete(study.id, second.trial.id, 'a', second.lease.id)
    expect(await suggest('b')).toMatchObject({ trials: [], exhausted: true, retryAfter: undefined })

    const trialPolicy = { maxTrials: 3 }
    await at.services.studies.update(study.id, { trialPolicy }, 'any')
    expect((await suggest('b')).trials[0].trial.position).toBe(2)
  })

  test('because it was cancelled says so to every process, until it may have more', async () => {
    const study = await at.newStudy()
    const others = at.place.servicesWith({})
    await at.ask(study, 'a')
    const suggest = () => others.suggestions.suggest(study.id, { client: 'b' })
    const [{ trial }] = (await suggest()).trials
    const cancelled = await at.services.studies.cancel(study.id)
    expect(cancelled).toMatchObject({ version: study.version + 1, trialPolicy: { maxTrials: 2 } })
    expect(await at.stateOf(trial)).toBe('cancelled')
    expect(await suggest()).toMatchObject({ trials: [], exhausted: true })
    expect((await at.services.studies.cancel(study.id)).version).toBe(cancelled.version)
    await at.services.studies.update(study.id, { trialPolicy: { maxTrials: null } }, 'any')
    expect((await at.askOne(study, 'b')).trial.position).toBe(2)
  })

  test('because it was cancelled before its first trial is exhausted', async () => {
    const study = await at.newStudy()
    await at.services.studies.cancel(study.id)
    const answer = await at.services.suggestions.suggest(study.id, { client: 'a' })
    expect(answer).toMatchObject({ trials: [], exhausted: true })
  })

  test('at a fidelity does not wait for trials of another', async () => {
    const study = await at.newStudy({ maxTrials: 1, leaseSeconds: 7 })
    await at.ask(study, 'a', { fidelity: 'large' })
    const suggest = (fidelity?: string) =>
      at.services.suggestions.suggest(study.id, { client: 'b', fidelity })
    expect(await suggest('small')).toMatchObject({ exhausted: true, retryAfter: undefined })
    expect(await suggest('large')).toMatchObject({ exhausted: false, retryAfter: 7 })
    expect(await suggest()).toMatchObject({ exhausted: false, retryAfter: 7 })
  })

  test('is not exhausted while a trial can be offered that somebody has locked', async () => {
    const study = await at.newStudy({ maxTrials: 1, leaseSeconds: 7 })
    const { trial, client, lease } = await at.askOne(study, 'a')
    const { externalTrials } = at.services
    await externalTrials.fail(study.id, trial.id, { client, lease, detail: 'broken' })
    const handOut = async () => ({ held: [], offered: [] })
    const store = { ...at.store, externalTrials: { ...at.store.externalTrials, handOut } }
    const services = at.place.servicesWith({ store })
    const answer = await services.suggestions.suggest(study.id, { client: 'b' })
    expect(answer).toMatchObject({ trials: [], exhausted: false, retryAfter: 7 })
  })

  test('hands out what is due at once, before any timer has seen it', async () => {
    const study = await at.newStudy({ maxTrials: 1 })
    const held = await at.askOne(study, 'a')
    await at.makeDue(held)
    const [{ trial, attempt }] = await at.ask(study, 'b')
    expect(trial.id).toBe(held.trial.id)
    expect(attempt.number).toBe(2)
  })

  test('is exhausted when its space has no further mixtures', async () => {
    const domains = [
      { name: 'web', fixedWeight: 0.7 },
      { name: 'code', fixedWeight: 0.3 },
    ]
    const study = await at.newStudy({}, { domains })
    const [{ trial, lease }] = await at.ask(study, 'a', { count: 5 })
    expect(trial.weights).toEqual([0.7, 0.3])
    await complete(study.id, trial.id, 'a', lease.id)
    const answer = await at.services.suggestions.suggest(study.id, { client: 'a', count: 5 })
    expect(answer).toMatchObject({ trials: [], exhausted: true })
  })

  test('because it was deleted is not there, also for a process that knew it', async () => {
    const study = await at.newStudy()
    const others = at.place.servicesWith({})
    await at.ask(study, 'a')
    await others.suggestions.suggest(study.id, { client: 'b' })
    await at.services.studies.delete(study.id)
    expect((await refusal(at.ask(study, 'a'))).code).toBe('study-not-found')
    const late = others.suggestions.suggest(study.id, { client: 'b' })
    expect((await refusal(late)).code).toBe('study-not-found')
  })
})
