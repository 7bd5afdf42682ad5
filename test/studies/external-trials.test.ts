import { describe, expect, test } from 'vitest'
import type { MixwrightError } from '../../src/errors.js'
import type { Completion } from '../../src/studies/external-trials.js'
import { ExternalPlace, type Held, holding, PROBLEM, VALUES } from './external-support.js'
import { refusal } from './search-support.js'
import { corpusProblem } from './support.js'

const at = new ExternalPlace()
const UNKNOWN = '0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60'

const reports = () => at.services.externalTrials
const measurement = { tokens: 100, values: VALUES }

const measure = ({ trial, ...held }: Held, tokens: number, values: Record<string, number>) =>
  reports().measure(trial.studyId, trial.id, { ...held, tokens, values })
const beat = (held: Held) =>
  reports().heartbeat(held.trial.studyId, held.trial.id, { ...holding(held) })
const complete = (held: Held, completion: Partial<Completion> = { measurement }) =>
  reports().complete(held.trial.studyId, held.trial.id, { ...holding(held), ...completion })
const fail = (held: Held, retry?: boolean) =>
  reports().fail(held.trial.studyId, held.trial.id, { ...holding(held), detail: 'broken', retry })
const abandon = ({ trial }: Held) => reports().abandon(trial.studyId, trial.id, 'no room.')

async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await refusal(work)).code
}

/** A trial that was given to another client after the first one's lease had expired. */
async function lost(): Promise<{ first: Held; second: Held }> {
  const study = await at.newStudy({ maxTrials: 1 })
  const first = await at.askOne(study, 'first')
  await at.makeDue(first)
  return { first, second: await at.askOne(study, 'second') }
}

