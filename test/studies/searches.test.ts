import { describe, expect, test } from 'vitest'
import { compileProblem } from '../../src/optimizers/complete-problem.js'
import { largestViolation } from '../../src/optimizers/mixture/index.js'
import { createDataFolder } from '../../src/store/data-folder.js'
import { refusal, SearchPlace } from './search-support.js'

const at = new SearchPlace()

describe('starting a search', () => {
  test('tries the uniform and the natural mixture first, then what the method suggests', async () => {
    const domains = [
      { name: 'web', tokens: 900 },
      { name: 'code', tokens: 100 },
    ]
    const study = await at.newStudy({ domains })
    const view = await at.services.searches.start(study.id, { trials: 8 })
    expect(view).toMatchObject({
      search: { purpose: 'search', fidelity: 'proxy', trials: 8, seed: 5, state: 'running' },
      counts: { waiting: 8, running: 0, completed: 0, failed: 0, cancelled: 0 },
    })
    const trials = await at.trialsOf(view)
    expect(trials.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(trials.map(({ label }) => label)).toEqual(['uniform', 'natural', ...Array(6).fill('')])
    expect(trials[0].weights).toEqual([0.5, 0.5])
    expect(trials[1].weights[0]).toBeCloseTo(0.9, 12)
    const { space } = compileProblem(study.problem)
    for (const { weights } of trials) {
      expect(largestViolation(space, weights)).toBeLessThan(1e-9)
    }
    expect(new Set(trials.map(({ weights }) => weights.join())).size).toBe(8)
    expect(new Set(trials.map(({ seed }) => seed)).size).toBe(8)
    const rung = at.place.rung.filter(([kind]) => kind === 'trial').map(([, id]) => id)
    expect(rung.slice(-8)).toEqual(trials.map(({ jobId }) => jobId))
  })

  test('chooses the same for the same study and seed, and other mixtures for another seed', async () => {
    const mixtures = async (seed: number | undefined) => {
      const study = await at.newStudy()
      const trials = await at.trialsOf(await at.services.searches.start(study.id, { seed }))
      return trials.map(({ weights, seed: own }) => ({ weights, own }))
    }
    const first = await mixtures(undefined)
    expect(first).toHaveLength(12)
    expect(await mixtures(5)).toEqual(first)
    expect((await mixtures(6)).slice(1)).not.toEqual(first.slice(1))
  })

  test('puts the nearest mixture that constraints allow in the place of one they forbid, and says so', async () => {
    const domains = [
      { name: 'web', tokens: 900 },
      { name: 'code', tokens: 100, minWeight: 0.7 },
    ]
    const study = await at.newStudy({ domains })
    const [uniform, second] = await at.trialsOf(await at.services.searches.start(study.id, {}))
    expect(uniform.weights[1]).toBeCloseTo(0.7, 9)
    expect(uniform.label).toBe('uniform')
    expect(uniform.reason).toContain('forbid')
    // The natural mixture comes to the same place, and is not tried twice.
    expect(uniform.reason).toContain('The natural mixture is the same here')
    expect(second.label).toBe('')
  })

  test('fills up with the default method what the study’s own does not suggest', async () => {
    const study = await at.newStudy({}, 'baselines')
    const trials = await at.trialsOf(await at.services.searches.start(study.id, { trials: 6 }))
    expect(trials).toHaveLength(6)
    expect(new Set(trials.map(({ weights }) => weights.join())).size).toBe(6)
  })

  test('is refused while another search runs, with too few trials, and without proxies', async () => {
    const study = await at.newStudy()
    expect(await refusal(at.services.searches.start(study.id, { trials: 2 }))).toMatchObject({
      code: 'too-few-runs',
      errors: [{ pointer: '/trials', detail: 'At least 3 are needed.' }],
    })
    const unknown = at.services.searches.start(study.id, { fidelity: 'large' })
    expect(await refusal(unknown)).toMatchObject({
      code: 'validation-failed',
      errors: [
        {
          pointer: '/fidelity',
          detail: '"large" is not among the fidelities with proxies: proxy.',
        },
      ],
    })
    await at.services.searches.start(study.id, {})
    expect(await refusal(at.services.searches.start(study.id, {}))).toMatchObject({
      code: 'search-running',
    })
    const table = await at.services.studies.create({
      name: 'of tables',
      problem: { domains: [{ name: 'a' }, { name: 'b' }], metrics: [{ name: 'loss' }] },
    })
    expect(await refusal(at.services.searches.start(table.id, {}))).toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer: '/fidelity' }],
    })
  })

  test('of several at once, one starts', async () => {
    const study = await at.newStudy()
    const starts = Array.from({ length: 4 }, () => at.services.searches.start(study.id, {}))
    const ends = await Promise.allSettled(starts)
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const refused = ends.filter((end) => end.status === 'rejected')
    expect(refused.map(({ reason }) => reason.code)).toEqual(Array(3).fill('search-running'))
  })

  test('is refused when the checkpoints of the trials in flight outgrow the quota', async () => {
    // 8 × 512 embedding, 8 × 8 positions, 8 × 24 + 64 attention, 8 × 32 × 2 feed-forward, 3 gains of 8: 4,952 parameters.
    const bytes = 12 * 4952
    const start = async (quotaBytes: number) => {
      const dataFolder = createDataFolder(`${at.place.folder}/${quotaBytes}`, { quotaBytes })
      const study = await at.newStudy()
      const { searches } = at.place.servicesWith({ dataFolder, trainingThreads: 2 })
      return searches.start(study.id, {})
    }
    expect(await start(2 * bytes)).toMatchObject({ counts: { waiting: 12 } })
    expect(await refusal(start(2 * bytes - 1))).toMatchObject({ code: 'quota-exceeded' })
  })
})
