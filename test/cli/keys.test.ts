import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { accessOf } from '../../src/cli/access.js'
import type { NewKey } from '../../src/cli/client/index.js'
import type { KeyPlace } from '../../src/cli/commands/keys/key-place.js'
import { storedKeys } from '../../src/cli/commands/keys/stored-keys.js'
import { duration, expiryTime, scopeList } from '../../src/cli/commands/keys/values.js'
import { keysCommand } from '../../src/cli/commands/keys.js'
import { studyCommand } from '../../src/cli/commands/study.js'
import { type Config, readConfig } from '../../src/cli/config.js'
import { gather } from '../../src/cli/terminal/lists.js'
import { type OpenStore, openStore } from '../../src/store/index.js'
import type { Scope } from '../../src/store/key-contract.js'
import { newDataFolder } from '../store/support/data-folder.js'
import { type RunningCommand, runCommand, startCommand } from './support.js'
import { temporaryFolder } from './tables.js'

const KEY_LINE = /^mix_\w{8}_\w{43}\n$/

const folder = temporaryFolder()
const data = path.join(folder, 'data')
let running: RunningCommand | undefined
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.result
  running = undefined
})

const keys = (args: string[], env?: NodeJS.ProcessEnv) => runCommand(['keys', ...args], env)

async function json(args: string[], env?: NodeJS.ProcessEnv) {
  const { code, stdout, stderr } = await keys([...args, '--json'], env)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

async function serve(...args: string[]): Promise<{ url: string; isOpen: boolean }> {
  running = startCommand(['serve', '--port', '0', '--data', data, '--json', ...args])
  const [line] = await running.saying(/^\{.*\}$/m)
  return JSON.parse(line)
}

const statusOf = async (url: string, key?: string) =>
  (await fetch(url, { headers: key === undefined ? {} : { authorization: `Bearer ${key}` } }))
    .status

test('others are let in once there is a key, and with it', async () => {
  const refused = await runCommand([
    ...['serve', '--host', '0.0.0.0', '--port', '0', '--data', data],
  ])
  expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 1, stdout: '' })
  expect(refused.stderr).toMatch(/^error: whoever reaches 0\.0\.0\.0 could do everything/)
  expect(refused.stderr).toMatch(/\nfix: .*mixwright keys create/)

  const scopes = 'admin,run,write,read'
  const made = await keys(['create', '--name', 'me', '--scopes', scopes, '--data', data])
  expect(made.code).toBe(0)
  expect(made.stdout).toMatch(KEY_LINE)
  expect(made.stderr).toContain('"me" (read, write, run, admin; does not expire)')
  const admin = made.stdout.trim()

  const { url, isOpen } = await serve('--host', '0.0.0.0')
  expect(isOpen).toBe(false)
  expect(await statusOf(`${url}/livez`)).toBe(200)
  expect(await statusOf(`${url}/v1/studies`)).toBe(401)
  expect(await statusOf(`${url}/v1/studies`, admin)).toBe(200)

  const locked = await keys(['list', '--data', data])
  expect(locked.code).toBe(1)
  expect(locked.stderr).toMatch(/\nfix: .*--url.*MIXWRIGHT_API_KEY/)
  const missing = await keys(['list', '--url', url])
  expect(missing.code).toBe(2)
  expect(missing.stderr).toMatch(/\nfix: .*MIXWRIGHT_API_KEY/)

  const env = { MIXWRIGHT_API_KEY: admin, MIXWRIGHT_URL: url }
  const reader = await json(['create', '--name', 'reader', '--scopes', 'read'], env)
  expect(await statusOf(`${url}/v1/studies`, reader.key)).toBe(200)
  const small = await keys(['list'], { ...env, MIXWRIGHT_API_KEY: reader.key })
  expect(small.code).toBe(2)
  expect(small.stderr).toMatch(/needs the scope `admin`[\s\S]*fix: .*MIXWRIGHT_API_KEY/)
  expect(await json(['revoke', reader.id], env)).toEqual({ revoked: reader.id })
  expect(await statusOf(`${url}/v1/studies`, reader.key)).toBe(401)

  const list = await keys(['list'], env)
  expect(list.stdout).toMatch(new RegExp(`${reader.prefix} .*revoked`))
  for (const secret of [admin, reader.key]) expect(list.stdout).not.toContain(secret)
}, 120_000)

