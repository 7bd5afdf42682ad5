import { execFile, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** A project in small: the real set-up scripts, two modules, and a package manager that only leaves a trace. */
let project: string
const at = (...parts: string[]) => path.join(project, ...parts)
const write = (file: string, content: unknown) => {
  mkdirSync(path.dirname(at(file)), { recursive: true })
  writeFileSync(at(file), typeof content === 'string' ? content : JSON.stringify(content))
}

const LOCK = {
  packages: {
    '': { name: 'small' },
    'node_modules/a': { version: '1.0.0', integrity: 'x' },
    'node_modules/elsewhere': { version: '1.0.0', optional: true },
  },
}

beforeEach(() => {
  project = mkdtempSync(path.join(tmpdir(), 'mixwright-setup-'))
  mkdirSync(at('scripts'))
  for (const script of ['setup.mjs', 'build.mjs']) {
    cpSync(path.join(repository, 'scripts', script), at('scripts', script))
  }
  mkdirSync(at('node_modules'))
  symlinkSync(path.join(repository, 'node_modules', 'typescript'), at('node_modules', 'typescript'))
  write('package.json', { name: 'small', type: 'module' })
  write('package-lock.json', LOCK)
  write('node_modules/.package-lock.json', {
    packages: { 'node_modules/a': LOCK.packages['node_modules/a'] },
  })
  write('tsconfig.json', {
    compilerOptions: {
      module: 'NodeNext',
      target: 'ES2023',
      strict: true,
      types: [],
      incremental: true,
      rootDir: 'src',
      outDir: 'dist',
      tsBuildInfoFile: 'dist/.tsbuildinfo',
    },
    include: ['src'],
  })
  write('src/cli/main.ts', "import { word } from '../word.js'\nexport const said: string = word\n")
  write('src/word.ts', "export const word = 'one'\n")
  write('src/data.sql', 'select 1\n')
  write(
    'fake/npm-cli.js',
    [
      "import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'",
      "appendFileSync('npm-was-called', process.argv[2])",
      "const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))",
      "const installed = Object.entries(packages).filter(([name, p]) => name !== '' && !p.optional)",
      'const lock = { packages: Object.fromEntries(installed) }',
      "writeFileSync('node_modules/.package-lock.json', JSON.stringify(lock))",
    ].join('\n'),
  )
})

afterEach(() => {
  rmSync(project, { recursive: true, force: true })
})

const environment = () => ({ ...process.env, npm_execpath: at('fake/npm-cli.js') })

function setup() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [at('scripts', 'setup.mjs')], {
    encoding: 'utf8',
    env: environment(),
  })
  return { status, stdout, stderr }
}

const npmCalls = () =>
  existsSync(at('npm-was-called')) ? readFileSync(at('npm-was-called'), 'utf8') : ''

test('builds what is stale, then has nothing to do or to say', () => {
  expect(setup()).toMatchObject({ status: 0, stdout: '' })
  expect(readFileSync(at('dist', 'word.js'), 'utf8')).toContain("'one'")
  expect(readFileSync(at('dist', 'data.sql'), 'utf8')).toBe('select 1\n')
  expect(npmCalls()).toBe('')
  expect(setup()).toEqual({ status: 0, stdout: '', stderr: '' })
  write('src/word.ts', "export const word = 'two'\n")
  expect(setup().status).toBe(0)
  expect(readFileSync(at('dist', 'word.js'), 'utf8')).toContain("'two'")
})

test('installs when the lock file names another version than the one installed', () => {
  write('package-lock.json', {
    packages: { ...LOCK.packages, 'node_modules/a': { version: '1.0.1', integrity: 'y' } },
  })
  expect(setup().status).toBe(0)
  expect(npmCalls()).toBe('ci')
  setup()
  expect(npmCalls()).toBe('ci')
})

test('installs when a package is there that the lock file does not name', () => {
  write('node_modules/.package-lock.json', {
    packages: { ...LOCK.packages, 'node_modules/b': { version: '1.0.0' } },
  })
  expect(setup().status).toBe(0)
  expect(npmCalls()).toBe('ci')
})

test('a build that fails says why, exits with 1 and stays stale', () => {
  write('src/word.ts', 'export const word: string = 1\n')
  const failed = setup()
  expect(failed.status).toBe(1)
  expect(failed.stderr).toContain('TS2322')
  expect(setup().status).toBe(1)
  write('src/word.ts', "export const word = 'mended'\n")
  expect(setup().status).toBe(0)
})

test('outputs that were deleted come back, and those whose source is gone leave', () => {
  setup()
  rmSync(at('dist', 'word.js'))
  rmSync(at('dist', '.build-stamp'))
  expect(setup().status).toBe(0)
  expect(existsSync(at('dist', 'word.js'))).toBe(true)
  write('src/cli/main.ts', "export const said = 'nothing'\n")
  rmSync(at('src', 'word.ts'))
  expect(setup().status).toBe(0)
  expect(existsSync(at('dist', 'word.js'))).toBe(false)
})

test('two set-ups at once build one after the other', async () => {
  const run = () =>
    promisify(execFile)(process.execPath, [at('scripts', 'setup.mjs')], { env: environment() })
  const outputs = await Promise.all([run(), run()])
  const compilations = outputs.filter(({ stderr }) => stderr.includes('Compiling TypeScript'))
  expect(compilations).toHaveLength(1)
  expect(existsSync(at('dist', '.setup-lock'))).toBe(false)
})

test('the lock of a set-up that was killed is taken over', () => {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  write('dist/.setup-lock', String(pid))
  expect(setup().status).toBe(0)
  expect(existsSync(at('dist', 'word.js'))).toBe(true)
})
