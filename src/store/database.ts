import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely'
import { validate } from 'uuid'
import type { PoolLike } from './pool.js'
import { SCHEMA, type Tables } from './tables.js'

/** Query builder over the tables of schema `mixwright`. */
export type Database = Kysely<Tables>

export function createDatabase(pool: PoolLike): Database {
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  }).withSchema(SCHEMA)
}

/** Whether the text can be the id of anything: PostgreSQL answers others with an error, we with "there is none". */
export function isId(text: string): boolean {
  return validate(text)
}
