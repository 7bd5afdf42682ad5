import { describe, expect, test } from 'vitest'
import { findViolations } from './audit.mjs'

/** What the soak test would find if there were something to be found. */

const at = (seconds: number) => new Date(1e12 + 1000 * seconds)
const values = { loss: 2.5 }

interface Event {
  type: string
  trial: string
  attempt?: number
  client?: string
}

/** A trial that two clients had one after the other, with its ledger. */
function sound() {
  const ledger: Record<string, unknown>[] = [
    { type: 'held', client: 'a', trial: 't', lease: 'l1' },
    { type: 'measured', client: 'a', trial: 't', lease: 'l1', tokens: 5, values },
    { type: 'held', client: 'b', trial: 't', lease: 'l2' },
    {
      type: 'completed',
      client: 'b',
      trial: 't',
      lease: 'l2',
      tokens: 9,
      values,
      status: 200,
      id: 't',
    },
  ]
  const lease = { trial: 't', attempt: 'a1', number: 1, released_at: null as Date | null }
  return {
    ledger,
    trials: [
      { uid: 't', state: 'completed', finished_at: at(20), replicate_of: null as string | null },
    ],
    attempts: [
      { id: 'a1', trial: 't', number: 1, state: 'lost', replicate_id: null },
      { id: 'a2', trial: 't', number: 2, state: 'completed', replicate_id: null },
    ],
    leases: [
      { ...lease, id: 'l1', holder: 'a', started_at: at(0), expires_at: at(6) },
      { ...lease, id: 'l2', holder: 'b', attempt: 'a2', started_at: at(8), expires_at: at(30) },
    ],
    measurements: [
      { attempt: 'a1', trial: 't', tokens: 5, values },
      { attempt: 'a2', trial: 't', tokens: 9, values },
    ],
    events: [
      { type: 'trial-suggested', trial: 't', attempt: 1, client: 'a' },
      { type: 'trial-measured', trial: 't' },
      { type: 'trial-expired', trial: 't' },
      { type: 'trial-suggested', trial: 't', attempt: 2, client: 'b' },
      { type: 'trial-completed', trial: 't' },
    ] as Event[],
  }
}

type Account = ReturnType<typeof sound>

function found(spoil: (account: Account) => void = () => {}): string[] {
  const account = sound()
  spoil(account)
  const { ledger, ...database } = account
  return findViolations(ledger, database)
}

describe('the audit', () => {
  test('finds nothing where both accounts agree', () => {
    expect(found()).toEqual([])
  })

  test.each<[string, RegExp, (account: Account) => void]>([
    [
      'a measurement is not there',
      /^missing: measured .*at 5 tokens/,
      (a) => a.measurements.shift(),
    ],
    [
      'its values are others',
      /^missing: measured/,
      (a) => {
        a.measurements[0] = { ...a.measurements[0], values: { loss: 2.6 } }
      },
    ],
    [
      'it is of another attempt',
      /^missing: measured/,
      (a) => {
        a.measurements[0] = { ...a.measurements[0], attempt: 'a2', trial: 'other' }
      },
    ],
    ['a result is not there', /^missing: completed .*at 9 tokens/, (a) => a.measurements.pop()],
    [
      'a completed trial is not',
      /^completed with 200 as t, but/,
      (a) => {
        a.trials[0].state = 'expired'
      },
    ],
    [
      'a replicate is none',
      /^completed with 201/,
      (a) => {
        Object.assign(a.ledger[3], { status: 201, id: 'r' })
      },
    ],
    [
      'two attempts completed it',
      /^completed by 2 attempts/,
      (a) => {
        a.attempts[0].state = 'completed'
      },
    ],
    [
      'its completion was told of twice',
      /^told of 2 times/,
      (a) => {
        a.events.push({ type: 'trial-completed', trial: 't' })
      },
    ],
    ['its completion was never told of', /^never told of/, (a) => a.events.pop()],
    [
      'two leases were told of it',
      /^acknowledged under 2 leases/,
      (a) => {
        a.ledger.push({ ...a.ledger[3], lease: 'l1', tokens: 5 })
      },
    ],
    [
      'two held it at a time',
      /^held by a and b at a time/,
      (a) => {
        a.leases[0].expires_at = at(13.001)
      },
    ],
    [
      'it was handed out while another had it',
      /^handed to b while a held it/,
      (a) => a.events.splice(2, 1),
    ],
    [
      'a measurement had brought its lease back',
      /^handed to b while its last client held it/,
      (a) => {
        a.events.splice(3, 0, { type: 'trial-measured', trial: 't' })
      },
    ],
    [
      'an attempt is left out',
      /^handed out as attempt 3 after 1/,
      (a) => {
        a.events[3].attempt = 3
      },
    ],
    [
      'a lease is of another client',
      /^given to a, but held by c/,
      (a) => {
        a.leases[0].holder = 'c'
      },
    ],
    [
      'a trial has not ended',
      /^still running/,
      (a) => {
        a.trials.push({
          uid: 'u',
          state: 'running',
          finished_at: null as never,
          replicate_of: null,
        })
      },
    ],
    ['the service failed', /^internal/, (a) => a.ledger.push({ type: 'internal', status: 500 })],
  ])('says so when %s', (_, message, spoil) => {
    expect(found(spoil)).toEqual([expect.stringMatching(message)])
  })

  test('takes what is in the replicate of an attempt for told', () => {
    const violations = found((account) => {
      account.trials.push({ uid: 'r', state: 'completed', finished_at: at(25), replicate_of: 't' })
      account.events.push({ type: 'trial-completed', trial: 'r' })
      Object.assign(account.attempts[0], { replicate_id: 'r' })
      const late = { client: 'a', trial: 't', lease: 'l1', tokens: 12, values }
      account.ledger.push({ type: 'completed', ...late, status: 201, id: 'r' })
      account.measurements.push({ attempt: 'a9', trial: 'r', tokens: 12, values })
    })
    expect(violations).toEqual([])
  })
})