describe('a trial in the hands of a client', () => {
  test('goes from measurement to measurement to its end, and watchers are told', async () => {
    const study = await at.newStudy()
    const held = await at.askOne(study, 'a')
    const { id } = held.trial
    const first = await measure(held, 50, { val_loss: 3, accuracy: 0.2, speed: 9 })
    expect(first).toMatchObject({ directive: 'continue', reason: null, trial: { id } })
    expect(first.lease?.id).toBe(held.lease)
    await measure(held, 75, { speed: 9.5 })
    expect(await beat(held)).toMatchObject({ directive: 'continue', leaseSeconds: 3600 })
    const done = await complete(held)
    expect(done).toMatchObject({
      isReplicate: false,
      trial: { id, state: 'completed' },
      measurement: { tokens: 100, values: VALUES },
    })
    const { measurements } = await at.services.trials.get(study.id, id)
    expect(measurements.map(({ tokens }) => tokens)).toEqual([50, 75, 100])

    const about = { trialId: id, searchId: null, position: 0 }
    // The mean of both metrics; accuracy is maximised, so it enters with a minus sign.
    expect(await at.eventsOf(study.id)).toEqual([
      {
        type: 'trial-suggested',
        data: { ...about, fidelity: 'small', label: 'uniform', client: 'a', attempt: 1 },
      },
      {
        type: 'trial-measured',
        data: {
          ...about,
          tokens: 50,
          values: { val_loss: 3, accuracy: 0.2, speed: 9 },
          objective: 1.4,
        },
      },
      {
        type: 'trial-measured',
        data: { ...about, tokens: 75, values: { speed: 9.5 }, objective: null },
      },
      { type: 'trial-completed', data: { ...about, objective: expect.closeTo(1.05, 12) } },
    ])
  })

  test('is not measured twice at the same tokens, nor backwards; the same report again changes nothing', async () => {
    const held = await at.askOne(await at.newStudy(), 'a')
    await measure(held, 50, VALUES)
    expect(await measure(held, 50, VALUES)).toMatchObject({ directive: 'continue' })
    const other = await refusal(measure(held, 50, { ...VALUES, val_loss: 9 }))
    expect(other.code).toBe('tokens-backwards')
    expect(other.message).toContain('at 50 tokens already: val_loss = 2.5, accuracy = 0.4')
    expect(await codeOf(measure(held, 49, VALUES))).toBe('tokens-backwards')
    const { measurements } = await at.services.trials.get(held.trial.studyId, held.trial.id)
    expect(measurements).toHaveLength(1)
  })

  test('takes only metrics of the study, and numbers', async () => {
    const held = await at.askOne(await at.newStudy(), 'a')
    const unknown = await refusal(measure(held, 1, { val_los: 2, accuracy: 0.5 }))
    expect(unknown.code).toBe('validation-failed')
    expect(unknown.errors).toEqual([
      {
        pointer: '/values/val_los',
        detail: 'The study has no metric "val_los"; did you mean "val_loss"?',
      },
    ])
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const { errors } = await refusal(measure(held, 1, { val_loss: value }))
      expect(errors[0].pointer).toBe('/values/val_loss')
    }
    const alone = reports().measure(held.trial.studyId, held.trial.id, {
      ...holding(held),
      tokens: 1,
      values: { val_loss: 2 },
      standardErrors: { accuracy: 0.1, constructor: 1 },
    })
    expect((await refusal(alone)).errors.map(({ pointer }) => pointer)).toEqual([
      '/standardErrors/accuracy',
      '/standardErrors/constructor',
    ])
    const { measurements } = await at.services.trials.get(held.trial.studyId, held.trial.id)
    expect(measurements).toEqual([])
  })

  test('takes no more than 64 KiB of details', async () => {
    const study = await at.newStudy()
    const held = await at.askOne(study, 'a')
    const send = (size: number) =>
      at.services.externalTrials.measure(study.id, held.trial.id, {
        ...holding(held),
        tokens: 10,
        values: VALUES,
        details: { log: 'x'.repeat(size - '{"log":""}'.length) },
      })
    const refused = await refusal(send(64 * 1024 + 1))
    expect(refused.code).toBe('validation-failed')
    expect(refused.errors).toMatchObject([{ pointer: '/details' }])
    expect((await send(64 * 1024)).directive).toBe('continue')
  })

  test('is nobody else’s, and unknown ones are nobody’s', async () => {
    const study = await at.newStudy()
    const held = await at.askOne(study, 'a')
    const other = await at.askOne(study, 'b')
    for (const wrong of [
      { ...held, client: 'b' },
      { ...held, lease: other.lease },
      { ...held, lease: UNKNOWN },
    ]) {
      for (const work of [beat, complete, fail, (one: Held) => measure(one, 1, VALUES)]) {
        expect(await codeOf(work(wrong))).toBe('not-your-lease')
      }
    }
    const gone = { ...held, trial: { ...held.trial, id: UNKNOWN } }
    const elsewhere = { ...held, trial: { ...held.trial, studyId: (await at.newStudy()).id } }
    const nowhere = { ...held, trial: { ...held.trial, studyId: UNKNOWN } }
    for (const work of [beat, complete, fail, abandon]) {
      expect(await codeOf(work(gone))).toBe('trial-not-found')
      expect(await codeOf(work(elsewhere))).toBe('trial-not-found')
      expect(await codeOf(work(nowhere))).toBe('study-not-found')
    }
    expect(await beat(held)).toMatchObject({ directive: 'continue' })
  })

  test('comes back to life by a report when its lease has expired and nobody else has it', async () => {
    const study = await at.newStudy()
    const held = await at.askOne(study, 'a')
    await at.makeDue(held)
    const { expired } = await reports().expireDue()
    expect(expired.map(({ id }) => id)).toContain(held.trial.id)
    expect(await at.stateOf(held.trial)).toBe('expired')
    expect(await beat(held)).toMatchObject({ directive: 'continue', trial: { state: 'running' } })
    expect((await at.eventsOf(study.id)).slice(-2)).toMatchObject(
      ['trial-expired', 'trial-resumed'].map((type) => ({
        type,
        data: { trialId: held.trial.id },
      })),
    )
  })

  test('that is part of a search takes no reports', async () => {
    const problem = await corpusProblem(at.store)
    const study = await at.services.studies.create({ name: 'proxies', problem })
    const { search } = await at.services.searches.start(study.id, { trials: 4 })
    const query = { limit: 1, searchId: search.id }
    const [trial] = (await at.services.trials.list(study.id, query)).items
    const held = { trial, client: 'a', lease: UNKNOWN }
    const end = (one: Held) => complete(one, { outcome: 'without-metrics' })
    for (const work of [beat, end, fail, abandon]) {
      expect(await codeOf(work(held))).toBe('trial-not-external')
    }
  })
})

