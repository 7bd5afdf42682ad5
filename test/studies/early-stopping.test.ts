import { describe, expect, test } from 'vitest'
import { ExternalPlace, type Held, holding } from './external-support.js'

const at = new ExternalPlace()
const MEDIAN = { rule: 'median', minTokens: 10, minTrials: 3 } as const

const measure = (held: Held, tokens: number, loss: number) =>
  at.services.externalTrials.measure(held.trial.studyId, held.trial.id, {
    ...holding(held),
    tokens,
    values: { val_loss: loss, accuracy: 0 },
  })

async function course(earlyStopping: typeof MEDIAN | null) {
  const study = await at.newStudy({ earlyStopping })
  const held: Held[] = []
  for (const client of ['a', 'b', 'c', 'd']) held.push(await at.askOne(study, client))
  for (const tokens of [10, 20]) {
    for (const [i, one] of held.slice(0, 3).entries()) await measure(one, tokens, 3 + i / 10)
  }
  return { study, last: held[3] }
}

describe('a study with the median rule', () => {
  test('asks the client of a trial that does worse to stop, at every report, until it has', async () => {
    const { study, last } = await course(MEDIAN)
    expect(await measure(last, 5, 9)).toMatchObject({ directive: 'continue', reason: null })
    const told = await measure(last, 20, 8)
    expect(told.directive).toBe('stop')
    expect(told.reason).toContain('median')
    expect(told.lease?.id).toBe(last.lease)
    const beat = await at.services.externalTrials.heartbeat(study.id, last.trial.id, holding(last))
    expect(beat).toMatchObject({ directive: 'stop', reason: told.reason })
    expect(await measure(last, 20, 8)).toMatchObject({ directive: 'stop', reason: told.reason })
    expect(await measure(last, 21, 1)).toMatchObject({ directive: 'stop', reason: told.reason })
    const { trial } = await at.services.externalTrials.complete(study.id, last.trial.id, {
      ...holding(last),
      outcome: 'stopped',
    })
    expect(trial).toMatchObject({ state: 'stopped', endReason: told.reason })
    const types = (await at.eventsOf(study.id)).map(({ type }) => type)
    expect(types.filter((type) => type === 'trial-stop-requested')).toHaveLength(1)
    expect(types.at(-1)).toBe('trial-stopped')
  })

  test('lets a trial that does better go on', async () => {
    const { last } = await course(MEDIAN)
    expect(await measure(last, 20, 2)).toMatchObject({ directive: 'continue', reason: null })
  })

  test('decides by what was measured, when many measure at the same time', async () => {
    const study = await at.newStudy({ earlyStopping: { ...MEDIAN, minTrials: 4 } })
    const held: Held[] = []
    for (let i = 0; i < 8; i++) held.push(await at.askOne(study, `client ${i}`))
    await Promise.all(held.map((one, i) => measure(one, 20, 3 + i)))
    // Now all are known, whatever was known when each was measured.
    const told = await Promise.all(held.map((one, i) => measure(one, 30, 3 + i)))
    const directives = told.map(({ directive }) => directive)
    expect(directives[0]).toBe('continue')
    expect(directives[7]).toBe('stop')
  })
})

test('without a rule every trial goes on', async () => {
  const { last } = await course(null)
  expect(await measure(last, 20, 80)).toMatchObject({ directive: 'continue' })
})

test('a rule that a study is given later holds from then on', async () => {
  const { study, last } = await course(null)
  await at.services.studies.update(study.id, { trialPolicy: { earlyStopping: MEDIAN } }, 'any')
  expect(await measure(last, 20, 80)).toMatchObject({ directive: 'stop' })
})
