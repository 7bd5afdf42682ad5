import { afterEach, describe, expect, test } from 'vitest'
import type { StudyRecord } from '../../src/store/records.js'
import { type LeaseExpiryOptions, startLeaseExpiry } from '../../src/workers/lease-expiry.js'
import type { RepeatedWork } from '../../src/workers/repeat.js'
import { ExternalPlace, holding } from '../studies/external-support.js'
import { createRecordingLogger } from './recording-logger.js'

const at = new ExternalPlace()

const started: RepeatedWork[] = []
afterEach(async () => {
  for (const work of started.splice(0)) await work.close()
})

function start(options: Partial<LeaseExpiryOptions> = {}): RepeatedWork {
  const trials = at.services.externalTrials
  const work = startLeaseExpiry({ trials, logger: createRecordingLogger(), ...options })
  started.push(work)
  return work
}

/** Trials that expired, as watchers of the study are told, until there are so many. */
async function expiredIn(study: StudyRecord, count: number): Promise<unknown[]> {
  const over = new AbortController()
  const ids: unknown[] = []
  for await (const { type, data } of await at.services.events.follow(study.id, 0, over.signal)) {
    if (type === 'trial-expired') ids.push(data.trialId)
    if (ids.length === count) over.abort()
  }
  return ids
}

/** So long that what is seen in time was not seen by looking now and then. */
const NEVER = { longestMs: 3_600_000 }

describe('leases of clients', () => {
  test('expire when they are due, one after the other, and not before', async () => {
    const study = await at.newStudy({ leaseSeconds: 1 })
    const first = await at.askOne(study, 'a')
    const second = await at.askOne(study, 'b')
    const expiry = start(NEVER)
    expect(await expiredIn(study, 2)).toEqual([first.trial.id, second.trial.id])
    await expiry.close()
    for (const { trial } of [first, second]) {
      const { attempts } = await at.services.trials.get(study.id, trial.id)
      const [{ expiresAt, releasedAt }] = attempts[0].leases
      expect(releasedAt!.getTime()).toBeGreaterThanOrEqual(expiresAt.getTime())
      expect(await at.stateOf(trial)).toBe('expired')
    }
  })

  test('that were due while nobody looked expire at the start', async () => {
    const study = await at.newStudy()
    const due = await at.askOne(study, 'a')
    const kept = await at.askOne(study, 'b')
    await at.makeDue(due)
    start(NEVER)
    expect(await expiredIn(study, 1)).toEqual([due.trial.id])
    expect(await at.stateOf(kept.trial)).toBe('running')
  })

  test('are not expired when they were renewed before anybody looked', async () => {
    const study = await at.newStudy()
    const silent = await at.askOne(study, 'a')
    const alive = await at.askOne(study, 'b')
    await at.makeDue(silent)
    await at.makeDue(alive)
    await at.services.externalTrials.heartbeat(study.id, alive.trial.id, holding(alive))
    start(NEVER)
    expect(await expiredIn(study, 1)).toEqual([silent.trial.id])
    expect(await at.stateOf(alive.trial)).toBe('running')
  })

  test('are seen by whoever takes over', async () => {
    const study = await at.newStudy({ leaseSeconds: 1 })
    const { trial } = await at.askOne(study, 'a')
    const former = start(NEVER)
    await former.now()
    await former.close()
    start(NEVER)
    expect(await expiredIn(study, 1)).toEqual([trial.id])
  })

  test('that another process has given since the last look are seen by looking again', async () => {
    const study = await at.newStudy({ leaseSeconds: 1 })
    await start({ longestMs: 100 }).now()
    const { trial } = await at.askOne(study, 'a')
    expect(await expiredIn(study, 1)).toEqual([trial.id])
  })
})

test('a look that fails is told of, and is not the last', async () => {
  const logger = createRecordingLogger()
  let looks = 0
  await new Promise<void>((resolve) => {
    const expireDue = async () => {
      looks += 1
      if (looks === 1) throw new Error('the database is away')
      resolve()
      return { expired: [], nextDueInMs: undefined }
    }
    start({ trials: { expireDue }, logger, longestMs: 5 })
  })
  expect(looks).toBe(2)
  expect(logger.lines).toMatchObject([
    { level: 'warn', message: 'leases that are due could not be looked for' },
  ])
})
