import { availableParallelism, homedir, tmpdir } from 'node:os'
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
    rateLimit: 60_000,
    corsOrigins: [],
    trustProxy: [],
    trainingThreads: availableParallelism(),
    device: 'cpu',
    sources: [],
    quotaBytes: undefined,
    checkpointSeconds: 15,
    retention: { checkpointDays: 1, jobDays: 30, eventDays: 30 },
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

test('what proxies and corpora need is read', () => {
  vi.stubEnv('MIXWRIGHT_TRAINING_THREADS', '6')
  vi.stubEnv('MIXWRIGHT_DEVICE', 'webgpu')
  vi.stubEnv('MIXWRIGHT_SOURCES', [tmpdir(), '.', ''].join(path.delimiter))
  vi.stubEnv('MIXWRIGHT_CHECKPOINT_SECONDS', '0.5')
  vi.stubEnv('MIXWRIGHT_CHECKPOINT_DAYS', '0')
  vi.stubEnv('MIXWRIGHT_JOB_DAYS', '90')
  expect(readConfig()).toMatchObject({
    trainingThreads: 6,
    device: 'webgpu',
    sources: [tmpdir(), process.cwd()],
    checkpointSeconds: 0.5,
    retention: { checkpointDays: 0, jobDays: 90, eventDays: 30 },
  })
})

test('limits and origins are read', () => {
  vi.stubEnv('MIXWRIGHT_RATE_LIMIT', '0')
  vi.stubEnv('MIXWRIGHT_CORS_ORIGINS', ' https://mix.example, http://localhost:3000,')
  expect(readConfig()).toMatchObject({
    rateLimit: 0,
    corsOrigins: ['https://mix.example', 'http://localhost:3000'],
  })
})

test('proxies that are trusted are read', () => {
  vi.stubEnv('MIXWRIGHT_TRUST_PROXY', ' 10.0.0.7, 10.1.0.0/16,fd00::/8, ::1,')
  expect(readConfig().trustProxy).toEqual(['10.0.0.7', '10.1.0.0/16', 'fd00::/8', '::1'])
})

test.each([
  '*',
  'true',
  '1',
  'proxy.example',
  '10.0.0',
  '10.0.0.0/33',
  '0.0.0.0/0',
  '::/129',
  '10.0.0.0/',
  '::1%lo',
])('a proxy %s is refused', (proxy) => {
  vi.stubEnv('MIXWRIGHT_TRUST_PROXY', `10.0.0.7,${proxy}`)
  const says = `MIXWRIGHT_TRUST_PROXY: "${proxy}" is neither an address nor a range of addresses.`
  expect(() => readConfig()).toThrow(says)
})

test.each([
  ['50000', 50_000],
  ['1.5kB', 1500],
  ['50GB', 5e10],
  ['50 gib', 50 * 2 ** 30],
  ['2TiB', 2 * 2 ** 40],
])('a quota of %s is %d bytes', (text, bytes) => {
  vi.stubEnv('MIXWRIGHT_QUOTA', text)
  expect(readConfig().quotaBytes).toBe(bytes)
})

test.each([
  ['MIXWRIGHT_PORT', 'http', 'Must be a whole number; got the text "http".'],
  ['MIXWRIGHT_PORT', '70000', 'Must be at most 65535; got 70000.'],
  ['MIXWRIGHT_WORKERS', '0', 'Must be at least 1; got 0.'],
  ['MIXWRIGHT_TRAINING_THREADS', '0', 'Must be at least 1; got 0.'],
  ['MIXWRIGHT_DEVICE', 'gpu', 'Must be "cpu", "webgpu" or "cuda"; got "gpu".'],
  ['MIXWRIGHT_SOURCES', '/no/such/folder', 'there is no folder /no/such/folder.'],
  ['MIXWRIGHT_QUOTA', 'much', '"much" is no number of bytes.'],
  ['MIXWRIGHT_QUOTA', '0', '"0" is no number of bytes.'],
  ['MIXWRIGHT_QUOTA', '5 apples', '"5 apples" is no number of bytes.'],
  ['MIXWRIGHT_RATE_LIMIT', '-1', 'Must be at least 0; got -1.'],
  ['MIXWRIGHT_CORS_ORIGINS', '*', '"*" is no origin.'],
  ['MIXWRIGHT_CORS_ORIGINS', 'https://a.example/', '"https://a.example/" is no origin.'],
  ['MIXWRIGHT_CORS_ORIGINS', 'null', '"null" is no origin.'],
  ['MIXWRIGHT_CORS_ORIGINS', 'a.example', '"a.example" is no origin.'],
  ['MIXWRIGHT_JOB_DAYS', '-1', 'Must be at least 0; got -1.'],
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
