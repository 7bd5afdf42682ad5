import { describe, expect, test } from 'vitest'
import type { InsertOutcome, TriedVersion } from '../../../src/store/external-trial-contract.js'
import type { OpenStore } from '../../../src/store/index.js'
import {
  allOf,
  attachWaiting,
  complete,
  expire,
  externalStudy,
  fail,
  given,
  grantFor,
  HOUR,
  measure,
  newExternalTrial,
  news,
  OVERDUE,
  reported,
  resumed,
  suggest,
  suggestOne,
  takeOffer,
  targetOf,
} from '../support/external-trials.js'
import { beginTrial, startSearch } from '../support/proxies.js'
import { newFit, newId } from '../support/records.js'

/** What must hold when many clients, the clock and people act on trials of others at the same moment. */
export function externalTrialRaceConformance(store: () => OpenStore): void {
  const trials = () => store().externalTrials
  const countOf = <T>(answers: readonly T[], answer: T) =>
    answers.filter((one) => one === answer).length

  describe('trials of others under concurrent calls', () => {
    test('are offered to one client each', async () => {
      const study = await externalStudy(store())
      const taken = await suggest(store(), study, 'dead', 10)
      for (let index = 0; index < 10; index += 1) await attachWaiting(store(), study)
      for (const leased of taken) await expire(store(), leased)
      const clients = Array.from({ length: 24 }, (_, index) => `client-${index}`)
      const offers = await Promise.all(clients.map((client) => takeOffer(store(), study, client)))
      const offered = offers.filter((leased) => leased !== undefined)
      expect(new Set(offered.map(({ trial }) => trial.id)).size).toBe(20)
      expect(offered).toHaveLength(20)
      await expectOneHolder(study)
      for (const leased of offered) {
        const { leases } = await allOf(store(), leased.trial)
        expect(leases.filter(({ releasedAt }) => releasedAt === null)).toMatchObject([
          { id: leased.lease.id, holder: leased.lease.holder },
        ])
      }
    })

    test('are handed to a client once, however often it asks', async () => {
      const study = await externalStudy(store())
      for (let index = 0; index < 3; index += 1) await attachWaiting(store(), study)
      const options = { limit: 2, maxAttempts: 3 }
      await Promise.all(
        Array.from({ length: 8 }, () =>
          trials().handOut(study.id, undefined, grantFor('a'), options, given, resumed),
        ),
      )
      const { held, offered } = await trials().handOut(
        study.id,
        undefined,
        grantFor('a'),
        { ...options, limit: 9 },
        given,
        resumed,
      )
      expect(held).toHaveLength(3)
      expect(offered).toEqual([])
      expect(held.map(({ attempt }) => attempt.number)).toEqual([1, 1, 1])
      await expectOneHolder(study)
    })

    test('are suggested at one place each', async () => {
      const study = await externalStudy(store())
      const clients = Array.from({ length: 12 }, (_, index) => `client-${index}`)
      const write = async (client: string, version: TriedVersion) => {
        const trial = { ...newExternalTrial(version.externalTrials), grant: grantFor(client) }
        return (await trials().insertSuggested(study.id, version, [trial], given)).outcome
      }
      const none = { externalTrials: 0, triedVersion: 0 }
      const first = await Promise.all(clients.map((client) => write(client, none)))
      expect(countOf(first, 'stale')).toBe(11)
      const persist = async (client: string): Promise<void> => {
        for (;;) {
          const snapshot = (await trials().snapshot(study.id, 'full'))!
          if ((await write(client, snapshot)) === 'inserted') return
        }
      }
      await Promise.all(clients.slice(1).map(persist))
      const all = await store().trials.list({ studyId: study.id, limit: 99 })
      expect(all.map(({ position }) => position)).toEqual([...all.keys()])
      expect(all).toHaveLength(12)
      expect(new Set(all.map(({ weights }) => weights.join())).size).toBe(12)
    })

    test('are given once to a client that asks two processes at the same moment', async () => {
      const study = await externalStudy(store())
      const none = { count: 0, fidelity: undefined }
      const ask = async () => {
        for (;;) {
          const snapshot = (await trials().snapshot(study.id, 'full'))!
          const trial = { ...newExternalTrial(snapshot.externalTrials), grant: grantFor('a') }
          const asked = [{ ...trial, holds: none }]
          const answer = await trials().insertSuggested(study.id, snapshot, asked, given)
          if (answer.outcome !== 'stale') return answer
        }
      }
      const answers = await Promise.all([ask(), ask(), ask()])
      const told = answers.filter(({ outcome }) => outcome === 'held')
      expect(told).toEqual([1, 2].map(() => ({ outcome: 'held', clients: ['a'] })))
      expect(await store().trials.list({ studyId: study.id, limit: 9 })).toHaveLength(1)
    })

    test('keep every measurement that was acknowledged, and no other', async () => {
      const leased = await suggestOne(store(), await externalStudy(store()))
      const tokens = Array.from({ length: 30 }, (_, index) => ((index * 7) % 30) * 100)
      const answers = await Promise.all(
        tokens.map(async (at) => [at, await measure(store(), leased, reported(at))] as const),
      )
      const kept = answers.filter(([, { outcome }]) => outcome === 'kept').map(([at]) => at)
      const { measurements, events } = await allOf(store(), leased.trial)
      expect(measurements.map((measurement) => measurement.tokens)).toEqual(
        kept.toSorted((a, b) => a - b),
      )
      expect(kept).toContain(2_900)
      expect(events.filter(({ type }) => type === 'measured')).toHaveLength(kept.length)
    })

    test('are completed once; every other result is kept once, as a replicate', async () => {
      const study = await externalStudy(store())
      const first = await suggestOne(store(), study)
      await expire(store(), first)
      const second = (await takeOffer(store(), study, 'b'))!
      await fail(store(), second)
      const third = (await takeOffer(store(), study, 'c'))!
      const attempts = [first, second, third]
      const outcomes = await Promise.all(
        attempts.flatMap((leased, index) =>
          Array.from({ length: 4 }, async () => {
            const last = reported(1_000, index)
            return (await complete(store(), leased, { last })).outcome
          }),
        ),
      )
      expect([
        countOf(outcomes, 'completed'),
        countOf(outcomes, 'replicate'),
        countOf(outcomes, 'repeated'),
      ]).toEqual([1, 2, 9])
      const all = await store().trials.list({ studyId: study.id, limit: 9 })
      expect(all.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed'])
      const measurements = await Promise.all(all.map(({ id }) => store().trials.measurements(id)))
      const losses = measurements.map((of) => of.map(({ values }) => values['loss/web']))
      expect(losses.flat().sort()).toEqual([0, 1, 2])
      expect(losses.map((of) => of.length)).toEqual([1, 1, 1])
    })

    test('end in one way when everything is said at once', async () => {
      for (let round = 0; round < 6; round += 1) {
        const study = await externalStudy(store())
        const leased = await suggestOne(store(), study)
        await measure(store(), leased, reported(1))
        const { id } = leased.trial
        const ends = await Promise.all([
          complete(store(), leased, { last: reported(1_000) }).then(({ outcome }) => outcome),
          complete(store(), leased, { kind: 'stopped' }).then(({ outcome }) => outcome),
          trials()
            .abandon(study.id, id, null, news('abandoned'))
            .then(({ outcome }) => outcome),
          trials()
            .cancelAll(study.id, news('cancelled'))
            .then(({ length }) => (length > 0 ? 'cancelled' : 'nothing')),
          ...[fail(store(), leased), measure(store(), leased)].map((said) => said.then(() => '')),
          trials().requestStop(id, 'now', { type: 'asked', data: {} }).then(String),
        ])
        const { trial, events } = await allOf(store(), leased.trial)
        const endings = ['completed', 'abandoned', 'cancelled'].map((end) => countOf(ends, end))
        expect(endings.reduce((sum, count) => sum + count)).toBe(1)
        const final = events.filter(({ data }) => data.state === trial.state)
        expect(final).toHaveLength(1)
        expect(trial.finishedAt).not.toBeNull()
      }
    })

    test('are held by one client while leases expire, come back and are given away', async () => {
      const study = await externalStudy(store(), { maxAttempts: 100 })
      const held = await suggest(store(), study, 'a', 6)
      const everything = held.flatMap((leased, index) => [
        trials().renew(targetOf(leased), OVERDUE, resumed),
        trials().renew(targetOf(leased), HOUR, resumed),
        measure(store(), leased, reported(index)),
        takeOffer(store(), study, `b-${index}`, 100),
        trials().expireDue(news('expired'), study.id),
        trials().expireDue(news('expired')),
        trials().renew(targetOf(leased), OVERDUE, resumed),
        takeOffer(store(), study, `c-${index}`, 100),
        trials().expireDue(news('expired'), study.id),
      ])
      await Promise.all(everything)
      await expectOneHolder(study)
      for (const leased of held) {
        const { trial, attempts, leases } = await allOf(store(), leased.trial)
        const isRunning = trial.state === 'running'
        expect(['running', 'expired']).toContain(trial.state)
        expect(
          countOf(
            attempts.map(({ state }) => state),
            'running',
          ),
        ).toBe(isRunning ? 1 : 0)
        expect(
          countOf(
            leases.map(({ releasedAt }) => releasedAt),
            null,
          ),
        ).toBe(isRunning ? 1 : 0)
      }
    })

    test('are gone with their study, whatever is told of them', async () => {
      for (let round = 0; round < 6; round += 1) {
        const study = await externalStudy(store())
        const { search, trials: proxies } = await startSearch(store(), study, 4)
        const held = await suggest(store(), study, 'a', 8)
        const attempt = await beginTrial(store(), proxies[0], 'w')
        for (const leased of held.slice(5)) await expire(store(), leased)
        const event = news('news')
        const said = [...held]
          .reverse()
          .flatMap((leased, index) => [
            trials().renew(targetOf(leased), OVERDUE, resumed),
            measure(store(), leased, reported(500)),
            complete(store(), leased, { last: reported(1_000 + index) }),
            fail(store(), leased),
            takeOffer(store(), study, `b-${index}`),
          ])
        const settled = await Promise.all([
          ...said,
          suggestUnlessGone(study),
          trials().attach(
            study.id,
            newExternalTrial(90),
            { client: 'c', maxTrials: null, grant: grantFor('c') },
            event,
          ),
          trials().expireDue(event),
          trials().expireDue(event, study.id),
          trials().cancelAll(study.id, event),
          store().trials.cancelSearch(search.id),
          store().trials.complete(attempt.id, 'w', reported(1_000)),
          store().searches.beginFit(search.id, newFit(study)),
          store().events.append(study.id, 'news', {}),
          store().studies.delete(study.id),
        ])
        expect(settled.at(-1)).toBe(true)
        const ids = held.map(({ trial }) => trial.id)
        const { rows } = await store().pool.query(
          `select count(*) from mixwright.trials where study_id = $1
           union all select count(*) from mixwright.attempts where id = any($2::uuid[])
           union all select count(*) from mixwright.leases where id = any($3::uuid[])
           union all select count(*) from mixwright.measurements where attempt_id = any($2::uuid[])
           union all select count(*) from mixwright.study_events where study_id = $1`,
          [study.id, held.map((one) => one.attempt.id), held.map((one) => one.lease.id)],
        )
        expect(rows.map(({ count }) => count)).toEqual([0, 0, 0, 0, 0])
        for (const id of ids) expect(await store().trials.get(id)).toBeUndefined()
      }
    })
  })

  function suggestUnlessGone({ id }: { id: string }): Promise<InsertOutcome> {
    const suggested = { ...newExternalTrial(8, { id: newId() }), grant: grantFor('d') }
    return trials().insertSuggested(id, { externalTrials: 8, triedVersion: 1 }, [suggested], given)
  }

  /** Counted in the tables themselves. */
  async function expectOneHolder({ id }: { id: string }): Promise<void> {
    const { rows } = await store().pool.query(
      `select trials.uid from mixwright.trials
       join mixwright.attempts on trial_id = trials.id
       join mixwright.leases on attempt_id = attempts.id
       where study_id = $1 and released_at is null
       group by trials.uid, trials.state
       having count(*) > 1 or trials.state <> 'running' or count(*) filter (where attempts.state <> 'running') > 0`,
      [id],
    )
    expect(rows).toEqual([])
  }
}
