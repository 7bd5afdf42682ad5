import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import { availableParallelism, homedir } from 'node:os'
import path from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import { envSchema } from 'env-schema'
import { type Static, Type } from 'typebox'
import { toFieldErrors } from '../formats/validation/index.js'
import type { Device } from '../training/types.js'
import { DEFAULT_RETENTION, type Retention } from '../workers/retention.js'
import { UsageError } from './failures.js'

const Days = (days: number) => Type.Number({ default: days, minimum: 0, maximum: 36_500 })

/** Everything that can be set from the environment, in one place; options of the command line win. */
const EnvironmentSchema = Type.Object({
  DATABASE_URL: Type.Optional(
    Type.String({ pattern: '^postgres(ql)?://', description: 'It begins with postgresql://.' }),
  ),
  REDIS_URL: Type.Optional(
    Type.String({ pattern: '^rediss?://', description: 'It begins with redis:// or rediss://.' }),
  ),
  MIXWRIGHT_HOST: Type.String({ default: '127.0.0.1', minLength: 1 }),
  MIXWRIGHT_PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535 }),
  MIXWRIGHT_WORKER_PORT: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  MIXWRIGHT_EVENT_STREAMS: Type.Integer({ default: 2_000, minimum: 1, maximum: 1_000_000 }),
  MIXWRIGHT_DATA: Type.String({ default: path.join(homedir(), '.mixwright'), minLength: 1 }),
  MIXWRIGHT_WORKERS: Type.Integer({
    default: Math.max(1, availableParallelism() - 1),
    minimum: 1,
    maximum: 256,
  }),
  MIXWRIGHT_TRAINING_THREADS: Type.Integer({
    default: availableParallelism(),
    minimum: 1,
    maximum: 256,
  }),
  MIXWRIGHT_DEVICE: Type.Union(
    ['cpu', 'webgpu', 'cuda'].map((device) => Type.Literal(device as Device)),
    { default: 'cpu' },
  ),
  MIXWRIGHT_SOURCES: Type.String({ default: '' }),
  MIXWRIGHT_QUOTA: Type.Optional(Type.String()),
  MIXWRIGHT_CHECKPOINT_SECONDS: Type.Number({ default: 15, minimum: 0, maximum: 86_400 }),
  MIXWRIGHT_CHECKPOINT_DAYS: Days(DEFAULT_RETENTION.checkpointDays),
  MIXWRIGHT_JOB_DAYS: Days(DEFAULT_RETENTION.jobDays),
  MIXWRIGHT_EVENT_DAYS: Days(DEFAULT_RETENTION.eventDays),
  MIXWRIGHT_RATE_LIMIT: Type.Integer({ default: 60_000, minimum: 0, maximum: 1_000_000_000 }),
  MIXWRIGHT_CORS_ORIGINS: Type.String({ default: '' }),
  MIXWRIGHT_TRUST_PROXY: Type.String({ default: '' }),
  MIXWRIGHT_LOG_LEVEL: Type.Union(
    ['debug', 'info', 'warn', 'error', 'silent'].map((level) => Type.Literal(level)),
    { default: 'warn' },
  ),
})

/** Names of all variables there are. */
export const ENVIRONMENT_VARIABLES = Object.keys(EnvironmentSchema.properties)

export interface Config {
  /** A PostgreSQL server for the store; without it the database is embedded and lies in `dataFolder`. */
  databaseUrl?: string
  /** A Redis server for the queue; without it the queue is in the database. */
  redisUrl?: string
  host: string
  /** 0: a free one. */
  port: number
  /** Where a worker alone answers those who watch over it; 0: a free one. Without it, nowhere. */
  workerPort?: number
  /** Event streams that are open at a time. */
  eventStreams: number
  dataFolder: string
  /** Fits at work at the same time. */
  workers: number
  /** Proxies in training at the same time. */
  trainingThreads: number
  /** What proxies are trained on. */
  device: Device
  /** Absolute folders that sources of corpora may be read from by their path. */
  sources: readonly string[]
  /** Bytes that uploads, corpora and checkpoints may have together; undefined for any. */
  quotaBytes?: number
  /** Seconds between two checkpoints of a proxy. */
  checkpointSeconds: number
  retention: Retention
  /** Requests that each key has a minute; 0 for any number. */
  rateLimit: number
  /** Origins whose pages may ask, as browsers write them. */
  corsOrigins: readonly string[]
  /** Addresses and CIDR ranges of proxies that say where requests come from. */
  trustProxy: readonly string[]
  logLevel: string
}

