import { describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import {
  attachWaiting,
  complete,
  expire,
  externalStudy,
  fail,
  measure,
  reported,
  suggest,
  takeOffer,
} from '../support/external-trials.js'
import { beginTrial, completeTrial, measured, startSearch } from '../support/proxies.js'
import { importRows, newId, newStudy, runRows } from '../support/records.js'

const EXACT = { z: 0.1 + 0.2, a: 5e-324, 'é"\n': -1.5e300 }

/** What is read by key, many at a time. */
export function trialDetailConformance(store: () => OpenStore): void {
  const trials = () => store().trials

  /** The same by one read for each table. */
  async function readApart(id: string) {
    const attempts = (await trials().attempts(id)).map(async (attempt) => ({
      ...attempt,
      leases: await trials().leases(attempt.id),
    }))
    return {
      trial: await trials().get(id),
      attempts: await Promise.all(attempts),
      measurements: await trials().measurements(id),
    }
  }

  /** One with three attempts, of which the first completed late and the second failed, and the other ways to end. */
  async function externalTrials(): Promise<string[]> {
    const study = await externalStudy(store())
    const [first, late, failed] = await suggest(store(), study, 'a', 3)
    const exact = { ...reported(0), values: EXACT }
    for (const last of [exact, reported(10)]) await measure(store(), first, last)
    await expire(store(), first)
    const second = (await takeOffer(store(), study, 'b'))!
    for (const tokens of [7, 5e8]) await measure(store(), second, reported(tokens))
    await fail(store(), second)
    const third = (await takeOffer(store(), study, 'c'))!
    await measure(store(), third, reported(1))
    await complete(store(), first, { last: reported(2_000), reason: 'it is good' })
    const replicateId = newId()
    await complete(store(), third, { last: reported(9), replicateId })
    await complete(store(), late, { kind: 'stopped', last: reported(1, 2), reason: 'ü "no"' })
    await fail(store(), failed)
    const waiting = await attachWaiting(store(), study)
    return [first, late, failed].map(({ trial }) => trial.id).concat(replicateId, waiting.id)
  }

  async function proxyTrials(): Promise<string[]> {
    const study = await store().studies.insert(newStudy())
    const [done, again, waiting] = (await startSearch(store(), study, 3)).trials
    await completeTrial(store(), done)
    const { id: attemptId } = await beginTrial(store(), again, 'a')
    await trials().measure({ trialId: again.id, attemptId, ...measured(100) })
    const problem = { code: 'training-failed', detail: 'no' }
    await trials().endAttempt(attemptId, 'a', { state: 'failed', problem, retry: true })
    await completeTrial(store(), again, 'b')
    return [done, again, waiting].map(({ id }) => id)
  }

  /** Ids of runs, which are no trials to the outside. */
  async function importedRuns(): Promise<string[]> {
    const study = await store().studies.insert(newStudy())
    const { id } = await importRows(store(), study, runRows(3))
    const text = 'select uid from mixwright.trials where import_id = $1'
    const { rows } = await store().pool.query(text, [id])
    return rows.map(({ uid }) => uid as string)
  }

  describe('a trial in detail', () => {
    test.each([
      ['others', externalTrials, [3, 1, 1, 1, 0], [6, 1, 0, 1, 0]],
      ['proxies', proxyTrials, [1, 2, 0], [2, 3, 0]],
    ])(
      'is what each of its tables says, for trials of %s',
      async (_, make, attempts, measurements) => {
        const ids = await make()
        const details = []
        for (const id of ids) {
          const detail = await trials().detail(id)
          expect(detail).toStrictEqual(await readApart(id))
          expect(await trials().detail(id.toUpperCase())).toStrictEqual(detail)
          details.push(detail!)
        }
        expect(details.map((detail) => detail.attempts.length)).toEqual(attempts)
        expect(details.map((detail) => detail.measurements.length)).toEqual(measurements)
      },
    )

    test('keeps the order of keys and the last bit of numbers', async () => {
      const [id] = await externalTrials()
      const { measurements } = (await trials().detail(id))!
      const first = measurements.find(({ tokens }) => tokens === 0)!
      expect(JSON.stringify(first.values)).toBe(JSON.stringify(EXACT))
    })

    test('is read for many at a time, of which some are not there or are no trials', async () => {
      const there = [...(await externalTrials()), ...(await proxyTrials())]
      const others = [newId(), ...(await importedRuns()), 'trial-1', '']
      expect(others).toHaveLength(6)
      const ids = Array.from({ length: 20 }, () => [...there, ...others, newId()]).flat()
      const details = await Promise.all(ids.map((id) => trials().detail(id)))
      const expected = new Map<string, unknown>()
      for (const id of there) expected.set(id, await readApart(id))
      for (const [i, id] of ids.entries()) expect(details[i]).toEqual(expected.get(id))
      expect(details.filter((detail) => detail !== undefined)).toHaveLength(20 * there.length)
    })
  })

  describe('studies read many at a time', () => {
    test('are each what was written, or undefined', async () => {
      const studies = await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          store().studies.insert(newStudy({ name: `no. ${i}` })),
        ),
      )
      const written = new Map(studies.map((study) => [study.id, study]))
      const known = studies.map(({ id }) => id)
      const ids = [...known, newId(), 'study-1', '', ...known.toReversed(), ...known, ...known]
      const read = await Promise.all(ids.map((id) => store().studies.get(id)))
      expect(read).toEqual(ids.map((id) => written.get(id)))
      const shouted = await Promise.all(known.map((id) => store().studies.get(id.toUpperCase())))
      expect(shouted).toEqual(studies)
    })

    test('are as they were when they were asked for, or newer', async () => {
      const { id, version } = await store().studies.insert(newStudy())
      const early = store().studies.get(id)
      const updated = await store().studies.update(id, version, { name: 'changed' })
      const reads = await Promise.all([1, 2, 3].map(() => store().studies.get(id)))
      expect(reads).toEqual([updated, updated, updated])
      expect((await early)!.id).toBe(id)
      expect(await store().studies.delete(id)).toBe(true)
      expect(await Promise.all([1, 2].map(() => store().studies.get(id)))).toEqual([
        undefined,
        undefined,
      ])
    })
  })
}