describe('a completion', () => {
  test('told again is the same; told otherwise it is refused, with what is stored', async () => {
    const held = await at.askOne(await at.newStudy(), 'a')
    const done = await complete(held)
    expect(await complete(held)).toEqual(done)
    const other = { measurement: { tokens: 100, values: { ...VALUES, val_loss: 1 } } }
    const conflict = await refusal(complete(held, other))
    expect(conflict.code).toBe('trial-already-completed')
    expect(conflict.message).toContain('val_loss = 2.5, accuracy = 0.4 at 100 tokens')
  })

  test('has all metrics of the objective, by itself or by the last measurement', async () => {
    const study = await at.newStudy()
    const held = await at.askOne(study, 'a')
    const partial = { measurement: { tokens: 100, values: { val_loss: 2, speed: 1 } } }
    const lacking = await refusal(complete(held, partial))
    expect(lacking.code).toBe('validation-failed')
    expect(lacking.errors[0].pointer).toBe('/measurement/values')
    expect(lacking.errors[0].detail).toContain('lacks "accuracy"')
    const unmeasured = await refusal(complete(held, {}))
    expect(unmeasured.errors[0].detail).toContain('no measurement')
    await measure(held, 10, { val_loss: 2 })
    expect((await refusal(complete(held, {}))).errors[0].detail).toContain('at 10 tokens lacks')
    expect(await at.stateOf(held.trial)).toBe('running')
    await measure(held, 20, VALUES)
    expect(await complete(held, {})).toMatchObject({
      trial: { state: 'completed' },
      measurement: { tokens: 20 },
    })
  })

  test('without metrics can be followed by one with metrics', async () => {
    const study = await at.newStudy()
    const held = await at.askOne(study, 'a')
    const without = await complete(held, { outcome: 'without-metrics', reason: 'evaluated later' })
    expect(without.trial).toMatchObject({ state: 'completed-without-metrics' })
    expect(without.trial.endReason).toBe('evaluated later')
    expect((await complete(held)).trial.state).toBe('completed')
    const completions = (await at.eventsOf(study.id)).filter(
      ({ type }) => type === 'trial-completed',
    )
    expect(completions.map(({ data }) => data.objective)).toEqual([null, expect.closeTo(1.05, 12)])
  })

  test('that comes late, after another client’s, is kept as a replicate', async () => {
    const { first, second } = await lost()
    expect((await complete(second)).isReplicate).toBe(false)
    const values = { val_loss: 2.6, accuracy: 0.41 }
    const late = await complete(first, { measurement: { tokens: 90, values } })
    expect(late).toMatchObject({
      isReplicate: true,
      trial: { replicateOf: first.trial.id, state: 'completed', weights: first.trial.weights },
      measurement: { tokens: 90, values },
    })
    expect(late.trial.id).not.toBe(first.trial.id)
    const again = await complete(first, { measurement: { tokens: 90, values } })
    expect(again.trial.id).toBe(late.trial.id)
    const original = await at.services.trials.get(first.trial.studyId, first.trial.id)
    expect(original.measurements.map(({ tokens }) => tokens)).toEqual([100])
  })

  test('that comes late but first wins, and the other client is told to stop', async () => {
    const { first, second } = await lost()
    expect(await codeOf(beat(first))).toBe('lease-lost')
    expect(await codeOf(measure(first, 1, VALUES))).toBe('lease-lost')
    expect(await codeOf(fail(first))).toBe('lease-lost')
    expect((await complete(first)).isReplicate).toBe(false)
    const told = await beat(second)
    expect(told).toMatchObject({ directive: 'stop', lease: null, trial: { state: 'completed' } })
    expect(told.reason).toContain('is completed')
    expect(await codeOf(measure(second, 1, VALUES))).toBe('trial-already-ended')
  })

  test('as stopped early says why', async () => {
    const study = await at.newStudy()
    const held = await at.askOne(study, 'a')
    await measure(held, 5, { val_loss: 8 })
    const stopped = await complete(held, { outcome: 'stopped', reason: 'it diverges' })
    expect(stopped.trial).toMatchObject({ state: 'stopped', endReason: 'it diverges' })
    expect((await at.eventsOf(study.id)).at(-1)).toMatchObject({
      type: 'trial-stopped',
      data: { reason: 'it diverges' },
    })
  })
})

