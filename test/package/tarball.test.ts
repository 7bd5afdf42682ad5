import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const work = mkdtempSync(path.join(tmpdir(), 'mixwright-package-'))
const installed = path.join(work, 'empty')
const version = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')).version

/** What `npm test` tells its children about this project would be taken for the empty folder's. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(config_local_prefix|package_|lifecycle_|command)/.test(name),
  ),
)

interface PackReport {
  filename: string
  files: { path: string; mode: number }[]
}
let packed: PackReport

const npm = (folder: string, ...args: string[]) =>
  execFileSync('npm', args, {
    cwd: folder,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })

function mixwright(...args: string[]) {
  const npx = ['--prefix', installed, '--no-install', 'mixwright', ...args]
  return spawnSync('npx', npx, { cwd: installed, env, encoding: 'utf8' })
}

beforeAll(() => {
  ;[packed] = JSON.parse(npm(repository, 'pack', '--json', '--pack-destination', work))
  mkdirSync(installed)
  const tarball = path.join(work, packed.filename)
  npm(
    installed,
    'install',
    '--prefix',
    installed,
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    tarball,
  )
})

afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})

test('the tarball holds the program and its papers, and nothing of the workshop', () => {
  const files = packed.files.map((file) => file.path)
  const papers = ['LICENSE', 'README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md']
  const needed = ['dist/cli/main.js', 'openapi/openapi.json', ...papers]
  expect(needed.filter((file) => !files.includes(file))).toEqual([])
  const tops = new Set(files.map((file) => file.split('/')[0]))
  const wanted = [...papers, 'dist', 'docs', 'examples', 'openapi', 'package.json']
  expect([...tops].filter((top) => !wanted.includes(top))).toEqual([])
  expect(files.filter((file) => /\/\.|\.map$|(^|\/)(test|assembly)\//.test(file))).toEqual([])
})

test('an empty folder that installed it has the command', () => {
  expect(mixwright('--version')).toMatchObject({ status: 0, stdout: `${version}\n` })
})

test('it knows its methods', () => {
  const { status, stdout } = mixwright('methods', '--json')
  expect(status).toBe(0)
  const names = JSON.parse(stdout).items.map((method: { name: string }) => method.name)
  expect(names).toEqual(expect.arrayContaining(['regmix', 'mixing-laws', 'baselines']))
})

test('it runs the demo', () => {
  const budget = ['--trials', '7', '--trial-tokens', '8192', '--proof-tokens', '8192']
  const { status, stdout, stderr } = mixwright('demo', ...budget)
  expect(stderr).not.toMatch(/error|warning/i)
  expect(stderr).toContain('7 of 7')
  expect(stdout).toMatch(/^ +recommended +uniform +natural$/m)
  expect(status).toBe(0)
})
