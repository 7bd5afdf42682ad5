import { describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import { completeTrial, newSearch, newTrial, startSearch } from '../support/proxies.js'
import { newFit, newId, newStudy } from '../support/records.js'

export function searchConformance(store: () => OpenStore): void {
  const searches = () => store().searches
  const anyStudy = () => store().studies.insert(newStudy())

  describe('searches', () => {
    test('are written with their trials and the jobs of these', async () => {
      const study = await anyStudy()
      const { search, trials } = await startSearch(store(), study, 3, { seed: -7 })
      expect(search).toMatchObject({
        studyId: study.id,
        purpose: 'search',
        fidelity: 'proxy',
        fidelities: null,
        trials: 3,
        budget: null,
        parallel: null,
        seed: -7,
        state: 'running',
        fitId: null,
        problem: null,
        version: 1,
        finishedAt: null,
      })
      expect(await searches().get(search.id)).toEqual(search)
      const listed = await store().trials.list({ studyId: study.id, limit: 9 })
      expect(listed).toMatchObject(
        trials.map((trial) => ({
          ...trial,
          state: 'waiting',
          attempts: 0,
          problem: null,
          finishedAt: null,
        })),
      )
      for (const { id, jobId } of trials)
        expect(await store().jobs.get(jobId)).toMatchObject({
          kind: 'trial',
          studyId: study.id,
          subjectId: id,
          state: 'queued',
        })
    })

    test('take thousands of trials, exactly as they were given', async () => {
      const study = await anyStudy()
      const given = newSearch(study, { trials: 4_500 })
      const shares = [0.1 + 0.2, 5e-324, 1 / 3]
      const trials = Array.from({ length: 4_500 }, (_, position) =>
        newTrial(given, position, { weights: shares.map((share) => share / (position + 1)) }),
      )
      await searches().insert(given, trials)
      expect(await searches().counts(given.id)).toMatchObject({ waiting: 4_500 })
      const listed = await store().trials.list({ studyId: study.id, limit: 5_000 })
      expect(listed.map(({ id }) => id)).toEqual(trials.map(({ id }) => id))
      expect(listed.map(({ weights }) => weights)).toEqual(trials.map(({ weights }) => weights))
    })

    test('are one at a time in a study, whoever starts them', async () => {
      const study = await anyStudy()
      const given = Array.from({ length: 5 }, () => newSearch(study))
      const answers = await Promise.all(
        given.map((one) => searches().insert(one, [newTrial(one, 0), newTrial(one, 1)])),
      )
      const started = answers.filter((answer) => answer !== undefined)
      expect(started).toHaveLength(1)
      const listed = await store().trials.list({ studyId: study.id, limit: 99 })
      expect(listed.map(({ searchId }) => searchId)).toEqual([started[0].id, started[0].id])
      expect(await store().jobs.list({ studyId: study.id, limit: 99 })).toHaveLength(2)

      await searches().end(started[0].id, ['running'], { state: 'cancelled', problem: null })
      const next = await startSearch(store(), study)
      expect(next.search.state).toBe('running')
    })

    test('leave nothing behind when they cannot be written', async () => {
      const study = await anyStudy()
      const { search, trials } = await startSearch(store(), study, 1)
      const other = newSearch(await anyStudy())
      const clashing = [newTrial(other, 0), newTrial(other, 1, { id: trials[0].id })]
      await expect(searches().insert(other, clashing)).rejects.toMatchObject({ code: '23505' })
      expect(await searches().get(other.id)).toBeUndefined()
      expect(await store().jobs.get(clashing[0].jobId)).toBeUndefined()
      expect(await searches().get(search.id)).toEqual(search)
    })

    test('are not written for a study that is gone', async () => {
      for (const studyId of [newId(), 'study-1']) {
        const search = newSearch({ id: studyId })
        expect(await searches().insert(search, [newTrial(search, 0)])).toBeUndefined()
        expect(await searches().list(studyId, { limit: 9 })).toEqual([])
      }
      for (const id of [newId(), 'search-1']) {
        expect(await searches().get(id)).toBeUndefined()
        expect(await searches().counts(id)).toEqual({
          waiting: 0,
          running: 0,
          completed: 0,
          failed: 0,
          cancelled: 0,
        })
        const end = { state: 'failed', problem: null } as const
        expect(await searches().end(id, ['running'], end)).toBe(false)
        expect(await searches().beginFit(id, newFit(await anyStudy()))).toBe(false)
      }
    })

    test('are listed newest first, page by page, and found while unfinished', async () => {
      const study = await anyStudy()
      const ids: string[] = []
      for (let index = 0; index < 3; index += 1) {
        const { search } = await startSearch(store(), study, 1)
        ids.push(search.id)
        if (index < 2)
          await searches().end(search.id, ['running'], { state: 'finished', problem: null })
      }
      await startSearch(store(), await anyStudy(), 1)
      const page = await searches().list(study.id, { limit: 2 })
      const rest = await searches().list(study.id, { limit: 2, after: page[1].id })
      expect([...page, ...rest].map(({ id }) => id)).toEqual(ids.toReversed())
      const unfinished = (await searches().unfinished()).filter(({ id }) => ids.includes(id))
      expect(unfinished.map(({ id }) => id)).toEqual([ids[2]])
    })

    test('count their trials by state', async () => {
      const { search, trials } = await startSearch(store(), await anyStudy(), 4)
      await completeTrial(store(), trials[0])
      await store().jobs.requestCancel(trials[1].jobId)
      expect(await searches().counts(search.id)).toEqual({
        waiting: 2,
        running: 0,
        completed: 1,
        failed: 0,
        cancelled: 1,
      })
    })

    test('begin their fit once all trials have ended, once', async () => {
      const study = await anyStudy()
      const { search, trials } = await startSearch(store(), study, 2)
      const fits = Array.from({ length: 4 }, () => ({
        ...newFit(study),
        trialIds: trials.map(({ id }) => id),
      }))
      await completeTrial(store(), trials[0])
      expect(await searches().beginFit(search.id, fits[0])).toBe(false)
      expect(await store().jobs.get(fits[0].jobId)).toBeUndefined()
      await completeTrial(store(), trials[1])

      const begun = await Promise.all(fits.map((fit) => searches().beginFit(search.id, fit)))
      expect(begun.filter(Boolean)).toHaveLength(1)
      const fit = fits[begun.indexOf(true)]
      expect(await searches().get(search.id)).toMatchObject({
        state: 'fitting',
        fitId: fit.id,
        version: 2,
      })
      expect(await store().fits.get(fit.id)).toMatchObject({ ...fit, recommendation: null })
      expect(await store().jobs.get(fit.jobId)).toMatchObject({ kind: 'fit', state: 'queued' })
      const kinds = (await store().jobs.list({ studyId: study.id, limit: 9 })).map((j) => j.kind)
      expect(kinds.filter((kind) => kind === 'fit')).toHaveLength(1)
    })

    test('that compare have no fit', async () => {
      const study = await anyStudy()
      const { search, trials } = await startSearch(store(), study, 1, { purpose: 'comparison' })
      await completeTrial(store(), trials[0])
      expect(await searches().beginFit(search.id, newFit(study))).toBe(false)
      const end = { state: 'finished', problem: null } as const
      expect(await searches().end(search.id, ['running'], end)).toBe(true)
      expect(await searches().get(search.id)).toMatchObject({ state: 'finished', fitId: null })
    })

    test('that are chosen by results keep their terms', async () => {
      const terms = { fidelities: ['proxy', 'a "larger" one'], budget: 0.1 + 0.2, parallel: 4 }
      const { search } = await startSearch(store(), await anyStudy(), 2, { ...terms, trials: 99 })
      expect(await searches().get(search.id)).toMatchObject({ ...terms, trials: 99 })
    })

    test('get further trials while they run, one after the other, whoever adds them', async () => {
      const { search, trials } = await startSearch(store(), await anyStudy(), 2, { parallel: 2 })
      const further = [0, 1, 2, 3].map(() => [newTrial(search, 2), newTrial(search, 3)])
      const added = await Promise.all(further.map((two) => searches().extend(search.id, 2, two)))
      expect(added.filter(Boolean)).toHaveLength(1)
      const kept = further[added.indexOf(true)]
      const listed = await store().trials.list({
        studyId: search.studyId,
        searchId: search.id,
        limit: 9,
      })
      expect(listed.map(({ id, position }) => [id, position])).toEqual(
        [...trials, ...kept].map(({ id, position }) => [id, position]),
      )
      expect(listed.slice(2)).toMatchObject(kept.map((trial) => ({ ...trial, state: 'waiting' })))
      for (const { id, jobId } of kept)
        expect(await store().jobs.get(jobId)).toMatchObject({ subjectId: id, state: 'queued' })
      expect(await searches().counts(search.id)).toMatchObject({ waiting: 4 })
      for (const lost of further.filter((two) => two !== kept))
        expect(await store().jobs.get(lost[0].jobId)).toBeUndefined()
    })

    test('get none once they are fitting or have ended', async () => {
      const study = await anyStudy()
      const { search, trials } = await startSearch(store(), study, 1, { parallel: 1 })
      await completeTrial(store(), trials[0])
      expect(await searches().extend(search.id, 0, [newTrial(search, 0)])).toBe(false)
      const [begun, extended] = await Promise.all([
        searches().beginFit(search.id, newFit(study)),
        searches().extend(search.id, 1, [newTrial(search, 1)]),
      ])
      expect(begun).not.toBe(extended)
      await searches().end(search.id, ['running', 'fitting'], { state: 'cancelled', problem: null })
      expect(await searches().extend(search.id, 1, [newTrial(search, 1)])).toBe(false)
      expect(await searches().extend(search.id, 2, [newTrial(search, 2)])).toBe(false)
      for (const id of [newId(), 'search-1'])
        expect(await searches().extend(id, 0, [newTrial(search, 0)])).toBe(false)
    })

    test('end once, from the states they may end from', async () => {
      const { search } = await startSearch(store(), await anyStudy(), 1)
      const failed = { state: 'failed', problem: { code: 'search-failed' } } as const
      expect(await searches().end(search.id, ['fitting'], failed)).toBe(false)
      expect(await searches().end(search.id, [], failed)).toBe(false)
      const ends = await Promise.all(
        [failed, { state: 'cancelled', problem: null } as const].map((end) =>
          searches().end(search.id, ['running', 'fitting'], end),
        ),
      )
      expect(ends.filter(Boolean)).toHaveLength(1)
      const ended = (await searches().get(search.id))!
      expect(ended).toMatchObject(ends[0] ? failed : { state: 'cancelled', problem: null })
      expect(ended.finishedAt).toBeInstanceOf(Date)
      expect(ended.version).toBe(search.version + 1)
    })

    test('end together with the event that tells of it, or without either', async () => {
      const study = await anyStudy()
      const { search } = await startSearch(store(), study, 1)
      const finished = { state: 'finished', problem: null } as const
      const event = { type: 'search-finished', data: { searchId: search.id } }
      expect(await searches().end(search.id, ['fitting'], finished, event)).toBe(false)
      expect(await store().events.after(study.id, 0, 9)).toEqual([])
      // A value that JSON text cannot hold in a column of PostgreSQL.
      const unstorable = { ...finished, problem: { detail: '\0' } }
      await expect(searches().end(search.id, ['running'], unstorable, event)).rejects.toThrow()
      expect(await store().events.after(study.id, 0, 9)).toEqual([])
      const ends = await Promise.all(
        [1, 2, 3].map(() => searches().end(search.id, ['running'], finished, event)),
      )
      expect(ends.filter(Boolean)).toHaveLength(1)
      expect(await store().events.after(study.id, 0, 9)).toMatchObject([event])
    })
  })
}
