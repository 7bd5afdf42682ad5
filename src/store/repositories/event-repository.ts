import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import { EVENT_CHANNEL, type EventChannel } from '../event-channel.js'
import type { EventRecord } from '../records.js'
import type { EventRepository, NewEvent } from '../trial-contract.js'

/** Locks the study: a transaction that changes what belongs to it must have locked it first, as its deletion does. */
export async function appendEvent(
  db: Database,
  studyId: string,
  { type, data }: NewEvent,
): Promise<EventRecord | undefined> {
  if (!isId(studyId)) return undefined
  // The lock makes the events of a study visible in the order of their ids: without it, a reader that goes on
  // after the largest id it saw could miss one that was given its id earlier and committed later.
  const { rows } = await sql<EventRecord>`
    with study as materialized (
      select id from mixwright.studies where id = ${studyId} for no key update
    ),
    inserted as (
      insert into mixwright.study_events (study_id, type, data)
      select study.id, ${type}, ${JSON.stringify(data)}::json from study
      returning id, study_id, type, data, created_at
    ),
    told as materialized (select pg_notify(${EVENT_CHANNEL}, study_id::text) from inserted)
    select inserted.* from inserted, told`.execute(db)
  return rows[0]
}

export function createEventRepository(
  db: Database,
  channel: Pick<EventChannel, 'listen'>,
): EventRepository {
  return {
    append: (studyId, type, data) => appendEvent(db, studyId, { type, data }),

    after: async (studyId, after, limit) => {
      if (!isId(studyId)) return []
      return db
        .selectFrom('studyEvents')
        .selectAll()
        .where('studyId', '=', studyId)
        .where('id', '>', after)
        .orderBy('id')
        .limit(limit)
        .execute()
    },

    listen: (onEvents) => channel.listen(onEvents),

    deleteBefore: async (date) => {
      const { numDeletedRows } = await db
        .deleteFrom('studyEvents')
        .where('createdAt', '<', date)
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}
