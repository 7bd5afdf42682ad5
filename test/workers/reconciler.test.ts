import { afterEach, describe, expect, test } from 'vitest'
import { MixwrightError } from '../../src/errors.js'
import type { Compute } from '../../src/studies/ports.js'
import {
  type SearchReconcilerOptions,
  startReconciler,
  startSearchReconciler,
} from '../../src/workers/reconciler.js'
import type { RepeatedWork } from '../../src/workers/repeat.js'
import { SearchPlace } from '../studies/search-support.js'
import { COMPUTE } from '../studies/support.js'
import { deferred } from './queue-conformance.js'
import { createRecordingLogger } from './recording-logger.js'

const at = new SearchPlace()

/** Rounds are asked for by the tests alone. */
const intervalMs = 3_600_000

const started: RepeatedWork[] = []
afterEach(async () => {
  for (const work of started.splice(0)) await work.close()
})

function start<T extends RepeatedWork>(work: T): T {
  started.push(work)
  return work
}

function searchRounds(searches: SearchReconcilerOptions['searches']) {
  const logger = createRecordingLogger()
  const work = startSearchReconciler({ store: at.store, searches, logger, intervalMs })
  return { ...start(work), logger }
}

/** A search all of whose trials were set aside, without anybody taking it on. */
async function standing() {
  const study = await at.newStudy()
  const view = await at.services.searches.start(study.id, { trials: 12 })
  for (const trial of await at.trialsOf(view)) await at.setAside(trial)
  return view
}

describe('a round over searches', () => {
  test.each([
    ['no thread was to be had', new MixwrightError('overloaded', 'All threads are busy.')],
    ['something broke', new Error('a bug')],
  ])('takes the others on when %s for one, and that one in the next', async (_, failure) => {
    const views = [await standing(), await standing()]
    const { searches } = at.services
    const asked: string[] = []
    const { now, logger } = searchRounds({
      advance: async (id) => {
        asked.push(id)
        if (asked.length === 1) throw failure
        return searches.advance(id)
      },
      isAdvancing: () => false,
    })
    await now()
    const states = async () =>
      Promise.all(views.map(async (view) => (await at.stateOf(view)).state))
    expect((await states()).toSorted()).toEqual(['failed', 'running'])
    expect(logger.lines).toEqual([
      expect.objectContaining({ level: 'warn', fields: { search: asked[0], err: failure } }),
    ])
    await now()
    expect(await states()).toEqual(['failed', 'failed'])
  })

  test('leaves a search alone that this process is taking on already, and holds up no job', async () => {
    const asked = deferred<void>()
    const answer = deferred<never[]>()
    let choices = 0
    const suggest: Compute['suggest'] = (task) => {
      if (choices++ === 0) return COMPUTE.suggest(task)
      asked.resolve()
      return answer.promise
    }
    const { searches } = at.place.servicesWith({ compute: { ...COMPUTE, suggest } })
    const study = await at.newStudy({}, 'hyperband')
    const view = await searches.start(study.id, { trials: 5, parallel: 1 })
    for (const trial of await at.trialsOf(view)) await at.setAside(trial)
    const rounds = searchRounds(searches)
    const first = rounds.now()
    await asked.promise
    expect(searches.isAdvancing(view.search.id)).toBe(true)

    // While the method chooses: another round over searches, and one over jobs.
    await searchRounds(searches).now()
    expect(choices).toBe(2)
    const other = await at.services.searches.start((await at.newStudy()).id, { trials: 12 })
    const { rung, store } = at.place
    rung.length = 0
    const doorbell = { ring: async (...bell: (typeof rung)[number]) => void rung.push(bell) }
    const ages = { staleMs: 60_000, stagingMs: 60_000 }
    const logger = createRecordingLogger()
    await start(startReconciler({ store, doorbell, logger, intervalMs, ...ages })).now()
    const waiting = (await at.trialsOf(other)).map(({ jobId }) => jobId)
    expect(rung.map(([, id]) => id)).toEqual(expect.arrayContaining(waiting))

    answer.resolve([])
    await first
    expect(searches.isAdvancing(view.search.id)).toBe(false)
  })
})