describe('a key in a database', () => {
  let folder: string
  let store: OpenStore
  let place: KeyPlace
  beforeAll(async () => {
    folder = await newDataFolder()
    store = await openStore({ dataFolder: folder })
    place = storedKeys(store)
  })
  afterAll(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })

  test('is made, listed, rotated and revoked as over HTTP', async () => {
    const made = await place.createKey({ name: 'me', scopes: ['admin', 'read'] })
    expect(`${made.key}\n`).toMatch(KEY_LINE)
    const { key, ...shown } = made
    expect(await gather(place.keys())).toEqual([shown])
    const rotation = { overlapSeconds: 3600, expiresAt: expiryTime('30d') }
    const successor = await place.rotateKey(made.id, rotation)
    expect(successor).toMatchObject({ name: 'me', scopes: ['read', 'admin'], rotatedFrom: made.id })
    expect(successor.key).not.toBe(key)
    expect((await place.key(made.id)).state).toBe('valid')
    await place.revokeKey(made.id)
    expect((await place.key(made.id)).state).toBe('revoked')
  })

  test('is listed with all others', async () => {
    const before = await gather(place.keys())
    for (let i = 0; i < 101; i++) await place.createKey({ name: `key ${i}`, scopes: ['read'] })
    const all = await gather(place.keys())
    expect(all).toHaveLength(before.length + 101)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  })

  test('is checked as over HTTP', async () => {
    const before = await gather(place.keys())
    const scopes: Scope[] = ['read']
    const refused: [NewKey, string][] = [
      [{ name: ' ', scopes }, '/name'],
      [{ name: 'x'.repeat(201), scopes }, '/name'],
      [{ name: 'a\0b', scopes }, '/name'],
      [{ name: 'x', scopes: [] }, '/scopes'],
      [{ name: 'x', scopes, expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    ]
    for (const [key, pointer] of refused) {
      await expect(place.createKey(key)).rejects.toMatchObject({
        code: 'validation-failed',
        errors: expect.arrayContaining([expect.objectContaining({ pointer })]),
      })
    }
    await expect(place.rotateKey(before[0].id, { overlapSeconds: -1 })).rejects.toMatchObject({
      code: 'validation-failed',
    })
    expect(await gather(place.keys())).toEqual(before)
  })
})

describe('a command line that cannot be followed is refused', () => {
  const nowhere = path.join(folder, 'nowhere')

  test.each<[string[], RegExp]>([
    [['create', '--data', nowhere], /--name/],
    [['create', '--name', 'x', '--scopes', 'read,root', '--data', nowhere], /read, write, run/],
    [['create', '--name', 'x', '--expires', 'soon', '--data', nowhere], /such as 90d/],
    [['list', '--data', nowhere], /there is no folder/],
    [['list', '--data', nowhere, '--url', 'http://127.0.0.1:1'], /two places/],
  ])('keys %j', async (args, message) => {
    const { code, stdout, stderr } = await keys(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
    expect(existsSync(nowhere)).toBe(false)
  })

  test('with a key that is none, which is not repeated', async () => {
    const env = { MIXWRIGHT_API_KEY: 'hunter2', MIXWRIGHT_URL: 'http://127.0.0.1:1' }
    const { code, stdout, stderr } = await runCommand(['study', 'list'], env)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('MIXWRIGHT_API_KEY')
    expect(stderr).not.toContain('hunter2')
  })
})

test('no key is ever an argument', () => {
  const commands = [keysCommand(), studyCommand()].flatMap((command) => command.commands)
  expect(commands.length).toBeGreaterThan(8)
  for (const command of commands) {
    expect(command.helpInformation()).not.toMatch(/--(api-)?key\b/)
  }
})

describe('who needs a key', () => {
  const settings = readConfig()
  const config = (host: string): Config => ({ ...settings, host })
  const some = { anyUnrevoked: async () => true }
  const none = { anyUnrevoked: async () => false }

  test.each(['127.0.0.1', '127.9.8.7', '::1', 'localhost'])(
    'nobody on %s, as long as there is none',
    async (host) => {
      const open = await accessOf(config(host), none)
      expect(open).toMatchObject({ isOpen: true, security: { access: 'until-keys' } })
      const guarded = await accessOf(config(host), some)
      expect(guarded).toMatchObject({ isOpen: false, security: { access: 'until-keys' } })
    },
  )

  test.each(['0.0.0.0', '::', '192.168.1.7', '128.0.0.1', 'mix.example', 'localhost.example'])(
    'everybody on %s',
    async (host) => {
      const guarded = await accessOf(config(host), some)
      expect(guarded).toMatchObject({ isOpen: false, security: { access: 'keys' } })
      await expect(accessOf(config(host), none)).rejects.toMatchObject({
        name: 'EnvironmentError',
        fix: expect.stringContaining('mixwright keys create'),
      })
    },
  )
})

describe('values of options', () => {
  test('are times and durations', () => {
    expect([duration('45s'), duration('30m'), duration('12h'), duration('7d')]).toEqual([
      45, 1800, 43_200, 604_800,
    ])
    expect(expiryTime('2027-01-31')).toBe('2027-01-31T00:00:00.000Z')
    expect(expiryTime('2027-01-31T12:00')).toBe('2027-01-31T12:00:00.000Z')
    expect(expiryTime('2027-01-31T12:00:00+02:00')).toBe('2027-01-31T10:00:00.000Z')
    expect(expiryTime('never')).toBeNull()
    const left = Date.parse(expiryTime('90d')!) - Date.now()
    expect(Math.abs(left - 90 * 86_400_000)).toBeLessThan(60_000)
  })

  test.each(['', '7', 'd', '1.5h', '-1d', '1w', 'tomorrow'])('are no duration: %j', (text) => {
    expect(() => duration(text)).toThrow(/such as 7d/)
  })

  test.each(['', '1', '2027', '2027-13-01', '2027-01-31 12:00', 'soon'])(
    'are no time: %j',
    (text) => {
      expect(() => expiryTime(text)).toThrow(/such as 90d/)
    },
  )

  test('are scopes, in any order', () => {
    expect(scopeList('run, read')).toEqual(['read', 'run'])
    for (const text of ['', 'read,', 'all', 'READ']) expect(() => scopeList(text)).toThrow(/admin/)
  })
})