/** @throws UsageError naming the variable that is wrong */
export function readConfig(overrides: Partial<Config> = {}): Config {
  const env = readEnvironment()
  const config: Config = {
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    host: env.MIXWRIGHT_HOST,
    port: env.MIXWRIGHT_PORT,
    workerPort: env.MIXWRIGHT_WORKER_PORT,
    eventStreams: env.MIXWRIGHT_EVENT_STREAMS,
    dataFolder: env.MIXWRIGHT_DATA,
    workers: env.MIXWRIGHT_WORKERS,
    trainingThreads: env.MIXWRIGHT_TRAINING_THREADS,
    device: env.MIXWRIGHT_DEVICE,
    sources: readSources(env.MIXWRIGHT_SOURCES),
    quotaBytes: readQuota(env.MIXWRIGHT_QUOTA),
    checkpointSeconds: env.MIXWRIGHT_CHECKPOINT_SECONDS,
    retention: {
      checkpointDays: env.MIXWRIGHT_CHECKPOINT_DAYS,
      jobDays: env.MIXWRIGHT_JOB_DAYS,
      eventDays: env.MIXWRIGHT_EVENT_DAYS,
    },
    rateLimit: env.MIXWRIGHT_RATE_LIMIT,
    corsOrigins: readOrigins(env.MIXWRIGHT_CORS_ORIGINS),
    trustProxy: readProxies(env.MIXWRIGHT_TRUST_PROXY),
    logLevel: env.MIXWRIGHT_LOG_LEVEL,
  }
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined)
  const merged: Config = { ...config, ...Object.fromEntries(given) }
  return { ...merged, dataFolder: path.resolve(merged.dataFolder) }
}

/** Folders, separated as in PATH. */
function readSources(text: string): string[] {
  const folders = text.split(path.delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => {
    const absolute = path.resolve(folder)
    if (statSync(absolute, { throwIfNoEntry: false })?.isDirectory()) return absolute
    throw wrong(
      `MIXWRIGHT_SOURCES: there is no folder ${absolute}.`,
      `Name folders that exist, separated by "${path.delimiter}".`,
    )
  })
}

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

function readQuota(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, number = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? []
  const bytes = Math.floor(Number(number) * (UNITS[unit.toLowerCase() || 'b'] ?? Number.NaN))
  if (number !== '' && Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw wrong(
    `MIXWRIGHT_QUOTA: "${text}" is no number of bytes.`,
    'Write it as 50000000000, 50GB or 50GiB.',
  )
}

/** Origins, with commas. Never all: an open service would then obey every page that somebody looks at. */
function readOrigins(text: string): string[] {
  return listOf(text).map((origin) => {
    if (/^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin) {
      return origin
    }
    throw wrong(
      `MIXWRIGHT_CORS_ORIGINS: "${origin}" is no origin.`,
      'List each one as browsers send it: https://mix.example or http://localhost:3000, without a path.',
    )
  })
}

const LONGEST_PREFIX: Readonly<Record<number, number>> = { 4: 32, 6: 128 }

/** Addresses and ranges, with commas. Never all: whoever wrote the header could then pretend to be anybody. */
function readProxies(text: string): string[] {
  return listOf(text).map((proxy) => {
    const [, address = '', prefix] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(proxy) ?? []
    const longest = LONGEST_PREFIX[isIP(address)] ?? 0
    const length = prefix === undefined ? longest : Number(prefix)
    if (length >= 1 && length <= longest) return proxy
    throw wrong(
      `MIXWRIGHT_TRUST_PROXY: "${proxy}" is neither an address nor a range of addresses.`,
      'List the proxies in front of the service as 10.0.0.7, 10.0.0.0/8 or fd00::/8.',
    )
  })
}

/** What stands between commas. */
function listOf(text: string): string[] {
  const items = text.split(',').map((item) => item.trim())
  return items.filter(Boolean)
}

function wrong(detail: string, fix: string): UsageError {
  return new UsageError(`the environment: ${detail}`, fix)
}

const AJV_OPTIONS = {
  allErrors: true,
  coerceTypes: true,
  removeAdditional: true,
  useDefaults: true,
  verbose: true,
} as const

function readEnvironment(): Static<typeof EnvironmentSchema> {
  // An empty variable is how shells and container files say "not set".
  const data = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''))
  try {
    return envSchema<Static<typeof EnvironmentSchema>>({
      schema: EnvironmentSchema,
      data,
      env: false,
      ajv: { customOptions: () => new Ajv(AJV_OPTIONS) },
    })
  } catch (error) {
    const { errors } = error as Error & { errors: ErrorObject[] }
    const found = toFieldErrors(errors).map((field) => `${field.pointer.slice(1)}: ${field.detail}`)
    throw wrong(found.join(' '), 'Correct or unset the variable.')
  }
}
