import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Import, ImportPreview } from '../../src/cli/client/index.js'
import { type RunningCommand, runCommand, startCommand } from './support.js'
import { temporaryFolder } from './tables.js'

const folder = temporaryFolder()
let service: RunningCommand
let env: NodeJS.ProcessEnv
let study: string

function file(name: string, content: unknown): string {
  const written = path.join(folder, name)
  mkdirSync(path.dirname(written), { recursive: true })
  writeFileSync(written, typeof content === 'string' ? content : JSON.stringify(content))
  return written
}

const importing = (...args: string[]) => runCommand(['study', 'import', study, ...args], env)

beforeAll(async () => {
  const data = path.join(folder, 'data')
  service = startCommand(['serve', '--port', '0', '--data', data, '--workers', '1', '--json'])
  const [line] = await service.saying(/^\{.*\}$/m)
  env = { MIXWRIGHT_URL: JSON.parse(line).url }
  const problem = {
    domains: [{ name: 'web' }, { name: 'code' }],
    metrics: [{ name: 'arc/acc', direction: 'maximize' }],
  }
  const created = file('study.json', { name: 'a study', problem })
  const { stdout } = await runCommand(['study', 'create', created, '--json'], env)
  study = JSON.parse(stdout).id
}, 120_000)
afterAll(async () => {
  service.child.kill('SIGTERM')
  await service.result
  rmSync(folder, { recursive: true })
})

test('results are tried and imported from their folders, with the table of mixtures', async () => {
  const mixtures = file('mixtures.csv', 'run,web,code\nrun-1,0.7,0.3\nrun-2,0.25,0.75\n')
  const results = (acc: number) => ({
    results: { arc: { 'acc,none': acc, 'acc_stderr,none': 0.01 } },
    versions: { arc: 1 },
  })
  const files = [file('out/run-1/r.json', results(0.5)), file('out/run-2/r.json', results(0.6))]
  const args = ['--format', 'lm-eval', '--mixtures', mixtures, ...files]

  const tried = await importing(...args, '--dry-run')
  expect(tried.stdout).toMatch(
    /^Would import 2 runs at the fidelity default\. Nothing was stored\.\n/,
  )
  expect(tried.stdout).toMatch(/run-1 +web 0\.7, code 0\.3 +arc\/acc 0\.5\n/)
  expect(tried).toMatchObject({ code: 0, stderr: '' })

  const imported = await importing(...args, '--json')
  expect(imported).toMatchObject({ code: 0, stderr: '' })
  const record: Import = JSON.parse(imported.stdout)
  expect(record).toMatchObject({
    format: 'lm-eval',
    rowCount: 2,
    evaluations: { arc: { version: 1 } },
  })

  const again = await importing(...args)
  expect(again).toMatchObject({ code: 4, stdout: '' })
  expect(again.stderr).toContain('run-1, run-2')
})

test('what is wrong is listed by a dry run, which then ends with the code for wrong input', async () => {
  const lines = file('runs.jsonl', '{"run": "x", "mixture": {"web": 1}, "metrics": {"acc": 0.5}}\n')
  const args = ['--format', 'jsonl', lines, '--metric-name', 'acc=arc/acc', '--dry-run']
  const { code, stdout, stderr } = await importing(...args)
  expect(stdout).toMatch(
    /^Cannot import 1 run at the fidelity default: 1 problem\.\n {2}the mixture in line 1/,
  )
  expect(stderr).toContain('would not be imported')
  expect(code).toBe(3)
  const { stdout: json } = await importing(...args, '--json')
  const preview: ImportPreview = JSON.parse(json)
  expect(preview.problems[0].pointer).toBe('/files/0/lines/1/mixture')
})

test('pairs and JSON are imported, too', async () => {
  const mixtures = file('ratios.csv', 'run,web,code\na,0.5,0.5\n')
  const metrics = file('metrics.csv', 'run,arc/acc\na,0.5\n')
  const pair = await importing('--mixtures', mixtures, metrics)
  expect(pair.stdout).toMatch(/^Imported 1 run at the fidelity default {2}[0-9a-f-]{36}\n$/)
  const runs = [{ id: 'b', weights: { web: 1, code: 0 }, metrics: { 'arc/acc': 0.25 } }]
  const body = file('runs.json', { runs })
  const json = await importing('--format', 'json', body, '--holdout', 'later', '--json')
  expect(JSON.parse(json.stdout)).toMatchObject({ format: 'json', role: 'holdout', name: 'later' })
})

test.each([
  [
    'an unknown format',
    ['--format', 'lm-evall', 'x'],
    /did you mean "lm-eval".*The formats are csv, regmix-csv/,
  ],
  ['a pair without mixtures', ['x'], /csv takes two files: --mixtures and one of metrics/],
  [
    'a map that is none',
    ['--format', 'jsonl', 'x', '--metric-name', 'loss'],
    /must be written name=name/,
  ],
  [
    'a file that does not exist',
    ['--format', 'jsonl', 'nowhere.jsonl'],
    /there is no file nowhere.jsonl/,
  ],
])('%s is refused before anything is sent', async (_name, args, says) => {
  const { code, stdout, stderr } = await importing(...args)
  expect(stderr).toMatch(says)
  expect([code, stdout]).toEqual([2, ''])
})
