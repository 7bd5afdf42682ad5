import { describe, expect, test } from 'vitest'
import type { LeasedTrial } from '../../../src/store/external-trial-contract.js'
import type { OpenStore, TrialState } from '../../../src/store/index.js'
import type { TrialAction } from '../../../src/store/trial-states.js'
import {
  allOf,
  attachWaiting,
  complete,
  expire,
  externalStudy,
  fail,
  HOUR,
  measure,
  news,
  reported,
  resumed,
  suggestOne,
  takeOffer,
  targetOf,
} from '../support/external-trials.js'
import { newId } from '../support/records.js'
import { ACTIONS, EXPECTED, STATES } from '../support/trial-states.js'

/** Nobody offers these again: they are finished. */
const FINISHED = new Set<TrialState>([
  'completed',
  'completed-without-metrics',
  'stopped',
  'abandoned',
  'cancelled',
])

/** Actions of which the study is not told. */
const SILENT = new Set<TrialAction>(['renew'])

/** Every action on a trial in every state, through the store. */
export function externalTrialStateConformance(store: () => OpenStore): void {
  const trials = () => store().externalTrials

  /** A trial in the state, with the lease that was last held on it; of a waiting one, a lease of nobody's. */
  async function trialIn(state: TrialState): Promise<LeasedTrial> {
    const study = await externalStudy(store())
    if (state === 'waiting') {
      const trial = await attachWaiting(store(), study)
      const { attempt, lease } = await suggestOne(store(), await externalStudy(store()))
      return { trial, attempt, lease: { ...lease, id: newId() } }
    }
    const leased = await suggestOne(store(), study)
    await WAYS[state]?.(leased)
    expect((await store().trials.get(leased.trial.id))?.state).toBe(state)
    return leased
  }

  const WAYS: Partial<Record<TrialState, (leased: LeasedTrial) => Promise<unknown>>> = {
    failed: (leased) => fail(store(), leased),
    expired: (leased) => expire(store(), leased),
    'completed-without-metrics': (leased) =>
      complete(store(), leased, { kind: 'completed-without-metrics' }),
    completed: (leased) => complete(store(), leased, { last: reported(1_000, 1) }),
    stopped: (leased) => complete(store(), leased, { kind: 'stopped', last: reported(1_000, 1) }),
    abandoned: ({ trial }) => trials().abandon(trial.studyId, trial.id, null, news('abandoned')),
    cancelled: ({ trial }) => trials().cancelAll(trial.studyId, news('cancelled')),
  }

  /** The action with what it needs: measurements that no state has seen before. */
  const DEEDS: Record<TrialAction, (leased: LeasedTrial) => Promise<unknown>> = {
    offer: ({ trial }) => takeOffer(store(), { id: trial.studyId }, 'another'),
    renew: (leased) => trials().renew(targetOf(leased), HOUR, resumed),
    measure: (leased) => measure(store(), leased, reported(2_000)),
    complete: (leased) => complete(store(), leased, { last: reported(2_000) }),
    'complete-without-metrics': (leased) =>
      complete(store(), leased, { kind: 'completed-without-metrics' }),
    stop: (leased) => complete(store(), leased, { kind: 'stopped', last: reported(2_000) }),
    fail: (leased) => fail(store(), leased),
    expire: ({ trial }) => trials().expireDue(news('expired'), trial.studyId),
    abandon: WAYS.abandoned!,
    cancel: WAYS.cancelled!,
  }

  describe('every action on a trial of others in every state', () => {
    for (const state of STATES)
      for (const action of ACTIONS) {
        const expected = EXPECTED[state][action]
        test(`${state}, ${action}: ${expected ?? 'nothing changes'}`, async () => {
          const leased = await trialIn(state)
          if (action === 'expire') await makeDue(leased)
          const before = await allOf(store(), leased.trial)
          await DEEDS[action](leased)
          const after = await allOf(store(), leased.trial)
          if (expected === undefined) expect(after).toEqual(before)
          else
            expectChange(before, after, {
              expected,
              isTold: !SILENT.has(action),
              isBack: BACK.has(action) && state === 'expired',
            })
        })
      }
  })

  /** Also of leases that are released: the clock alone must not expire what has ended. */
  async function makeDue({ trial }: LeasedTrial): Promise<void> {
    const attempts = await store().trials.attempts(trial.id)
    await store().pool.query(
      `update mixwright.leases set expires_at = now() - interval '1 day' where attempt_id = any($1::uuid[])`,
      [attempts.map(({ id }) => id)],
    )
  }
}

/** What brings an expired lease back, of which there is an event. */
const BACK: ReadonlySet<TrialAction> = new Set(['renew', 'measure'])

type All = Awaited<ReturnType<typeof allOf>>

/** The change as such, and what must hold of every trial. */
function expectChange(
  before: All,
  after: All,
  { expected, isTold, isBack }: { expected: TrialState; isTold: boolean; isBack: boolean },
): void {
  expect(after.trial.state).toBe(expected)
  expect(after.trial.finishedAt !== null).toBe(FINISHED.has(expected))
  expect(after.trial.problem !== null).toBe(expected === 'failed')
  expect(after.events.length - before.events.length).toBe((isTold ? 1 : 0) + (isBack ? 1 : 0))
  expect(after.measurements.slice(0, before.measurements.length)).toEqual(before.measurements)

  const isRunning = expected === 'running'
  const held = after.leases.filter(({ releasedAt }) => releasedAt === null)
  const running = after.attempts.filter(({ state }) => state === 'running')
  expect([held.length, running.length]).toEqual(isRunning ? [1, 1] : [0, 0])
  if (isRunning) expect(held[0].attemptId).toBe(running[0].id)
  expect(after.attempts).toHaveLength(after.trial.attempts)
}
