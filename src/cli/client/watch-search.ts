import { setTimeout as delay } from 'node:timers/promises'
import { MixwrightError } from '../../errors.js'
import type { StudyEvent } from '../../studies/events.js'
import type { Search } from './answers.js'
import type { ApiClient } from './api-client.js'

/** Telling watchers is not worth failing a trial for, so an event can be lost: the search itself is looked at, too. */
const LOOK_EVERY_MS = 5_000

export interface SearchListener {
  onEvent?: (event: StudyEvent) => void
  onConnection?: (state: 'lost' | 'back') => void
}

/**
 * Follows a search to its end, from its first event.
 * @returns the search as it ended, or as it was last seen when the signal was aborted
 * @throws MixwrightError what the service refuses, for instance when the search is deleted
 */
export async function watchSearch(
  api: ApiClient,
  search: Search,
  signal: AbortSignal,
  { onEvent = () => {}, onConnection }: SearchListener = {},
): Promise<Search> {
  const over = new AbortController()
  const ended = AbortSignal.any([signal, over.signal])
  let latest = search
  const look = async () => {
    latest = await api.search(search.studyId, search.id, ended).catch((error) => {
      // A service that does not answer may come back; one that refuses does not change its mind.
      if (error instanceof MixwrightError && error.status < 500) throw error
      return latest
    })
    if (!isUnderWay(latest)) over.abort()
  }
  const listen = async () => {
    for await (const event of api.watch(search.studyId, { signal: ended, onConnection })) {
      if (event.data.searchId !== search.id) continue
      onEvent(event)
      if (ENDS.has(event.type)) await look()
    }
  }
  try {
    await Promise.all([listen(), lookNowAndThen(look, ended)])
  } catch (error) {
    if (!ended.aborted) throw error
  } finally {
    over.abort()
  }
  return latest
}

const ENDS = new Set<StudyEvent['type']>(['search-finished', 'search-failed', 'search-cancelled'])

async function lookNowAndThen(look: () => Promise<void>, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    // A wait that is cut short is no error.
    await delay(LOOK_EVERY_MS, undefined, { signal: ended }).catch(() => {})
    if (!ended.aborted) await look()
  }
}

/** Whether the search still changes by itself. */
export function isUnderWay({ state }: Search): boolean {
  return state === 'running' || state === 'fitting'
}
