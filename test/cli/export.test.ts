import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeRuns, PROBLEM } from '../api/client.js'
import { getJson, type RunningCommand, runCommand, startCommand } from './support.js'
import { temporaryFolder } from './tables.js'

const folder = temporaryFolder()
afterAll(() => rmSync(folder, { recursive: true }))

function jsonFile(name: string, content: unknown): string {
  const file = path.join(folder, name)
  writeFileSync(file, JSON.stringify(content))
  return file
}

const mixture = jsonFile('mixture.json', { web: 0.7, code: 0.3 })
const phases = jsonFile('phases.json', [
  { startStep: 0, weights: { web: 0.7, code: 0.3 } },
  { startStep: 9000, weights: { web: 0.5, code: 0.5 } },
])
const paths = jsonFile('paths.json', { web: '/d/web', code: '/d/code' })

const run = (...args: string[]) => runCommand(['export', ...args])

describe('export --mixture', () => {
  test('writes the text, and nothing else, to standard output', async () => {
    expect(await run('--mixture', mixture, '--format', 'megatron', '--paths', paths)).toMatchObject(
      {
        code: 0,
        stdout: '--train-data-path 0.7 /d/web 0.3 /d/code\n',
        stderr: '',
      },
    )
  })

  test('writes to a file, and warns on standard error', async () => {
    const output = path.join(folder, 'mixture.yaml')
    const args = ['--mixture', mixture, '--format', 'levanter', '--option', 'blockSize=2']
    const { code, stdout, stderr } = await run(...args, '--output', output)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(readFileSync(output, 'utf8')).toBe(
      'data:\n  train_weights:\n    web: 1.0\n  mixture_block_size: 2\n',
    )
    expect(stderr).toMatch(/^warning: Left out, .*"code" \(0\.3\)/)
    expect(stderr).toMatch(/^warning: not in the text.*"code"$/m)
  })

  test('takes a schedule, options, and prints what the API returns', async () => {
    const options = ['--option', 'batchSize=1024', '--option', 'targetBudget=2000000', '--option']
    const { code, stdout, stderr } = await run(
      ...[
        '--mixture',
        phases,
        '--format',
        'levanter',
        ...options,
        'experimentBudget=1000',
        '--json',
      ],
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { text, realised, checksum } = JSON.parse(stdout)
    expect(text).toContain('- [9000, {web: 0.5, code: 0.5}]')
    expect(text).toContain('target_budget: 2000000')
    expect(realised).toHaveLength(2)
    expect(checksum).toMatch(/^[0-9a-f]{64}$/)
  })

  test('takes a recommendation, token counts and a length of the run', async () => {
    const recommendation = jsonFile('recommendation.json', {
      method: 'mixing-laws',
      weights: { web: 0.7, code: 0.3 },
    })
    const domains = jsonFile('domains.json', { code: 10, web: 1000 })
    const files = ['--mixture', recommendation, '--domains', domains]
    const csv = await run(...files, '--format', 'csv', '--tokens', '1000')
    expect(csv.stdout).toBe('domain,weight,tokens\ncode,0.3,300\nweb,0.7,700\n')
    const olmo = await run(...files, '--format', 'olmo-core', '--tokens', '1000')
    expect(olmo.stderr).toMatch(/"code" needs 300 tokens and has 10, at most 4 times/)
  })
})

test('export --list shows every format', async () => {
  const { stdout } = await run('--list')
  expect(stdout).toMatch(
    /^ {2}levanter +Levanter, Marin: train_weights +sequences +yes +blockSize/m,
  )
  const { items } = JSON.parse((await run('--list', '--json')).stdout)
  expect(items.map(({ id }: { id: string }) => id)).toContain('olmo-core')
})

describe('export refuses', () => {
  const broken = jsonFile('broken.json', { web: 'most' })

  test.each<[string, number, RegExp, string[]]>([
    ['no format', 2, /no format is given/, ['--mixture', mixture]],
    ['no mixture', 2, /either a study or --mixture/, ['--format', 'json']],
    ['both', 2, /either a study or --mixture/, ['x', '--mixture', mixture, '--format', 'json']],
    [
      'an unknown format',
      2,
      /"yaml" is not an export format/,
      ['--mixture', mixture, '--format', 'yaml'],
    ],
    ['a file that is not there', 2, /no such file/, ['--mixture', 'none', '--format', 'json']],
    [
      'weights that are none',
      3,
      /\/web: Must be a number/,
      ['--mixture', broken, '--format', 'json'],
    ],
    [
      'an option of another target',
      3,
      /\/options\/seed/,
      ['--mixture', mixture, '--format', 'doremi', '--seed', '3'],
    ],
    [
      'a file that cannot be written',
      1,
      /cannot write/,
      ['--mixture', mixture, '--format', 'json', '--output', path.join(folder, 'none', 'x')],
    ],
  ])('%s with exit code %d', async (_, code, said, args) => {
    const result = await run(...args)
    expect(result).toMatchObject({ code, stdout: '' })
    expect(result.stderr).toMatch(said)
    expect(result.stderr).toMatch(/\nfix: /)
  })
})

describe('export of a study', () => {
  let service: RunningCommand
  let url: string
  beforeAll(async () => {
    service = startCommand(['serve', '--port', '0', '--data', path.join(folder, 'data'), '--json'])
    const [line] = await service.saying(/^\{.*\}$/m)
    url = JSON.parse(line).url
  })
  afterAll(async () => {
    service.child.kill('SIGTERM')
    await service.result
  })

  const exported = (...args: string[]) => runCommand(['export', ...args], { MIXWRIGHT_URL: url })

  async function post(address: string, body: object) {
    const response = await fetch(`${url}${address}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { headers: response.headers, body: await response.json() }
  }

  test('writes what its recommendation says, with its token counts', async () => {
    const created = await post('/v1/studies', {
      name: 'test',
      problem: { ...PROBLEM, targetTokens: 2e8 },
      method: 'baselines',
    })
    const { id } = created.body as { id: string }
    const early = await exported(id, '--format', 'json')
    expect(early).toMatchObject({ code: 4, stdout: '' })
    await post(`/v1/studies/${id}/imports`, { runs: makeRuns(8) })
    const { headers } = await post(`/v1/studies/${id}/fits`, {})
    const job = headers.get('location')
    await expect
      .poll(async () => (await getJson<{ state: string }>(`${url}${job}`)).state, {
        timeout: 50_000,
      })
      .toBe('succeeded')

    const { code, stdout } = await exported(id, '--format', 'csv')
    expect(code).toBe(0)
    const [header, ...rows] = stdout.trimEnd().split('\n')
    expect(header).toBe('domain,weight,tokens')
    expect(rows.map((row) => row.split(',')[0])).toEqual(PROBLEM.domains.map(({ name }) => name))
    const tokens = rows.map((row) => Number(row.split(',')[2]))
    expect(tokens.reduce((a, b) => a + b, 0)).toBe(2e8)

    const answer = await fetch(`${url}/v1/studies/${id}/recommendation/exports/csv`, {
      headers: { accept: 'text/plain' },
    })
    expect(await answer.text()).toBe(stdout)
  })
})