describe('a failure', () => {
  test('is told to watchers, with the word of the client, and told again is the same', async () => {
    const study = await at.newStudy()
    const held = await at.askOne(study, 'a')
    const report = { ...holding(held), detail: 'step 8.', code: 'oom' }
    const failed = await reports().fail(study.id, held.trial.id, report)
    expect(failed.trial).toMatchObject({
      state: 'failed',
      finishedAt: null,
      problem: { code: 'trial-failed', detail: 'oom: step 8.' },
    })
    expect((await reports().fail(study.id, held.trial.id, report)).trial).toEqual(failed.trial)
    expect(await beat(held)).toMatchObject({ directive: 'stop', lease: null })
    expect(await codeOf(measure(held, 1, VALUES))).toBe('trial-already-ended')
    const events = (await at.eventsOf(study.id)).filter(({ type }) => type === 'trial-failed')
    expect(events.map(({ data }) => data)).toEqual([
      {
        trialId: held.trial.id,
        searchId: null,
        position: 0,
        code: 'trial-failed',
        detail: 'oom: step 8.',
      },
    ])
  })

  test('that is not to be tried again is final, but for a late completion', async () => {
    const study = await at.newStudy({ maxTrials: 1 })
    const held = await at.askOne(study, 'a')
    expect((await fail(held, false)).trial.finishedAt).not.toBeNull()
    const answer = await at.services.suggestions.suggest(study.id, { client: 'b' })
    expect(answer).toMatchObject({ trials: [], exhausted: true })
    expect((await complete(held)).trial.state).toBe('completed')
  })
})

describe('an abandoned trial', () => {
  test('is not offered any more; its client is told, and nothing more is taken', async () => {
    const study = await at.newStudy({ maxTrials: 1 })
    const held = await at.askOne(study, 'a')
    await measure(held, 10, VALUES)
    const abandoned = await abandon(held)
    expect(abandoned.trial).toMatchObject({ state: 'abandoned', endReason: 'no room.' })
    expect(abandoned.measurement).toMatchObject({ tokens: 10 })
    expect((await abandon(held)).trial).toEqual(abandoned.trial)
    const told = await beat(held)
    expect(told).toMatchObject({ directive: 'stop', lease: null })
    expect(told.reason).toBe(`The trial ${held.trial.id} is abandoned: no room.`)
    for (const work of [complete, fail, (one: Held) => measure(one, 20, VALUES)]) {
      const error: MixwrightError = await refusal(work(held))
      expect(error.code).toBe('trial-already-ended')
      expect(error.message).toContain('is abandoned')
    }
    const answer = await at.services.suggestions.suggest(study.id, { client: 'b' })
    expect(answer).toMatchObject({ trials: [], exhausted: true })
  })

  test('cannot be one that has completed', async () => {
    const held = await at.askOne(await at.newStudy(), 'a')
    await complete(held)
    expect(await codeOf(abandon(held))).toBe('trial-already-ended')
  })
})

