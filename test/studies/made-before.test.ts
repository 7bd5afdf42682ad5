import { v7 as uuid } from 'uuid'
import { expect, test } from 'vitest'
import { refusal, SearchPlace } from './search-support.js'

const at = new SearchPlace()

test('a search that an earlier try has started is the one that is wanted', async () => {
  const study = await at.newStudy()
  const id = uuid()
  const first = await at.services.searches.start(study.id, { id, trials: 12 })
  expect(first.search.id).toBe(id)
  expect(await at.services.searches.start(study.id, { id, trials: 12 })).toEqual(first)
  expect(await at.trialsOf(first)).toHaveLength(12)
  expect(await at.eventsOf(study.id)).toEqual(['search-started'])
  expect(await refusal(at.services.searches.start(study.id, { trials: 12 }))).toMatchObject({
    code: 'search-running',
  })
})

test('so is a comparison', async () => {
  const study = await at.newStudy()
  const asked = { id: uuid(), mixtures: { even: { web: 0.5, code: 0.5 } }, replicates: 3 }
  const first = await at.services.searches.compare(study.id, asked)
  expect(await at.services.searches.compare(study.id, asked)).toEqual(first)
  expect(await at.trialsOf(first)).toHaveLength(3)
})

test('a study is the one of its first try, whatever else has changed since', async () => {
  const id = uuid()
  const problem = { domains: [{ name: 'a' }, { name: 'b' }], metrics: [{ name: 'loss' }] }
  const first = await at.services.studies.create({ id, name: 'first', problem })
  expect(await at.services.studies.create({ id, name: 'second', problem })).toEqual(first)
})
