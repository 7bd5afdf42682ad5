import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { getJson, runCommand, startCommand } from '../support.js'
import { temporaryFolder } from '../tables.js'

/** Too little to learn from, and enough to see every step. */
const SMALL = ['--trials', '7', '--trial-tokens', '8192', '--proof-tokens', '8192']
/** Each starts a whole service, beside whatever else this machine is at. */
const PATIENCE_MS = 240_000
const LOSS_OF_GUESSING = Math.log(1024)

describe('demo', { timeout: PATIENCE_MS }, () => {
  test('trains, recommends and proves, whatever servers the environment names', async () => {
    const env = { DATABASE_URL: 'postgresql://127.0.0.1:1/none', REDIS_URL: 'redis://127.0.0.1:1' }
    const { code, stdout, stderr } = await runCommand(['demo', '--json', ...SMALL], env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { recommendation, proof } = JSON.parse(stdout)
    const shares = Object.values<number>(recommendation.weights)
    expect(shares).toHaveLength(5)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6)
    expect(proof.mixtures.map(({ name }: { name: string }) => name)).toEqual([
      'recommended',
      'uniform',
      'natural',
    ])
    const losses: number[] = proof.mixtures.flatMap(
      (mixture: { objectives: number[] }) => mixture.objectives,
    )
    expect(losses).toHaveLength(6)
    // Even a few thousand tokens teach which ids are frequent.
    for (const loss of losses) expect(loss).toBeLessThan(LOSS_OF_GUESSING)
    // Replicates begin and draw differently.
    for (const { objectives: own } of proof.mixtures) expect(own[0]).not.toBe(own[1])
    expect(proof.standardError).toBeCloseTo(proof.deviation, 12)
  })

  test('--keep leaves the service up until it is stopped', async () => {
    const { child, result, saying } = startCommand(['demo', '--keep', ...SMALL])
    const [, url] = await saying(/stays up: (http:\S+)\/docs/, 'stderr')
    const { items } = await getJson<{ items: unknown[] }>(`${url}/v1/studies`)
    expect(items).toHaveLength(1)
    child.kill('SIGTERM')
    const { code, stdout } = await result
    expect(code).toBe(0)
    expect(stdout).toMatch(/uniform: (recommended is|inside the noise)/)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s in the middle of training leaves nothing behind',
    async (signal) => {
      const folder = temporaryFolder()
      mkdirSync(folder, { recursive: true })
      const { child, result, saying } = startCommand(['demo'], { TMPDIR: folder })
      await saying(/text becomes tokens/)
      child.kill(signal)
      expect((await result).code).toBe(130)
      expect(readdirSync(folder)).toEqual([])
      rmSync(folder, { recursive: true })
    },
  )
})
