import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import type { LeasedTrial } from '../../../src/store/external-trial-contract.js'
import type { OpenStore } from '../../../src/store/index.js'
import {
  allOf,
  attachWaiting,
  complete,
  expire,
  externalStudy,
  given,
  grantFor,
  HOUR,
  insertedOf,
  measure,
  newExternalTrial,
  news,
  reported,
  resumed,
  suggest,
  suggestOne,
  targetOf,
} from '../support/external-trials.js'

const ROUNDS = 40
const CLIENTS = Array.from({ length: 50 }, (_, index) => `client-${index}`)

/** Many clients that ask for trials, and tell of theirs, at the same moment. */
export function externalTrialCrowdConformance(store: () => OpenStore): void {
  const trials = () => store().externalTrials
  const idsOf = (leased: readonly LeasedTrial[]) => leased.map(({ trial }) => trial.id)

  const handOut = (studyId: string, client: string, limit: number, fidelity?: string, most = 3) =>
    trials().handOut(
      studyId,
      fidelity,
      grantFor(client),
      { limit, maxAttempts: most },
      given,
      resumed,
    )

  /** What each of the clients is given when all ask at once. */
  async function ask(studyId: string, fidelity?: string, most = 3) {
    const answers = await Promise.all(
      CLIENTS.map((client) => handOut(studyId, client, 9, fidelity, most)),
    )
    return answers.map(({ held, offered }) => ({ held: idsOf(held), offered: idsOf(offered) }))
  }

  const nothing = { held: [] as string[], offered: [] as string[] }

  /** A trial in the hands of the client, at the fidelity. */
  async function giveOne(study: { id: string }, client: string, fidelity: string) {
    const version = (await store().studies.get(study.id))!
    const own = newExternalTrial(version.externalTrials, { fidelity })
    const asked = [{ ...own, grant: grantFor(client) }]
    return insertedOf(await trials().insertSuggested(study.id, version, asked, given))[0]
  }

  describe('trials of others for many clients at once', () => {
    test('go back to those that hold them, and the others get nothing', async () => {
      const study = await externalStudy(store())
      const expected: (typeof nothing)[] = []
      for (const [index, client] of CLIENTS.entries()) {
        const own = index % 3 === 0 ? await suggest(store(), study, client, 1 + (index % 2)) : []
        if (index % 9 === 0) await complete(store(), own.pop()!, { last: reported(5) })
        expected.push({ ...nothing, held: idsOf(own) })
      }
      const before = await store().events.after(study.id, 0, 1_000)
      for (const fidelity of [undefined, 'full'])
        expect(await ask(study.id, fidelity)).toEqual(expected)
      expect(await ask(study.id, 'small')).toEqual(CLIENTS.map(() => nothing))
      expect(await store().events.after(study.id, 0, 1_000)).toEqual(before)
    })

    test('at the fidelity that each asks for', async () => {
      const study = await externalStudy(store())
      const held = new Map<string, string>()
      for (const [index, client] of CLIENTS.slice(0, 12).entries())
        for (const fidelity of [['full'], ['small'], ['full', 'small']][index % 3]) {
          const { trial } = await giveOne(study, client, fidelity)
          held.set(`${client} ${fidelity}`, trial.id)
        }
      const fidelities = ['full', 'small', undefined, 'none']
      const asked = CLIENTS.flatMap((client) =>
        fidelities.map((fidelity) => [client, fidelity] as const),
      )
      const answers = await Promise.all(
        asked.map(([client, fidelity]) => handOut(study.id, client, 9, fidelity)),
      )
      for (const [i, [client, fidelity]] of asked.entries()) {
        const at = fidelity === undefined ? ['full', 'small'] : [fidelity]
        const own = at.map((name) => held.get(`${client} ${name}`)).filter(Boolean)
        expect(idsOf(answers[i].held)).toEqual(own)
        expect(answers[i].offered).toEqual([])
      }
    })

    test('come back to those in whose hands they expired for the last time', async () => {
      const study = await externalStudy(store(), { maxAttempts: 1 })
      const own = new Map<string, LeasedTrial>()
      for (const client of CLIENTS.slice(10, 20)) {
        const leased = await suggestOne(store(), study, client)
        await expire(store(), leased)
        own.set(client, leased)
      }
      const expected = CLIENTS.map((client) => {
        const leased = own.get(client)
        return { ...nothing, held: leased ? idsOf([leased]) : [] }
      })
      expect(await ask(study.id, 'small', 1)).toEqual(CLIENTS.map(() => nothing))
      expect(await ask(study.id, 'full', 1)).toEqual(expected)
      for (const leased of own.values()) {
        const { trial, leases } = await allOf(store(), leased.trial)
        expect(trial).toMatchObject({ state: 'running', attempts: 1, finishedAt: null })
        expect(leases).toMatchObject([{ id: leased.lease.id, releasedAt: null }])
      }
      expect(await ask(study.id, undefined, 1)).toEqual(expected)
    })

    test('are given to one client each when they wait', async () => {
      const study = await externalStudy(store())
      const { id: full } = await attachWaiting(store(), study)
      const { id: small } = await attachWaiting(
        store(),
        study,
        newExternalTrial(7, { fidelity: 'small' }),
      )
      expect(await ask(study.id, 'none')).toEqual(CLIENTS.map(() => nothing))
      const offered = (await ask(study.id, 'full')).map((answer) => answer.offered)
      expect(offered.filter(({ length }) => length > 0)).toEqual([[full]])
      const holder = CLIENTS[offered.findIndex(({ length }) => length > 0)]
      const later = await ask(study.id)
      expect(later.flatMap((answer) => answer.offered)).toEqual([small])
      expect(later.filter(({ held }) => held.length > 0)).toHaveLength(1)
      expect(later[CLIENTS.indexOf(holder)].held).toEqual([full])
    })

    test('of several studies are not mixed up', async () => {
      const studies = await Promise.all([1, 2, 3, 4].map(() => externalStudy(store())))
      const held: string[][] = []
      for (const [index, study] of studies.entries())
        held.push(idsOf(await suggest(store(), study, CLIENTS[index], 2)))
      const asked = CLIENTS.slice(0, 6).flatMap((client) =>
        studies.map((study, index) => ({ client, study, index })),
      )
      const answers = await Promise.all(
        asked.map(({ study, client }) => handOut(study.id, client, 9)),
      )
      const expected = asked.map(({ client, index }) =>
        client === CLIENTS[index] ? held[index] : [],
      )
      expect(answers.map((answer) => idsOf(answer.held))).toEqual(expected)
      expect(answers.flatMap(({ offered }) => offered)).toEqual([])
    })
  })

  describe('two clients that ask, renew and report at the same moment', () => {
    test('are answered, round after round', async () => {
      const study = await externalStudy(store())
      const rng = createRng(1, 'order')
      const own: Record<string, LeasedTrial[]> = {}
      for (const client of ['a', 'b']) own[client] = await suggest(store(), study, client, 6)
      const renew = (leased: LeasedTrial) => trials().renew(targetOf(leased), HOUR, resumed)
      const outcomeOf = async (answer: Promise<{ outcome: string }>) => (await answer).outcome
      for (let round = 0; round < ROUNDS; round += 1) {
        const calls = Object.entries(own).flatMap(([client, held]) => [
          ...[1, 2].map(() => async () => {
            const answer = await handOut(study.id, client, 9)
            return idsOf(answer.held).join() === idsOf(held).join() ? 'held' : 'others'
          }),
          ...held.map((leased) => () => outcomeOf(measure(store(), leased, reported(round)))),
          ...held.map((leased) => () => outcomeOf(renew(leased))),
        ])
        const answers = await Promise.all(shuffled(calls, rng).map((call) => call()))
        expect(answers.toSorted()).toEqual([...Array(4).fill('held'), ...Array(24).fill('kept')])
      }
      for (const { trial } of Object.values(own).flat())
        expect(await store().trials.measurements(trial.id)).toHaveLength(ROUNDS)
    })

    test('are answered while their trials end and expire, too', async () => {
      const study = await externalStudy(store(), { maxAttempts: 1_000 })
      const rng = createRng(2, 'order')
      for (let round = 0; round < ROUNDS; round += 1) {
        const held = [
          ...(await suggest(store(), study, 'a', 4)),
          ...(await suggest(store(), study, 'b', 4)),
        ]
        const calls: (() => Promise<unknown>)[] = held.flatMap((leased, i) => [
          () => measure(store(), leased, reported(500)),
          () => complete(store(), leased, { last: reported(1_000 + i) }),
          () => trials().renew(targetOf(leased), i % 2 === 0 ? HOUR : -HOUR, resumed),
        ])
        for (const client of ['a', 'b', 'c']) calls.push(() => handOut(study.id, client, 9))
        calls.push(() => trials().expireDue(news('expired'), study.id))
        await Promise.all(shuffled(calls, rng).map((call) => call()))
        for (const { trial } of held)
          expect(await store().trials.get(trial.id)).toMatchObject({ state: 'completed' })
      }
    })
  })
}

function shuffled<T>(values: readonly T[], rng: ReturnType<typeof createRng>): T[] {
  const placed = values.map((value) => ({ value, place: rng.uniform() }))
  return placed.sort((a, b) => a.place - b.place).map(({ value }) => value)
}