describe('an attached mixture', () => {
  const mixture = { web: 0.5, code: 0.25, books: 0.25 }

  test('waits, is held by its client, or comes with its result', async () => {
    const study = await at.newStudy()
    const attach = (weights: number[], more: object = {}) => {
      const [web, code, books] = weights
      return reports().attach(study.id, { mixture: { web, code, books }, ...more })
    }
    const waiting = await attach([0.2, 0.3, 0.5], { label: 'ours' })
    expect(waiting).toMatchObject({
      trial: { state: 'waiting', label: 'ours', fidelity: 'small', weights: [0.2, 0.3, 0.5] },
      held: undefined,
      warnings: [],
    })
    const own = await attach([0.3, 0.3, 0.4], { lease: true, client: 'a', fidelity: 'large' })
    expect(own).toMatchObject({
      trial: { state: 'running', fidelity: 'large' },
      held: { lease: { holder: 'a' }, attempt: { number: 1 } },
    })
    const known = await attach([0.4, 0.3, 0.3], { result: measurement })
    expect(known).toMatchObject({
      trial: { state: 'completed' },
      measurement: { tokens: 100, values: VALUES },
    })
    expect((await at.eventsOf(study.id)).map(({ type }) => type)).toEqual([
      'trial-attached',
      'trial-attached',
      'trial-completed',
    ])
    const [offered] = await at.ask(study, 'b')
    expect(offered.trial.id).toBe(waiting.trial.id)
  })

  test('is tried once, and again when it says that it is a replicate', async () => {
    const study = await at.newStudy()
    const { trial } = await reports().attach(study.id, { mixture, fidelity: 'large' })
    const again = { mixture, fidelity: 'large' }
    const duplicate = await refusal(reports().attach(study.id, again))
    expect(duplicate.code).toBe('mixture-already-tried')
    expect(duplicate.message).toContain(trial.id)
    expect(duplicate.errors[0].detail).toContain('replicateOf')
    const replicate = await reports().attach(study.id, { mixture, replicateOf: trial.id })
    expect(replicate.trial).toMatchObject({ replicateOf: trial.id, fidelity: 'large' })
    expect(replicate.trial.seed).not.toBe(trial.seed)
    const other = { mixture: { web: 1 }, replicateOf: trial.id }
    expect((await refusal(reports().attach(study.id, other))).errors[0].pointer).toBe(
      '/replicateOf',
    )
    const unknown = { mixture, replicateOf: UNKNOWN }
    expect(await codeOf(reports().attach(study.id, unknown))).toBe('trial-not-found')
  })

  test('is not suggested a second time', async () => {
    const study = await at.newStudy()
    const [first] = await at.ask(study, 'a')
    const uniform = { web: 0.8 / 1.05, code: 0.2 / 1.05, books: 0.05 / 1.05 }
    await reports().attach(study.id, { mixture: uniform, result: measurement })
    const next = await at.ask(study, 'b', { count: 2 })
    expect(first.trial.label).toBe('uniform')
    // What was attached is the natural mixture.
    expect(next.map(({ trial }) => trial.label)).toEqual(['', ''])
  })

  test('outside the constraints is taken with a warning', async () => {
    const domains = [{ name: 'web', tokens: 8e9, maxWeight: 0.4 }, ...PROBLEM.domains!.slice(1)]
    const groups = [{ name: 'rest', domains: ['code', 'books'], minWeight: 0.6 }]
    const study = await at.newStudy({}, { domains, groups })
    const { warnings } = await reports().attach(study.id, { mixture })
    expect(warnings).toEqual([
      {
        code: 'outside-constraints',
        message:
          'The mixture is outside the constraints of the study: "web" has 0.5, more than 0.4 (maxWeight); ' +
          'the group "rest" has 0.5, not 0.6 to 1.',
      },
    ])
  })

  test('that is none, or contradicts itself, is refused', async () => {
    const study = await at.newStudy({ maxTrials: 1 })
    const attach = (input: object) =>
      refusal(reports().attach(study.id, { mixture, ...input } as { mixture: typeof mixture }))
    expect((await attach({ mixture: { web: 0.5, code: 0.4 } })).errors[0].pointer).toBe('/mixture')
    expect((await attach({ mixture: { web: 0.5, cod: 0.5 } })).errors[0].pointer).toBe(
      '/mixture/cod',
    )
    expect((await attach({ lease: true })).errors[0].pointer).toBe('/client')
    const both = { lease: true, client: 'a', result: measurement }
    expect((await attach(both)).errors[0].pointer).toBe('/lease')
    const partial = { result: { tokens: 1, values: { val_loss: 2 } } }
    expect((await attach(partial)).errors[0].pointer).toBe('/result/values')
    await reports().attach(study.id, { mixture })
    expect((await attach({ mixture: { web: 1 } })).code).toBe('trials-used-up')
    expect(await codeOf(reports().attach(UNKNOWN, { mixture }))).toBe('study-not-found')
  })

  test('sent twice under one id is one trial', async () => {
    const study = await at.newStudy()
    const input = { id: '0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e61', mixture }
    const first = await reports().attach(study.id, input)
    expect((await reports().attach(study.id, input)).trial).toEqual(first.trial)
    expect((await at.services.trials.list(study.id, { limit: 9 })).items).toHaveLength(1)
  })
})

test('cancelling a study cancels what others run of it', async () => {
  const study = await at.newStudy()
  const held = await at.askOne(study, 'a')
  const done = await at.askOne(study, 'b')
  await complete(done)
  await at.services.studies.cancel(study.id)
  expect(await at.stateOf(held.trial)).toBe('cancelled')
  expect(await at.stateOf(done.trial)).toBe('completed')
  expect(await beat(held)).toMatchObject({ directive: 'stop', lease: null })
  expect((await at.eventsOf(study.id)).at(-1)).toMatchObject({ type: 'trial-cancelled' })
})

test('lists of trials can be of those that others run alone', async () => {
  const study = await at.newStudy()
  await at.ask(study, 'a', { count: 2 })
  const of = async (evaluator: 'proxy' | 'external') =>
    (await at.services.trials.list(study.id, { limit: 9, evaluator })).items
  expect(await of('external')).toHaveLength(2)
  expect(await of('proxy')).toEqual([])
})
