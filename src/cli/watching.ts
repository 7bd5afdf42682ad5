import { type ApiClient, failureOf, isUnderWay, type Search, watchSearch } from './client/index.js'
import { InterruptedError, NoAnswerError } from './failures.js'
import { untilInterrupted } from './interruption.js'
import { createTrialDisplay, type TrialDisplay } from './terminal/trial-display.js'

/**
 * Shows a search on standard error until it has finished.
 * @throws MixwrightError what it failed of
 * @throws NoAnswerError when it was cancelled
 * @throws InterruptedError when the user stops watching; the search goes on
 */
export async function completed(api: ApiClient, begun: Search, json: boolean): Promise<Search> {
  const ended = await watch(api, begun, json)
  if (ended.state === 'failed') throw failureOf(ended.problem)
  if (ended.state !== 'cancelled') return ended
  throw new NoAnswerError(
    'the search was cancelled; what was measured is kept',
    `See it with: mixwright trials ${ended.studyId}`,
  )
}

async function watch(api: ApiClient, begun: Search, json: boolean): Promise<Search> {
  if (!isUnderWay(begun)) return begun
  // With --json, standard error is kept for a problem document unless a person is looking at it.
  const isSeen = !json || process.stderr.isTTY
  const display = isSeen
    ? createTrialDisplay(process.stderr, { total: begun.trials, fidelities: begun.fidelities })
    : undefined
  try {
    return await untilInterrupted((signal) => {
      display?.say(announcement(begun))
      return watchSearch(api, begun, signal, {
        onEvent: (event) => display?.handle(event),
        onConnection: (state) => sayConnection(display, state),
      })
    })
  } catch (error) {
    display?.close()
    if (error instanceof InterruptedError && isSeen) process.stderr.write(`${comeBack(begun)}\n`)
    throw error
  } finally {
    display?.close()
  }
}

function sayConnection(display: TrialDisplay | undefined, state: 'lost' | 'back'): void {
  display?.say(state === 'lost' ? 'the connection is lost; trying again' : 'the connection is back')
}

export function announcement({
  id,
  trials,
  fidelity,
  fidelities,
  parallel,
  state,
}: Search): string {
  const doing = state === 'running' || state === 'fitting' ? 'is under way' : `has ${state}`
  const most = parallel === null ? `${trials}` : `up to ${trials}`
  const where = fidelities
    ? `the fidelities ${fidelities.map((name) => `"${name}"`).join(', ')}`
    : `fidelity "${fidelity}"`
  return `The search ${id} ${doing}: ${most} trials at ${where}.`
}

export function comeBack({ studyId }: Search): string {
  return `It goes on in the service. Watch it: mixwright search ${studyId} --attach; end it: mixwright study cancel ${studyId}`
}
