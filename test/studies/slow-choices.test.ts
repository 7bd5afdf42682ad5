import { afterAll, describe, expect, test } from 'vitest'
import type { Suggestion } from '../../src/optimizers/types.js'
import type { Compute } from '../../src/studies/ports.js'
import { ThreadGroup } from '../../src/workers/threads/thread-group.js'
import { AdaptivePlace, drawMixtures, withMethod } from './adaptive-support.js'
import { refusal } from './search-support.js'
import { COMPUTE, corpusProblem } from './support.js'

const at = new AdaptivePlace()

const spinning = withMethod({
  name: 'spinning',
  suggest: () => {
    throw new Error('it is asked in a thread')
  },
})

/** Each mixture takes it a twentieth of a second. */
const leisurely = withMethod({
  name: 'leisurely',
  suggest: (input) => {
    const suggestions: Suggestion[] = []
    for (const one of drawMixtures(input, 'small', input.count)) {
      if (suggestions.length > 0 && input.isEnough?.()) break
      const begun = performance.now()
      while (performance.now() - begun < 50);
      suggestions.push(one)
    }
    return suggestions
  },
})

test('clients that ask for more than can be chosen in time get what was chosen, and those without ask again', async () => {
  const study = await at.studyOf(leisurely.name)
  const { suggestions } = at.place.servicesWith({ limits: { choiceSeconds: 0.4 } })
  await suggestions.suggest(study.id, { client: 'baselines', count: 2 })
  const served = new Set<string>()
  let rounds = 0
  while (served.size < 20) {
    const waiting = Array.from({ length: 20 }, (_, i) => `client ${i}`).filter(
      (c) => !served.has(c),
    )
    const answers = await Promise.all(
      waiting.map((client) => suggestions.suggest(study.id, { client })),
    )
    rounds += 1
    answers.forEach(({ trials, exhausted, retryAfter }, i) => {
      if (trials.length > 0) served.add(waiting[i])
      else expect({ exhausted, retryAfter }).toEqual({ exhausted: false, retryAfter: 30 })
    })
    expect(answers.some(({ trials }) => trials.length > 0)).toBe(true)
  }
  // All at once would take a second.
  expect(rounds).toBeGreaterThan(1)
  expect(await at.trialsOf(study)).toHaveLength(22)
})

describe('a method that does not come to an end', () => {
  const threads = new ThreadGroup(1, 512)
  afterAll(() => threads.close())

  /** On the only thread, where the method spins. */
  const suggest: Compute['suggest'] = (task, options) =>
    threads.run('./../../../test/studies/spinning-method.js', { task }, options)

  const services = (choiceSeconds: number) =>
    at.place.servicesWith({ compute: { ...COMPUTE, suggest }, limits: { choiceSeconds } })

  test('is stopped when somebody waits for it, and its thread serves others', async () => {
    const study = await at.studyOf(spinning.name)
    const ask = (id: string) => services(1).suggestions.suggest(id, { client: 'a', count: 3 })
    const refused = await refusal(ask(study.id))
    expect(refused).toMatchObject({ code: 'overloaded', status: 503 })
    expect(refused.message).toMatch(
      /^spinning did not choose a mixture within 1 s and was stopped\. .*param/,
    )
    expect((await at.trialsOf(study)).length).toBe(0)
    const other = await at.studyOf('hyperband')
    const { trials } = await services(30).suggestions.suggest(other.id, { client: 'a', count: 3 })
    expect(trials).toHaveLength(3)
  })

  test('begins no search', async () => {
    const problem = await corpusProblem(at.store)
    const about = { name: 'a study', problem, method: spinning.name, seed: 5 }
    const study = await at.services.studies.create(about)
    const begun = services(1).searches.start(study.id, { trials: 5, parallel: 3 })
    expect(await refusal(begun)).toMatchObject({ code: 'overloaded' })
    expect(await at.store.searches.unfinished()).toEqual([])
  })
})
