import { describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import { beginTrial, IN_A_MINUTE, measured, startSearch } from '../support/proxies.js'
import { newFit, newStudy } from '../support/records.js'

const IN_AN_HOUR = () => new Date(Date.now() + 3_600_000)
const CANCELLED = { state: 'cancelled', problem: null, retry: false } as const
const RETRY = { state: 'interrupted', problem: null, retry: true } as const

/** What must hold when several workers and people act on the same trials at the same moment. */
export function trialRaceConformance(store: () => OpenStore): void {
  const trials = () => store().trials
  const anySearch = async (count: number) =>
    startSearch(store(), await store().studies.insert(newStudy()), count)
  const countOf = (answers: readonly unknown[]) => answers.filter(Boolean).length

  describe('trials under concurrent calls', () => {
    test('are completed once, however often and by whomever it is said', async () => {
      const { trials: given } = await anySearch(5)
      for (const trial of given) {
        const dead = await beginTrial(store(), trial, 'dead')
        await store().jobs.claim(trial.jobId, 'heir', IN_AN_HOUR())
        const heir = (await trials().beginAttempt(trial.id, 'heir', IN_A_MINUTE()))!
        const answers = await Promise.all([
          trials().complete(dead.id, 'dead', measured(1_000, 9)),
          trials().complete(heir.id, 'heir', measured(1_000, 1)),
          trials().complete(dead.id, 'dead', measured(1_000, 9)),
          trials().complete(heir.id, 'heir', measured(2_000, 2)),
          trials().complete(heir.id, 'heir', measured(3_000, 3)),
        ])
        expect(countOf(answers)).toBe(1)
        expect(answers[0] || answers[2]).toBe(false)
        const kept = await trials().measurements(trial.id)
        expect(kept).toHaveLength(1)
        expect(kept[0].attemptId).toBe(heir.id)
        expect(await store().jobs.get(trial.jobId)).toMatchObject({ state: 'succeeded' })
      }
    })

    test('end in one way when they complete, fail and are cancelled at once', async () => {
      const { search, trials: given } = await anySearch(8)
      await Promise.all(
        given.map(async (trial, index) => {
          const attempt = await beginTrial(store(), trial, `w${index}`)
          const [completed, ended] = await Promise.all([
            trials().complete(attempt.id, `w${index}`, measured(1_000)),
            trials().endAttempt(attempt.id, `w${index}`, index % 2 ? CANCELLED : RETRY),
            trials().cancelSearch(search.id),
            store().jobs.requestCancel(trial.jobId),
          ])
          expect(countOf([completed, ended])).toBe(1)
          const { state } = (await trials().get(trial.id))!
          const { state: job } = (await store().jobs.get(trial.jobId))!
          expect(state === 'completed').toBe(completed)
          expect(job).toBe({ completed: 'succeeded', cancelled: 'cancelled' }[state as 'completed'])
          expect(await trials().measurements(trial.id)).toHaveLength(completed ? 1 : 0)
          const [{ state: attemptState }] = await trials().attempts(trial.id)
          expect(attemptState).not.toBe('running')
        }),
      )
      const counts = await store().searches.counts(search.id)
      expect(counts.completed + counts.cancelled).toBe(8)
    })

    test('are begun once by a worker, and never when cancelled before', async () => {
      const { search, trials: given } = await anySearch(12)
      const begun = await Promise.all([
        ...given.map(async (trial, index) => {
          await store().jobs.claim(trial.jobId, `w${index}`, new Date(0))
          return trials().beginAttempt(trial.id, `w${index}`, IN_A_MINUTE())
        }),
        trials().cancelSearch(search.id),
      ])
      for (const [index, trial] of given.entries()) {
        const { state } = (await trials().get(trial.id))!
        const job = (await store().jobs.get(trial.jobId))!
        const attempts = await trials().attempts(trial.id)
        expect(attempts).toHaveLength(begun[index] ? 1 : 0)
        if (state === 'cancelled') expect(job.state).toBe('cancelled')
        else expect(job).toMatchObject({ state: 'running', cancelRequestedAt: expect.any(Date) })
        expect(state).toBe(begun[index] ? 'running' : 'cancelled')
      }
    })

    test('have one open attempt, also when the same worker begins twice', async () => {
      const [trial] = (await anySearch(1)).trials
      await store().jobs.claim(trial.jobId, 'w', new Date(0))
      const begun = await Promise.all(
        Array.from({ length: 4 }, () => trials().beginAttempt(trial.id, 'w', IN_A_MINUTE())),
      )
      expect(begun.map((attempt) => attempt!.number).sort()).toEqual([1, 2, 3, 4])
      const attempts = await trials().attempts(trial.id)
      expect(attempts.map(({ state }) => state)).toEqual(['lost', 'lost', 'lost', 'running'])
      const answers = await Promise.all(
        begun.map((attempt) => trials().complete(attempt!.id, 'w', measured(1_000))),
      )
      expect(countOf(answers)).toBe(1)
    })

    test('are measured once for each number of tokens', async () => {
      const [trial] = (await anySearch(1)).trials
      const attempt = await beginTrial(store(), trial)
      const ids = { trialId: trial.id, attemptId: attempt.id }
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          trials().measure({ ...ids, ...measured(100 * (index % 3)) }),
        ),
      )
      expect(countOf(answers)).toBe(3)
      expect(await trials().measurements(trial.id)).toHaveLength(3)
    })

    test('are gone with their study, whatever goes on in it', async () => {
      for (let round = 0; round < 6; round += 1) {
        const study = await store().studies.insert(newStudy())
        const { search, trials: given } = await startSearch(store(), study, 10)
        const { studyId } = search
        const attempts = []
        // Backwards, so that the rows do not lie in the order of their ids.
        for (const trial of given.slice(0, 7).reverse())
          attempts.push(await beginTrial(store(), trial, 'w'))
        await Promise.all([
          ...attempts.flatMap(({ id, trialId }) => [
            trials().measure({ trialId, attemptId: id, ...measured(500) }),
            trials().complete(id, 'w', measured(1_000)),
            trials().endAttempt(id, 'w', RETRY),
            store().events.append(studyId, 'news', {}),
          ]),
          ...given.map(({ jobId }) => store().jobs.requestCancel(jobId)),
          trials().cancelSearch(search.id),
          trials().cancelSearch(search.id),
          store().searches.beginFit(search.id, newFit(study)),
          store().jobs.deleteEndedBefore(IN_AN_HOUR()),
          store().studies.delete(studyId),
        ])
        expect(await store().searches.get(search.id)).toBeUndefined()
        expect(await store().jobs.list({ studyId, limit: 9 })).toEqual([])
        const { rows } = await store().pool.query(
          `select count(*) from mixwright.trials where study_id = $1
           union all select count(*) from mixwright.attempts where id = any($2::uuid[])
           union all select count(*) from mixwright.leases where attempt_id = any($2::uuid[])
           union all select count(*) from mixwright.measurements where attempt_id = any($2::uuid[])
           union all select count(*) from mixwright.study_events where study_id = $1`,
          [studyId, attempts.map(({ id }) => id)],
        )
        expect(rows.map(({ count }) => count)).toEqual([0, 0, 0, 0, 0])
      }
    })
  })
}
