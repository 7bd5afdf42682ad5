import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Value } from 'typebox/value'
import { afterAll, describe, expect, test } from 'vitest'
import { type Recommendation, RecommendationSchema } from '../../src/optimizers/recommendation.js'
import { SURROGATES } from '../../src/optimizers/surrogates/index.js'
import { runCommand, startCommand } from './support.js'
import { DOMAINS, temporaryFolder, writeTables } from './tables.js'

const folder = temporaryFolder()
afterAll(() => rmSync(folder, { recursive: true }))

const training = writeTables(folder, 'runs', 40)
const heldOut = writeTables(folder, 'unseen_1b', 20)
const tables = ['--mixtures', training.mixtures, '--metrics', training.metrics]
const holdout = ['--holdout', `${heldOut.mixtures}:${heldOut.metrics}`]

const runFit = (...args: string[]) => runCommand(['fit', ...tables, ...args])

async function recommendationOf(...args: string[]): Promise<Recommendation> {
  const { code, stdout, stderr } = await runFit('--json', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

describe('fit --json', () => {
  test('prints the recommendation as the API returns it, with every hold-out score', async () => {
    const recommendation = await recommendationOf(...holdout, '--maximize', 'score')
    expect([...Value.Errors(RecommendationSchema, recommendation)]).toEqual([])
    const { weights, evidence, provenance } = recommendation
    expect(Object.keys(weights).sort()).toEqual([...DOMAINS].sort())
    expect(Object.values(weights).reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 9)
    expect(provenance.seed).toBe(42)
    const scored = evidence.holdouts.map(({ name, metric, surrogate }) => [name, metric, surrogate])
    for (const metric of ['loss', 'score']) {
      for (const surrogate of SURROGATES.keys()) {
        expect(scored).toContainEqual(['unseen_1b', metric, surrogate])
      }
    }
    const law = evidence.holdouts.find(
      ({ metric, surrogate }) => metric === 'loss' && surrogate === 'log-linear',
    )
    expect(law?.spearman).toBeGreaterThan(0.9)
    expect(law?.mae).toBeLessThan(0.1)
  })

  test('gives the same answer for the same seed', async () => {
    const args = ['--metric', 'metric/loss', '--seed', '5', '--param', 'kl=0.1']
    const [once, again] = await Promise.all([recommendationOf(...args), recommendationOf(...args)])
    expect(again).toEqual(once)
    expect(once).toMatchObject({ params: { kl: 0.1 }, provenance: { seed: 5 } })
    expect(once.predictions.map(({ metric }) => metric)).toEqual(['loss'])
  })

  test('keeps repetition within the cap', async () => {
    const domains = path.join(folder, 'tokens.json')
    writeFileSync(domains, JSON.stringify({ train_web: 100, code: 1e6, books: 1e6 }))
    const caps = ['--domains', domains, '--target-tokens', '1000', '--max-epochs', '2']
    const { weights, epochs } = await recommendationOf('--metric', 'loss', ...caps)
    expect(weights.web).toBeLessThanOrEqual(0.2 + 1e-9)
    expect(epochs.web).toBeCloseTo(weights.web * 10, 9)
  })

  test('recommends by another method', async () => {
    const { method, weights } = await recommendationOf('--method', 'baselines', '--metric', 'loss')
    expect(method).toBe('baselines')
    expect(Object.values(weights).reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 9)
  })
})

describe('fit for people', () => {
  test('shows weights, predictions and the scores of every surrogate beside the control', async () => {
    const { code, stdout } = await runFit(...holdout, '--metric', 'loss')
    expect(code).toBe(0)
    expect(stdout).toMatch(/web +\d\.\d{3} +█/)
    expect(stdout).toMatch(/metric +surrogate +cross-validated +unseen_1b/)
    for (const surrogate of SURROGATES.keys()) expect(stdout).toContain(surrogate)
    expect(stdout).toMatch(/single-domain.*control/)
    expect(stdout).toContain('Verdict')
    const colourCode = String.fromCharCode(27)
    expect(stdout).not.toContain(colourCode)
  })
})

describe('fit refuses', () => {
  const few = writeTables(folder, 'few', 3)
  const broken = path.join(folder, 'broken.csv')
  writeFileSync(broken, 'index,train_web,train_code,train_books\n0,0.5,half,0.5\n1,0.4,0.3,0.2\n')
  const metrics = path.join(folder, 'broken_metrics.csv')
  writeFileSync(metrics, 'index,metric/loss\n0,1\n1,2\n')
  const infeasible = path.join(folder, 'infeasible.json')
  writeFileSync(infeasible, JSON.stringify(DOMAINS.map((name) => ({ name, maxWeight: 0.2 }))))

  test.each([
    ['an unknown metric', 2, /did you mean "loss"/i, [...tables, '--metric', 'los']],
    ['an unknown method', 2, /mixing-laws, regmix/, [...tables, '--method', 'magic']],
    ['an unknown surrogate', 2, /log-linear/, [...tables, '--surrogate', 'magic']],
    ['a parameter without a value', 2, /key=value/, [...tables, '--param', 'kl']],
    ['a number that is none', 2, /above 0/, [...tables, '--max-epochs', 'four']],
    ['a file that does not exist', 2, /no such file/, ['--mixtures', 'none', '--metrics', 'none']],
    ['a hold-out of one file', 2, /mixtures\.csv:metrics\.csv/, [...tables, '--holdout', 'x.csv']],
    ['an unknown parameter', 3, /--param magic: .*not known/, [...tables, '--param', 'magic=1']],
    [
      'bad rows',
      3,
      /"half" in row 1, column "train_code"/,
      ['--mixtures', broken, '--metrics', metrics],
    ],
    [
      'too few runs',
      4,
      /4 distinct mixtures/,
      ['--mixtures', few.mixtures, '--metrics', few.metrics],
    ],
    ['an empty space', 4, /maxWeight|upper/i, [...tables, '--domains', infeasible]],
  ])('%s with exit code %d', async (_, code, said, args) => {
    const result = await runCommand(['fit', ...args])
    expect(result).toMatchObject({ code, stdout: '' })
    expect(result.stderr).toMatch(/^error: /)
    expect(result.stderr).toMatch(/\nfix: /)
    expect(result.stderr).toMatch(said)
  })

  test('with a problem document when asked for JSON', async () => {
    const args = ['--mixtures', broken, '--metrics', metrics, '--json']
    const { code, stdout, stderr } = await runCommand(['fit', ...args])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(JSON.parse(stderr)).toMatchObject({
      type: '/problems/rows-invalid',
      code: 'rows-invalid',
      exitCode: 3,
      errors: [
        { pointer: '/rows/1/train_code', detail: expect.stringContaining('"half"') },
        { pointer: '/rows/2', detail: expect.stringContaining('0.9') },
      ],
    })
  })
})

test('fit ends on Ctrl-C with exit code 130 and prints nothing', async () => {
  const many = writeTables(folder, 'many', 1500)
  const long = ['--method', 'regmix', '--surrogate', 'gradient-boosted-trees']
  const files = ['--mixtures', many.mixtures, '--metrics', many.metrics]
  const command = startCommand(['fit', ...files, ...long])
  await command.saying(/%/, 'stderr')
  command.child.kill('SIGINT')
  expect(await command.result).toMatchObject({ code: 130, stdout: '' })
})
