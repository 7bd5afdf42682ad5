import { readdirSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  DEMO_DOMAINS,
  drawRuns,
  trueObjective,
  trueOptimum,
} from '../../src/cli/demo/synthetic-study.js'
import { createRng } from '../../src/optimizers/random.js'
import { getJson, runCommand, startCommand } from './support.js'
import { temporaryFolder } from './tables.js'

const WIKI_CAP = (4 * 5) / 200

describe('the synthetic study', () => {
  test('has an optimum that no random mixture within the cap beats', () => {
    const optimum = trueOptimum()
    const best = trueObjective(optimum)
    expect(optimum.wiki).toBeLessThanOrEqual(WIKI_CAP + 1e-9)
    const rng = createRng(1, 'search')
    for (let i = 0; i < 20_000; i++) {
      // Half of the mixtures are drawn around the optimum, where the rivals are.
      const draws = DEMO_DOMAINS.map((name) =>
        i % 2 === 0 ? -Math.log(rng.uniformOpen()) : optimum[name] + 0.02 * rng.uniform(),
      )
      const total = draws.reduce((sum, draw) => sum + draw, 0)
      const mixture = Object.fromEntries(DEMO_DOMAINS.map((name, j) => [name, draws[j] / total]))
      if (mixture.wiki <= WIKI_CAP) expect(trueObjective(mixture)).toBeGreaterThan(best - 1e-9)
    }
  })

  test('is drawn the same way for the same seed', () => {
    expect(drawRuns(3, 'run', 1)).toEqual(drawRuns(3, 'run', 1))
    expect(drawRuns(3, 'run', 1)).not.toEqual(drawRuns(3, 'run', 2))
  })
})

describe('demo', () => {
  test('recovers the law, whatever servers the environment names', async () => {
    const env = { DATABASE_URL: 'postgresql://127.0.0.1:1/none', REDIS_URL: 'redis://127.0.0.1:1' }
    const { code, stdout, stderr } = await runCommand(['demo', '--json'], env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { synthetic, truth, recommendation } = JSON.parse(stdout)
    expect(synthetic).toBe(true)
    expect(recommendation.verdict.follows).toBe('proposal')
    const { optimum, recommended, natural } = truth.trueObjective
    expect(recommended).toBeGreaterThanOrEqual(optimum - 1e-9)
    // Nearly all of the gain over the natural mixture that is to be had.
    expect((natural - recommended) / (natural - optimum)).toBeGreaterThan(0.99)
  })

  test('--keep leaves the service up until it is stopped', async () => {
    const { child, result, saying } = startCommand(['demo', '--keep'])
    const [, url] = await saying(/stays up: (http:\S+)\/docs/, 'stderr')
    const { items } = await getJson<{ items: unknown[] }>(`${url}/v1/studies`)
    expect(items).toHaveLength(1)
    child.kill('SIGTERM')
    expect((await result).code).toBe(0)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s in the middle leaves nothing behind',
    async (signal) => {
      const folder = temporaryFolder()
      const { child, result, saying } = startCommand(['demo'], { TMPDIR: folder })
      await saying(/service ready/)
      child.kill(signal)
      const { code, stderr } = await result
      expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
      expect(readdirSync(folder)).toEqual([])
      rmSync(folder, { recursive: true })
    },
  )
})
