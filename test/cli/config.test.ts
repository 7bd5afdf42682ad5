import { homedir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readConfig } from '../../src/cli/config.js'

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (/^(MIXWRIGHT_|DATABASE_URL|REDIS_URL)/.test(name)) vi.stubEnv(name, '')
  }
})
afterEach(() => vi.unstubAllEnvs())

test('what is not set has defaults', () => {
  expect(readConfig()).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    dataFolder: path.join(homedir(), '.mixwright'),
    databaseUrl: undefined,
    redisUrl: undefined,
    logLevel: 'warn',
  })
})

test('the environment is read, and options win over it', () => {
  vi.stubEnv('MIXWRIGHT_PORT', '9000')
  vi.stubEnv('MIXWRIGHT_DATA', 'data')
  vi.stubEnv('MIXWRIGHT_WORKERS', '3')
  vi.stubEnv('DATABASE_URL', 'postgresql://db/x')
  vi.stubEnv('REDIS_URL', 'redis://cache')
  expect(readConfig({ workers: 5, host: undefined })).toMatchObject({
    host: '127.0.0.1',
    port: 9000,
    dataFolder: path.resolve('data'),
    workers: 5,
    databaseUrl: 'postgresql://db/x',
    redisUrl: 'redis://cache',
  })
})

test.each([
  ['MIXWRIGHT_PORT', 'http', 'Must be a whole number; got the text "http".'],
  ['MIXWRIGHT_PORT', '70000', 'Must be at most 65535; got 70000.'],
  ['MIXWRIGHT_WORKERS', '0', 'Must be at least 1; got 0.'],
  [
    'MIXWRIGHT_LOG_LEVEL',
    'loud',
    'Must be "debug", "info", "warn", "error" or "silent"; got "loud".',
  ],
  [
    'DATABASE_URL',
    'mysql://x',
    '"mysql://x" does not have the right form. It begins with postgresql://.',
  ],
  [
    'REDIS_URL',
    'localhost:6379',
    '"localhost:6379" does not have the right form. It begins with redis:// or rediss://.',
  ],
])('%s=%s is refused by name, with what would be right', (name, value, says) => {
  vi.stubEnv(name, value)
  expect(() => readConfig()).toThrow(`the environment: ${name}: ${says}`)
})
