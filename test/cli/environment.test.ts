import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startService } from '../../src/cli/compose.js'
import { type Config, readConfig } from '../../src/cli/config.js'
import { explainEnvironment } from '../../src/cli/environment.js'
import { EnvironmentError } from '../../src/cli/failures.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mixwright-environment-'))
})
afterAll(() => rm(folder, { recursive: true }))

const configOf = (changes: Partial<Config>): Config => ({
  ...readConfig({ port: 0, dataFolder: path.join(folder, 'data') }),
  databaseUrl: undefined,
  redisUrl: undefined,
  ...changes,
})

test('a data folder in whose place there is a file is named, with what to do', async () => {
  const dataFolder = path.join(folder, 'file')
  await writeFile(dataFolder, '')
  for (const place of [dataFolder, path.join(dataFolder, 'below')]) {
    await expect(startService(configOf({ dataFolder: place }))).rejects.toMatchObject({
      name: 'EnvironmentError',
      message: `the data folder ${place} cannot be used: there is a file in its place`,
      fix: expect.stringContaining('--data'),
    })
  }
})

test('a host that does not exist is a matter of --host, not of the servers', () => {
  const config = configOf({ host: 'nowhere.invalid' })
  const unknown = (hostname: string) =>
    Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
      hostname,
    })
  const fixFor = (hostname: string) => {
    const explained = explainEnvironment(unknown(hostname), config)
    expect(explained).toBeInstanceOf(EnvironmentError)
    return (explained as EnvironmentError).fix
  }
  expect(fixFor('nowhere.invalid')).toContain('--host')
  expect(fixFor('db')).toContain('DATABASE_URL')
})

test('a Redis that cannot be reached is a matter of REDIS_URL', async () => {
  const config = configOf({ redisUrl: 'redis://127.0.0.1:1' })
  await expect(startService(config)).rejects.toMatchObject({
    name: 'EnvironmentError',
    message: expect.stringContaining('127.0.0.1:1'),
    fix: expect.stringContaining('REDIS_URL'),
  })
})
