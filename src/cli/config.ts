import { availableParallelism, homedir } from 'node:os'
import path from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import { envSchema } from 'env-schema'
import { type Static, Type } from 'typebox'
import { toFieldErrors } from '../formats/validation/index.js'
import { UsageError } from './failures.js'

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
  MIXWRIGHT_DATA: Type.String({ default: path.join(homedir(), '.mixwright'), minLength: 1 }),
  MIXWRIGHT_WORKERS: Type.Integer({
    default: Math.max(1, availableParallelism() - 1),
    minimum: 1,
    maximum: 256,
  }),
  MIXWRIGHT_LOG_LEVEL: Type.Union(
    ['debug', 'info', 'warn', 'error', 'silent'].map((level) => Type.Literal(level)),
    { default: 'warn' },
  ),
})

export interface Config {
  /** A PostgreSQL server for the store; without it the database is embedded and lies in `dataFolder`. */
  databaseUrl?: string
  /** A Redis server for the queue; without it the queue is in the database. */
  redisUrl?: string
  host: string
  /** 0: a free one. */
  port: number
  dataFolder: string
  /** Fits at work at the same time. */
  workers: number
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
    dataFolder: env.MIXWRIGHT_DATA,
    workers: env.MIXWRIGHT_WORKERS,
    logLevel: env.MIXWRIGHT_LOG_LEVEL,
  }
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined)
  const merged: Config = { ...config, ...Object.fromEntries(given) }
  return { ...merged, dataFolder: path.resolve(merged.dataFolder) }
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
    const wrong = toFieldErrors(errors).map((field) => `${field.pointer.slice(1)}: ${field.detail}`)
    throw new UsageError(`the environment: ${wrong.join(' ')}`, 'Correct or unset the variable.')
  }
}
