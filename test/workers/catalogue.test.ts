import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  handlersByJob,
  isPayload,
  type JobHandler,
  type JobName,
  type JobPayload,
  type Processor,
} from '../../src/workers/catalogue.js'

const processorOf = (job: JobName): Processor => ({ job, handle: async () => 'done' })
const processors = (['fit', 'ingest', 'trial', 'backtest'] as const).map(processorOf)

describe('the job catalogue', () => {
  test('types handlers and payloads, so that an unknown job or a wrong payload does not compile', () => {
    expectTypeOf<'unknown'>().not.toExtend<JobName>()
    expectTypeOf<JobPayload<'fit'>>().toEqualTypeOf<{ jobId: string }>()
    expectTypeOf<{ job: 'unknown'; handle: () => Promise<'done'> }>().not.toExtend<Processor>()
    expectTypeOf<(payload: { studyId: number }) => Promise<'done'>>().not.toExtend<
      JobHandler<'fit'>
    >()
    expectTypeOf<() => Promise<'done'>>().toExtend<JobHandler<'fit'>>()
  })

  test('holds every payload to its schema', () => {
    expect(isPayload('fit', { jobId: '0199f3b2-0000-7000-8000-000000000000' })).toBe(true)
    for (const wrong of [{}, { jobId: 7 }, { jobId: '' }, { jobId: 'a:b' }, null]) {
      expect(isPayload('fit', wrong)).toBe(false)
    }
    expect(isPayload('fit', { jobId: 'a', data: [1, 2, 3] })).toBe(false)
  })

  test('has one processor for every job, or the start fails and says which job is wrong', () => {
    const [fit, ingest, trial, backtest] = processors
    expect(handlersByJob(processors)).toEqual({
      fit: fit.handle,
      ingest: ingest.handle,
      trial: trial.handle,
      backtest: backtest.handle,
    })
    expect(() => handlersByJob([])).toThrow('fit has 0, ingest has 0, trial has 0, backtest has 0')
    expect(() => handlersByJob([...processors, fit])).toThrow('fit has 2')
  })
})
