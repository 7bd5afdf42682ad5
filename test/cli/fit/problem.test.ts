import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { NameResolver } from '../../../src/cli/fit/names.js'
import { buildProblem, type ProblemOptions } from '../../../src/cli/fit/problem.js'

const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-problem-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function file(content: unknown): string {
  const name = path.join(folder, `${files++}.json`)
  writeFileSync(name, typeof content === 'string' ? content : JSON.stringify(content))
  return name
}

const build = (options: ProblemOptions) =>
  buildProblem(options, {
    domains: new NameResolver('domain', 'train_', ['web', 'code']),
    metrics: new NameResolver('metric', 'metric/', ['loss', 'acc', 'bpb']),
  })

const domains = [{ name: 'web' }, { name: 'code' }]

describe('the problem', () => {
  test('is every domain and every metric of the tables unless options say otherwise', async () => {
    expect(await build({})).toEqual({
      domains,
      metrics: [{ name: 'loss' }, { name: 'acc' }, { name: 'bpb' }],
      objective: { type: 'mean' },
    })
  })

  test('takes metrics by name or by header, with their directions', async () => {
    const problem = await build({ metric: ['metric/acc', 'loss', 'acc'], maximize: ['acc'] })
    expect(problem.metrics).toEqual([{ name: 'acc', direction: 'maximize' }, { name: 'loss' }])
  })

  test.each([
    ['a map', { web: 100, train_code: 20 }],
    ["Olmix's token counts", { token_counts: { web: 100, code: 20 } }],
    ["Olmix's priors", { priors: { relative_sizes: {}, token_counts: { web: 100, code: 20 } } }],
    [
      'a list of domains',
      [
        { name: 'code', tokens: 20 },
        { name: 'train_web', tokens: 100 },
      ],
    ],
  ])('takes tokens from %s', async (_, content) => {
    const problem = await build({ domains: file(content), targetTokens: 50, maxEpochs: 2 })
    expect(problem.domains).toEqual([
      { name: 'web', tokens: 100, maxEpochs: 2 },
      { name: 'code', tokens: 20, maxEpochs: 2 },
    ])
    expect(problem.targetTokens).toBe(50)
  })

  test('takes JSON with a byte order mark', async () => {
    const options = { domains: file('\uFEFF{"web": 100, "code": 20}') }
    expect((await build(options)).domains[0].tokens).toBe(100)
  })

  test('takes a prior from a file, or uniform', async () => {
    expect((await build({ prior: 'uniform' })).prior).toEqual({ web: 1, code: 1 })
    const sizes = { web: 3, code: 1 }
    expect((await build({ prior: file(sizes) })).prior).toEqual(sizes)
    expect((await build({ prior: file({ relative_sizes: sizes }) })).prior).toEqual(sizes)
  })

  test('takes an objective by name or from a file', async () => {
    expect((await build({ objective: 'worst' })).objective).toEqual({ type: 'worst' })
    const objective = { type: 'mean', weights: { 'metric/loss': 2, acc: 1 }, scale: 'standard' }
    expect((await build({ objective: file(objective) })).objective).toEqual({
      ...objective,
      weights: { loss: 2, acc: 1 },
    })
  })
})

describe('refused are', () => {
  test.each([
    ['an unknown metric', { metric: ['los'] }, '--metric: "los"', /"loss"/],
    [
      'an unknown metric to maximise',
      { maximize: ['accuracy'] },
      '--maximize: "accuracy"',
      /"acc"/,
    ],
    ['a metric that is nothing like one', { metric: ['zzzzzz'] }, '"zzzzzz"', /loss, acc, bpb/],
  ])('%s, with the nearest names', async (_, options, message, fix) => {
    await expect(build(options)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining(message),
      fix: expect.stringMatching(fix),
    })
  })

  test('maximising a metric that is not optimised', async () => {
    await expect(build({ metric: ['loss'], maximize: ['acc'] })).rejects.toThrow(/not among/)
  })

  test('a domain under two names, whichever of its values was meant', async () => {
    for (const content of [{ web: 1, train_web: 2 }, [{ name: 'web' }, { name: 'train_web' }]]) {
      await expect(build({ domains: file(content) })).rejects.toMatchObject({
        code: 'validation-failed',
        errors: [{ detail: '"web" and "train_web" are the same domain' }],
      })
    }
  })

  test('files that are folders, or not in UTF-8', async () => {
    await expect(build({ prior: folder })).rejects.toThrow(/it is a folder/)
    const latin1 = path.join(folder, 'latin1.json')
    writeFileSync(latin1, Buffer.from('{"caf\xe9": 1}', 'latin1'))
    await expect(build({ domains: latin1 })).rejects.toThrow(/latin1\.json is not text in UTF-8/)
  })

  test('wrong choices, said once with the right ones', async () => {
    await expect(build({ objective: file({ type: 'median' }) })).rejects.toMatchObject({
      errors: [{ pointer: '/type', detail: 'Must be "mean" or "worst"; got "median".' }],
    })
  })

  test('files that do not exist or hold no JSON', async () => {
    await expect(build({ domains: path.join(folder, 'none') })).rejects.toThrow(/no such file/)
    await expect(build({ domains: file('{') })).rejects.toThrow(/is not JSON/)
  })

  test.each([
    ['text for tokens', { domains: { web: '100' } }],
    ['negative tokens', { domains: { web: -1 } }],
    ['an unknown domain', { domains: { wbe: 1 } }],
    ['an unknown field of a domain', { domains: [{ name: 'web', token: 1 }] }],
    ['a negative prior', { prior: { web: -1 } }],
    ['an unknown objective', { objective: { type: 'median' } }],
    ['an unknown metric in an objective', { objective: { type: 'mean', weights: { x: 1 } } }],
  ])('%s in a file', async (_, content) => {
    const options = Object.fromEntries(
      Object.entries(content).map(([option, value]) => [option, file(value)]),
    )
    await expect(build(options)).rejects.toMatchObject({ code: 'validation-failed' })
  })
})
