import { describe, expect, test } from 'vitest'
import { shouldStop } from '../../src/optimizers/early-stopping/index.js'
import { createRng } from '../../src/optimizers/random.js'
import { objectiveFor } from '../../src/studies/objective.js'
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

describe.each([
  { rule: 'median', minTokens: 20, minTrials: 3 },
  { rule: 'successive-halving', minTokens: 10, reduction: 2, minTrials: 3 },
] as const)('the $rule rule', (rule) => {
  test('decides as it would with all that was measured', async () => {
    const study = await at.newStudy({ earlyStopping: rule })
    const objective = objectiveFor(study.problem)
    const random = createRng(11, rule.rule)
    const held: Held[] = []
    for (let i = 0; i < 7; i++) held.push(await at.askOne(study, `client ${i}`))
    const curves = held.map(() => [] as { tokens: number; objective: number }[])
    const asked = new Set<number>()
    const directives: string[] = []
    for (let round = 0; round < 70; round++) {
      const i = random.integer(held.length)
      if (asked.has(i)) continue
      const tokens = (curves[i].at(-1)?.tokens ?? 0) + 1 + random.integer(25)
      const values: Record<string, number> = { val_loss: 2 + i / 10 + random.uniform() }
      if (random.uniform() < 0.8) values.accuracy = random.uniform()
      curves[i].push({ tokens, objective: objective(values) })
      const { trial } = held[i]
      const told = await at.services.externalTrials.measure(study.id, trial.id, {
        ...holding(held[i]),
        tokens,
        values,
      })
      const others = curves.filter((_, j) => j !== i).map((points) => ({ points, ended: false }))
      const expected = shouldStop(rule, { points: curves[i], ended: false }, others)
      expect(told.directive).toBe(expected.stop ? 'stop' : 'continue')
      expect(told.reason).toBe(expected.stop ? expected.reason : null)
      if (expected.stop) asked.add(i)
      directives.push(told.directive)
    }
    expect(new Set(directives)).toEqual(new Set(['continue', 'stop']))
  })
})

test('a measurement that is sent again is judged by what is known then', async () => {
  const study = await at.newStudy({ earlyStopping: MEDIAN })
  const held: Held[] = []
  for (const client of ['a', 'b', 'c', 'd']) held.push(await at.askOne(study, client))
  const [last, ...others] = held
  expect(await measure(last, 20, 8)).toMatchObject({ directive: 'continue' })
  for (const one of others) await measure(one, 20, 3)
  expect(await measure(last, 20, 8)).toMatchObject({ directive: 'stop' })
})
