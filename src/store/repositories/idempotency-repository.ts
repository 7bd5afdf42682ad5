import { type RawBuilder, sql } from 'kysely'
import { v7 as uuid } from 'uuid'
import type { Database } from '../database.js'
import type { IdempotencyBegin, IdempotencyRepository } from '../idempotency-contract.js'
import { NOW } from './job-changes.js'

/** Before any time: who looks next may take the request up at once. */
const UNLOCKED = sql<Date>`'-infinity'::timestamptz`

export function createIdempotencyRepository(db: Database): IdempotencyRepository {
  const running = (scope: string, key: string) =>
    db
      .updateTable('idempotencyKeys')
      .where('scope', '=', scope)
      .where('key', '=', key)
      .where('state', '=', 'running')

  return {
    begin: async (scope, key, fingerprint, staleMs) => {
      for (;;) {
        const began = await take(db, { scope, key, fingerprint }, staleMs)
        if (began) return { outcome: 'begun', resourceId: began.resourceId }
        const found = await find(db, scope, key, fingerprint)
        // Undefined when it was removed between the two statements: then it is new.
        if (found) return found
      }
    },

    renew: async (scope, key) => {
      await running(scope, key).set({ lockedAt: NOW }).execute()
    },

    answer: async (scope, key, { status, headers, body }) => {
      await running(scope, key)
        .set({ state: 'answered', status, headers: JSON.stringify(headers), body })
        .execute()
    },

    release: async (scope, key) => {
      await running(scope, key).set({ lockedAt: UNLOCKED }).execute()
    },

    releaseAll: async () => {
      await db
        .updateTable('idempotencyKeys')
        .set({ lockedAt: UNLOCKED })
        .where('state', '=', 'running')
        .execute()
    },

    deleteBefore: async (date) => {
      const { numDeletedRows } = await db
        .deleteFrom('idempotencyKeys')
        .where('createdAt', '<', date)
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}

/** Writes the key, or takes over the same request from a process that has died. Undefined when it is neither. */
function take(
  db: Database,
  request: { scope: string; key: string; fingerprint: string },
  staleMs: number,
): Promise<{ resourceId: string } | undefined> {
  return db
    .insertInto('idempotencyKeys')
    .values({ ...request, resourceId: uuid() })
    .onConflict((conflict) =>
      conflict
        .columns(['scope', 'key'])
        .doUpdateSet({ lockedAt: NOW })
        .where('idempotencyKeys.state', '=', 'running')
        .where('idempotencyKeys.fingerprint', '=', request.fingerprint)
        .where('idempotencyKeys.lockedAt', '<', staleBefore(staleMs)),
    )
    .returning('resourceId')
    .executeTakeFirst()
}

async function find(
  db: Database,
  scope: string,
  key: string,
  fingerprint: string,
): Promise<Exclude<IdempotencyBegin, { outcome: 'begun' }> | undefined> {
  const found = await db
    .selectFrom('idempotencyKeys')
    .select(['fingerprint', 'status', 'headers', 'body'])
    .where('scope', '=', scope)
    .where('key', '=', key)
    .executeTakeFirst()
  if (!found) return undefined
  if (found.fingerprint !== fingerprint) return { outcome: 'other-request' }
  const { status, headers, body } = found
  if (status === null) return { outcome: 'running' }
  return { outcome: 'answered', answer: { status, headers: headers ?? {}, body: body ?? '' } }
}

function staleBefore(staleMs: number): RawBuilder<Date> {
  return sql<Date>`now() - ${staleMs}::float8 * interval '1 millisecond'`
}
