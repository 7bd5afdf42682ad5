import { randomBytes } from 'node:crypto'
import pg from 'pg'

const { DATABASE_URL, REDIS_URL } = process.env
if (!DATABASE_URL || !REDIS_URL) {
  throw new Error('REDIS_URL and DATABASE_URL are missing: run `npm run test:services`')
}

const onServer = async (statement: string) => {
  const client = new pg.Client({ connectionString: DATABASE_URL })
  await client.connect()
  await client.query(statement)
  await client.end()
}

/** A new, empty database on the server, and a part of its own of Redis. */
export async function newPlace(redisDatabase: number) {
  const name = `scale_${randomBytes(6).toString('hex')}`
  await onServer(`create database ${name}`)
  const databaseUrl = new URL(DATABASE_URL!)
  databaseUrl.pathname = `/${name}`
  const redisUrl = new URL(REDIS_URL!)
  redisUrl.pathname = `/${redisDatabase}`
  return {
    env: { DATABASE_URL: databaseUrl.href, REDIS_URL: redisUrl.href },
    close: () => onServer(`drop database if exists ${name} with (force)`),
  }
}
