import { type ExpressionBuilder, sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { ApiKeyRepository } from '../key-contract.js'
import type { Tables } from '../tables.js'
import { NOW } from './job-changes.js'

export function createApiKeyRepository(db: Database): ApiKeyRepository {
  const select = () => db.selectFrom('apiKeys').selectAll()

  const get: ApiKeyRepository['get'] = async (id) =>
    isId(id) ? select().where('id', '=', id).executeTakeFirst() : undefined

  return {
    get,

    insert: (key) => insertKey(db, key),

    rotate: async (id, successor, endsAt) => {
      if (!isId(id)) return undefined
      return db.transaction().execute(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('apiKeys')
          .set({ expiresAt: sql<Date>`least(expires_at, ${endsAt}::timestamptz)` })
          .where('id', '=', id)
          .where(isValid)
          .executeTakeFirst()
        return numUpdatedRows === 0n ? undefined : insertKey(tx, successor)
      })
    },

    findByHash: (hash) => select().where('hash', '=', hash).executeTakeFirst(),

    list: ({ after, limit }) =>
      select()
        .$if(after !== undefined, (query) => query.where('id', '<', after!))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),

    revoke: async (id) => {
      if (!isId(id)) return undefined
      const revoked = await db
        .updateTable('apiKeys')
        .set({ revokedAt: NOW })
        .where('id', '=', id)
        .where('revokedAt', 'is', null)
        .returningAll()
        .executeTakeFirst()
      return revoked ?? get(id)
    },

    anyUnrevoked: async () => {
      const found = await db
        .selectFrom('apiKeys')
        .select('id')
        .where('revokedAt', 'is', null)
        .limit(1)
        .executeTakeFirst()
      return found !== undefined
    },

    touch: async (id) => {
      if (!isId(id)) return
      await db
        .updateTable('apiKeys')
        .set({ lastUsedAt: NOW })
        .where('id', '=', id)
        .where((is) =>
          is.or([
            is('lastUsedAt', 'is', null),
            is('lastUsedAt', '<', sql<Date>`now() - interval '1 minute'`),
          ]),
        )
        .execute()
    },
  }
}

const insertKey = (db: Database, key: Parameters<ApiKeyRepository['insert']>[0]) =>
  db.insertInto('apiKeys').values(key).returningAll().executeTakeFirstOrThrow()

/** Neither revoked nor expired. */
function isValid(is: ExpressionBuilder<Tables, 'apiKeys'>) {
  return is.and([
    is('revokedAt', 'is', null),
    is.or([is('expiresAt', 'is', null), is('expiresAt', '>', NOW)]),
  ])
}
