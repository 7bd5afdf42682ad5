import { describe, expect, test } from 'vitest'
import { createRng, type Rng } from '../../../src/optimizers/random.js'
import type { LeasedTrial } from '../../../src/store/external-trial-contract.js'
import type { OpenStore } from '../../../src/store/index.js'
import {
  allOf,
  complete,
  expire,
  externalStudy,
  fail,
  HOUR,
  measure,
  news,
  recorded,
  reported,
  resumed,
  suggest,
  suggestOne,
  takeOffer,
  targetOf,
} from '../support/external-trials.js'
import { newId } from '../support/records.js'

type Sent = (held: readonly LeasedTrial[]) => Promise<{ outcome: string }>

const SEEDS = [1, 2, 3, 4, 5, 6]
const ROUNDS = 8

/** Every answer that a report may get; reports at random are to get each. */
const OUTCOMES = [
  'completed',
  'conflict',
  'failed',
  'illegal',
  'kept',
  'lease-lost',
  'no-trial',
  'not-your-lease',
  'repeated',
  'replicate',
  'tokens-backwards',
  'unmeasured',
]

/** Reports on the trials of a study that arrive together, and are written together. */
export function externalTrialReportBatchConformance(store: () => OpenStore): void {
  const trials = () => store().externalTrials

  /** What clients have, or had, in hands: trials in every state, and two attempts of some. */
  async function heldTrials(): Promise<LeasedTrial[]> {
    const study = await externalStudy(store())
    const held = await suggest(store(), study, 'a', 20)
    const [measured, abandoned, failed, bare, done, stopped, ...others] = held
    const [expired, lost, ...passedOn] = others.splice(0, 6)
    for (const [index, leased] of passedOn.entries()) {
      if (index > 1) await measure(store(), leased, reported(500))
      await expire(store(), leased)
      held.push((await takeOffer(store(), study, `heir-${index}`))!)
    }
    await complete(store(), held.at(-1)!, { last: reported(1_000) })
    for (const tokens of [500, 1_000]) await measure(store(), measured, reported(tokens))
    await trials().abandon(study.id, abandoned.trial.id, null, news('abandoned'))
    await fail(store(), failed)
    await complete(store(), bare, { kind: 'completed-without-metrics' })
    await complete(store(), done, { last: reported(1_000) })
    await complete(store(), stopped, { kind: 'stopped', last: reported(1_000) })
    await measure(store(), lost, reported(1_000))
    for (const leased of [expired, lost]) await expire(store(), leased)
    return held
  }

  /** A trial of the same client, in another study. */
  const elsewhere = async () => suggestOne(store(), await externalStudy(store()))

  /** Mostly of the trial by its own lease. */
  function randomTarget(rng: Rng, held: readonly LeasedTrial[], index: number) {
    const own = held[index]
    const other = held[rng.integer(held.length)]
    const changes = [
      { leaseId: newId() },
      { leaseId: 'lease-1' },
      { client: 'another' },
      { leaseId: other.lease.id, client: other.lease.holder },
      { trialId: newId() },
    ]
    return targetOf(own, rng.uniform() < 0.2 ? changes[rng.integer(changes.length)] : {})
  }

  /** A report that does not know on which of the studies with equal trials it is. */
  function randomReport(rng: Rng, count: number): Sent {
    const index = rng.integer(count)
    const whose = rng.fork('whose', rng.integer(2 ** 31))
    const last = reported(500 * (1 + rng.integer(5)), 3 + rng.integer(2))
    const isMeasured = rng.uniform() < 0.6
    const what = rng.uniform()
    const kind = (['completed', 'completed-without-metrics', 'stopped'] as const)[rng.integer(3)]
    const reason = rng.uniform() < 0.5 ? 'so it is' : null
    return (held) => {
      const target = randomTarget(whose.fork('target'), held, index)
      if (what < 0.6) return trials().measure(target, last, HOUR, news('measured'), resumed)
      if (what < 0.7) return trials().fail(target, { code: 'x' }, 3, news('failed'))
      const hasLast = isMeasured && kind !== 'completed-without-metrics'
      const end = { kind, reason, replicateId: newId(), ...(hasLast && { last }) }
      return trials().complete(target, end, news('completed'))
    }
  }

  /** Events by trial, each in its order: between trials there is none. */
  async function stateOf(studyId: string) {
    const all = await store().trials.list({ studyId, limit: 1_000 })
    const states = await Promise.all(all.map((trial) => allOf(store(), trial)))
    const events = states[0].events.map(({ type, data }) => ({ type, data }))
    return states.map(({ events: _, ...state }) => ({
      ...state,
      events: events.filter(({ data }) => data.position === state.trial.position),
    }))
  }

  describe('reports on trials of others that are sent at the same time', () => {
    const seen = new Set<string>()

    test.each(SEEDS)('are answered and kept as one after the other, with seed %d', async (seed) => {
      const rng = createRng(seed, 'reports')
      const [apart, together] = [await heldTrials(), await heldTrials()]
      const answers: { apart: unknown[]; together: unknown[] } = { apart: [], together: [] }
      for (let round = 0; round < ROUNDS; round += 1) {
        const length = 2 + rng.integer(round % 2 === 0 ? 12 : 60)
        const reports = Array.from({ length }, () => randomReport(rng, apart.length))
        for (const send of reports) answers.apart.push(await send(apart))
        const outcomes = await Promise.all(reports.map((send) => send(together)))
        answers.together.push(...outcomes)
        for (const { outcome } of outcomes) seen.add(outcome)
      }
      const [left, right] = [apart, together].map((held) => stateOf(held[0].trial.studyId))
      const expected = upToIdsAndTimes({ state: await left, answers: answers.apart })
      const found = upToIdsAndTimes({ state: await right, answers: answers.together })
      expect(found).toEqual(expected)
    })

    test('get every answer there is', () => {
      expect([...seen].sort()).toEqual(OUTCOMES)
    })

    test('are kept each with one event, in the order in which they came', async () => {
      const study = await externalStudy(store())
      const held = await suggest(store(), study, 'a', 30)
      const answers = await Promise.all(
        [10, 20, 30].flatMap((tokens) =>
          held.map((leased) => measure(store(), leased, reported(tokens))),
        ),
      )
      expect(answers.map(({ outcome }) => outcome)).toEqual(answers.map(() => 'kept'))
      const { events } = await allOf(store(), held[0].trial)
      expect(events.filter(({ type }) => type === 'measured')).toHaveLength(90)
      for (const { trial } of held) {
        const measurements = await store().trials.measurements(trial.id)
        expect(measurements).toMatchObject([10, 20, 30].map((at) => recorded(reported(at))))
        const told = events.filter(({ data }) => data.id === trial.id)
        expect(told.map(({ type }) => type)).toEqual(['given', 'measured', 'measured', 'measured'])
      }
    })

    test('are told of once they are written', async () => {
      const study = await externalStudy(store())
      const held = await suggest(store(), study, 'a', 3)
      const seenBy = new Promise<number>((resolve, reject) => {
        const listening = store().events.listen((studyId) => {
          if (studyId !== study.id) return
          const told = store().events.after(study.id, 0, 99)
          resolve(listening.then((stop) => stop()).then(async () => (await told).length))
        })
        const sendAll = () => Promise.all(held.map((leased) => measure(store(), leased)))
        listening.then(sendAll).catch(reject)
      })
      expect(await seenBy).toBeGreaterThan(3)
    })

    test('of several studies do not mix', async () => {
      const studies = await Promise.all([1, 2, 3].map(() => externalStudy(store())))
      const held: LeasedTrial[][] = []
      for (const study of studies) held.push(await suggest(store(), study, 'a', 5))
      const all = [0, 1, 2, 3, 4].flatMap((i) => held.map((of) => of[i]))
      const answers = await Promise.all(
        all.map((leased, index) => measure(store(), leased, reported(index))),
      )
      for (const [index, answer] of answers.entries()) {
        const { trial, lease } = all[index]
        expect(answer).toMatchObject({ outcome: 'kept', trial, lease: { id: lease.id } })
        const kept = await store().trials.measurements(trial.id)
        expect(kept).toMatchObject([recorded(reported(index))])
      }
      const foreign = all.map((leased, index) => {
        const target = targetOf(leased, { studyId: studies[(index + 1) % 3].id })
        return trials().measure(target, reported(99), HOUR, news('measured'), resumed)
      })
      expect(await Promise.all(foreign)).toEqual(all.map(() => ({ outcome: 'no-trial' })))
    })

    test('are refused alone when they are not of what the client has in hands', async () => {
      const study = await externalStudy(store())
      const held = await suggest(store(), study, 'a', 6)
      const others = [...(await suggest(store(), study, 'b')), await elsewhere()]
      const changes = [
        {},
        { client: 'b' },
        { leaseId: newId() },
        { leaseId: held[1].lease.id },
        { leaseId: others[0].lease.id },
        { leaseId: others[1].lease.id },
      ]
      const targets = [
        ...held.map((leased, i) => targetOf(leased, changes[i])),
        targetOf(others[0]),
        targetOf(others[1], { studyId: study.id }),
      ]
      const answers = await Promise.all(
        targets.map((target) =>
          trials().measure(target, reported(5), HOUR, news('measured'), resumed),
        ),
      )
      const not = 'not-your-lease'
      const expected = ['kept', not, not, not, not, not, 'kept', 'no-trial']
      expect(answers.map(({ outcome }) => outcome)).toEqual(expected)
      for (const [i, { trial }] of [...held, ...others].entries()) {
        const measurements = await store().trials.measurements(trial.id)
        expect(measurements).toHaveLength(expected[i] === 'kept' ? 1 : 0)
      }
    })

    test('fail alone when the database does not take them', async () => {
      const study = await externalStudy(store())
      const held = await suggest(store(), study, 'a', 6)
      const refused = [1, 4]
      const answers = await Promise.allSettled(
        held.map((leased, index) => {
          const details = { note: refused.includes(index) ? 'NUL: \u0000' : 'good' }
          return measure(store(), leased, { ...reported(7), details })
        }),
      )
      const expected = held.map((_, index) =>
        refused.includes(index)
          ? { status: 'rejected', reason: { code: '22P05' } }
          : { status: 'fulfilled', value: { outcome: 'kept' } },
      )
      expect(answers).toMatchObject(expected)
      for (const [index, { trial }] of held.entries()) {
        const { measurements, events } = await allOf(store(), trial)
        const count = refused.includes(index) ? 0 : 1
        expect(measurements).toHaveLength(count)
        const told = events.filter(({ type, data }) => type === 'measured' && data.id === trial.id)
        expect(told).toHaveLength(count)
      }
      expect(await measure(store(), held[1])).toMatchObject({ outcome: 'kept' })
    })

    test('renew the lease for as long as each says', async () => {
      const study = await externalStudy(store())
      const held = await suggest(store(), study, 'a', 4)
      const seconds = [60, 600, 6_000, 60_000]
      const answers = await Promise.all(
        held.map((leased, i) =>
          trials().measure(targetOf(leased), reported(5), seconds[i], news('measured'), resumed),
        ),
      )
      for (const [i, leased] of held.entries()) {
        const { leases, measurements } = await allOf(store(), leased.trial)
        expect(answers[i]).toMatchObject({ outcome: 'kept', lease: leases[0] })
        const lasts = leases[0].expiresAt.getTime() - measurements[0].createdAt.getTime()
        expect(Math.abs(lasts - 1_000 * seconds[i])).toBeLessThan(30_000)
      }
    })
  })

  describe('a report that is sent alone', () => {
    test('that the database does not take is refused to its sender', async () => {
      const leased = await suggestOne(store(), await externalStudy(store()))
      const bad = { ...reported(7), details: { note: '\u0000' } }
      await expect(measure(store(), leased, bad)).rejects.toMatchObject({ code: '22P05' })
      expect((await allOf(store(), leased.trial)).measurements).toEqual([])
    })
  })
}

const ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const TIME = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/

/** Ids become the order in which they first appear, and all times the same. */
function upToIdsAndTimes(value: unknown): unknown {
  const names = new Map<string, string>()
  const nameOf = (id: string) => {
    const name = names.get(id) ?? `id ${names.size}`
    names.set(id, name)
    return name
  }
  const text = JSON.stringify(value, (_, part) =>
    typeof part === 'string' ? part.replace(TIME, 'a time').replace(ID, nameOf) : part,
  )
  return JSON.parse(text)
}
