import { expect, test } from 'vitest'
import { viewJob } from '../../../src/api/schemas/jobs.js'
import type { JobRecord } from '../../../src/store/records.js'

const job: JobRecord = {
  id: '0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60',
  kind: 'backtest',
  studyId: null,
  subjectId: '0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e61',
  state: 'running',
  progress: { done: 2, total: 3, message: 'random, seed 3 of 3' },
  problem: null,
  worker: null,
  attempts: 2,
  version: 7,
  heartbeatAt: null,
  cancelRequestedAt: null,
  createdAt: new Date(),
  startedAt: new Date(),
  finishedAt: null,
}

// A worker that takes over from a dead one may be done before its first report is written.
test('a job that succeeded has done all, whatever its workers had time to say', () => {
  expect(viewJob({ ...job, state: 'succeeded' }).progress).toEqual({ ...job.progress, done: 3 })
  expect(viewJob({ ...job, state: 'succeeded', progress: null }).progress).toBeNull()
})

test.each(['queued', 'running', 'failed', 'cancelled'] as const)(
  'of one that is %s it is said how far it came',
  (state) => {
    expect(viewJob({ ...job, state }).progress).toEqual(job.progress)
  },
)
