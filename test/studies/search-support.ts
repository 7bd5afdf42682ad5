import { expect } from 'vitest'
import { MixwrightError } from '../../src/errors.js'
import type { ProxyTrialRecord, SearchRecord, StudyRecord } from '../../src/store/records.js'
import type { SearchView } from '../../src/studies/searches.js'
import { beginTrial } from '../store/support/proxies.js'
import { corpusProblem, FilePlace } from './support.js'

const PROBLEM = { code: 'training-diverged', detail: 'The loss is not finite.' }

/** Searches of studies with proxies, for the tests of a file; nobody works their trials off but the tests. */
export class SearchPlace extends FilePlace {
  async newStudy(
    change: Parameters<typeof corpusProblem>[1] = {},
    method = 'mixing-laws',
  ): Promise<StudyRecord> {
    const problem = await corpusProblem(this.store, change)
    return this.services.studies.create({ name: 'a study', problem, method, seed: 5 })
  }

  async trialsOf({ search }: SearchView): Promise<ProxyTrialRecord[]> {
    const { id: searchId, studyId } = search
    return this.store.trials.list({ studyId, searchId, limit: 1000 })
  }

  async stateOf({ search: { id, studyId } }: SearchView): Promise<SearchRecord> {
    return (await this.services.searches.get(studyId, id)).search
  }

  async eventsOf(studyId: string): Promise<string[]> {
    return (await this.store.events.after(studyId, 0, 1000)).map(({ type }) => type)
  }

  /** As a worker does that fails at it for good. */
  async setAside(trial: ProxyTrialRecord): Promise<void> {
    const attempt = await beginTrial(this.store, trial)
    const end = { state: 'failed', problem: PROBLEM, retry: false } as const
    await this.store.trials.endAttempt(attempt.id, 'a trainer', end)
  }
}

export async function refusal(work: Promise<unknown>): Promise<MixwrightError> {
  const error = await work.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(MixwrightError)
  return error as MixwrightError
}
