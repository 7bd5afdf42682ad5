import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { ENVIRONMENT_VARIABLES } from '../../src/cli/config.js'
import { OPTIMIZERS } from '../../src/optimizers/registry.js'
import { runCommand } from './support.js'

const COMMANDS = [
  'serve',
  'corpus',
  'study',
  'search',
  'compare',
  'trials',
  'jobs',
  'keys',
  'fit',
  'backtest',
  'methods',
  'demo',
  'backup',
  'restore',
]

describe('help', () => {
  test('names every command', async () => {
    const { code, stdout } = await runCommand(['--help'])
    expect(code).toBe(0)
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
  })

  test.each(COMMANDS)('of %s has examples and --json', async (command) => {
    const { code, stdout } = await runCommand([command, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Examples:')
    expect(stdout).toContain(`mixwright ${command}`)
    expect(stdout).toContain('--json')
  })

  test.each([
    ['jobs', 'list'],
    ['jobs', 'show'],
    ['jobs', 'cancel'],
    ['jobs', 'delete'],
    ['trials', 'delete-checkpoint'],
    ['keys', 'create'],
    ['keys', 'list'],
    ['keys', 'show'],
    ['keys', 'rotate'],
    ['keys', 'revoke'],
  ])('of %s %s has examples and --json', async (...command) => {
    const { code, stdout } = await runCommand([...command, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: mixwright ${command.join(' ')} `)
    expect(stdout).toContain(`\n  mixwright ${command.join(' ')} `)
    expect(stdout).toContain('--json')
  })

  test('of serve and worker names every variable of the environment', async () => {
    const help = await Promise.all(['serve', 'worker'].map((name) => runCommand([name, '--help'])))
    const text = help.map(({ stdout }) => stdout).join('')
    for (const name of ENVIRONMENT_VARIABLES) expect(text).toMatch(new RegExp(`\\b${name}\\b`))
  })
})

test('--version is that of the package', async () => {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  expect(await runCommand(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
})

describe('wrong usage', () => {
  test.each([
    [['frobnicate'], /unknown command/],
    [['fit'], /--mixtures/],
    [['methods', '--frobnicate'], /unknown option/],
    [['serve', '--port', '70000'], /0 to 65535/],
    [['methods', 'frobnicate'], /no method "frobnicate"/],
    [['restore', '/nonexistent/file'], /no file/],
    [['restore', tmpdir()], /is a folder/],
    [['backup', '/tmp/x.gz', '--data', '/nonexistent/folder'], /no folder/],
    [['backup', '/nonexistent/x.gz', '--data', tmpdir()], /no folder \/nonexistent/],
    [['backup', tmpdir(), '--force', '--data', tmpdir()], /not a file/],
    [['serve', '--data', ''], /--data.*must not be empty/],
    [['serve', '--host', ''], /--host.*must not be empty/],
    [['demo', '--seed', '-1'], /from 0 to 2147483647/],
  ])('%j ends with 2 and says what is wrong', async (args, said) => {
    const { code, stdout, stderr } = await runCommand(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(said)
  })

  test('is a problem document with --json', async () => {
    const { code, stderr } = await runCommand(['methods', 'frobnicate', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stderr)).toMatchObject({ code: 'wrong-usage', exitCode: 2 })
  })
})

test('a folder that holds something else is not backed up, and left as it is', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-foreign-'))
  writeFileSync(path.join(folder, 'notes.txt'), 'mine')
  const args = ['backup', path.join(folder, 'x.gz'), '--data', folder]
  const { code, stderr } = await runCommand(args)
  expect(code).toBe(2)
  expect(stderr).toMatch(/no database/)
  expect(readdirSync(folder)).toEqual(['notes.txt'])
  rmSync(folder, { recursive: true })
})

describe('methods', () => {
  test('lists every method', async () => {
    const { code, stdout } = await runCommand(['methods'])
    expect(code).toBe(0)
    for (const { name, title } of OPTIMIZERS.values()) expect(stdout).toContain(`${name}: ${title}`)
  })

  test('prints schemas and citations as JSON', async () => {
    const { items } = JSON.parse((await runCommand(['methods', '--json'])).stdout)
    expect(items.map(({ name }: { name: string }) => name)).toEqual([...OPTIMIZERS.keys()])
    for (const item of items) {
      expect(item.paramsSchema.type).toBe('object')
      expect(item.citation.url).toMatch(/^https:/)
    }
  })

  test('shows the parameters of one', async () => {
    const { code, stdout } = await runCommand(['methods', 'regmix'])
    expect(code).toBe(0)
    const schema = OPTIMIZERS.get('regmix')?.paramsSchema as { properties?: object } | undefined
    const parameters = Object.keys(schema?.properties ?? {})
    expect(parameters.length).toBeGreaterThan(0)
    expect(parameters.filter((parameter) => !stdout.includes(parameter))).toEqual([])
  })

  test.each([...OPTIMIZERS.keys()])('fits what it says of %s into 80 columns', async (name) => {
    const { stdout } = await runCommand(['methods', name])
    const long = stdout.split('\n').filter((line) => line.length > 80 && line.includes(' '))
    expect(long).toEqual([])
  })

  test('shows ranges and choices of parameters', async () => {
    const { stdout } = await runCommand(['methods', 'admire'])
    const flat = stdout.replace(/\s+/g, ' ')
    expect(flat).toContain('kernel: "matern-5/2" | "rbf"; default "matern-5/2"')
    expect(flat).toContain('initialRuns: whole number from 1 to 10000 | null; default null')
    expect(flat).toContain('leastCorrelation: number from -1 to 1; default 0.3')
    expect(flat).toContain('stop: true | false; default true')
    const bohb = (await runCommand(['methods', 'bohb'])).stdout
    expect(bohb).toContain('topNPercent: number above 0 and below 100;')
  })
})
