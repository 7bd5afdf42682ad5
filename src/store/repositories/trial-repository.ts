import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { MeasurementRecord, ProxyTrialRecord, TrialRecord } from '../records.js'
import type { TrialQuery, TrialRepository } from '../trial-contract.js'
import { createAttemptRepository } from './attempt-repository.js'
import { cancelJobs } from './job-changes.js'
import { createTrialDetailMethods } from './trial-detail.js'
import { lockTrial, readTrialPages, selectTrials, settleTrials } from './trial-rows.js'
import { readTriedStudy } from './tried-study.js'

export function createTrialRepository(db: Database): TrialRepository {
  return {
    ...createAttemptRepository(db),
    ...createTrialDetailMethods(db),

    get: async (id) =>
      isId(id) ? selectTrials(db).where('uid', '=', id).executeTakeFirst() : undefined,

    getProxy: async (id) => {
      const trial = isId(id)
        ? await selectTrials(db)
            .where('uid', '=', id)
            .where('evaluator', '=', 'proxy')
            .executeTakeFirst()
        : undefined
      return trial as ProxyTrialRecord | undefined
    },

    list: (query: TrialQuery) => listTrials(db, query) as Promise<ProxyTrialRecord[]>,

    attempts: async (trialId) => {
      if (!isId(trialId)) return []
      return db
        .selectFrom('attempts')
        .innerJoin('trials', 'trials.id', 'attempts.trialId')
        .selectAll('attempts')
        .select('trials.uid as trialId')
        .where('trials.uid', '=', trialId)
        .orderBy('attempts.number')
        .execute()
    },

    leases: async (attemptId) => {
      if (!isId(attemptId)) return []
      return db
        .selectFrom('leases')
        .select(['id', 'attemptId', 'holder', 'expiresAt', 'releasedAt'])
        .where('attemptId', '=', attemptId)
        .orderBy('id')
        .execute()
    },

    measurements: async (trialId) => {
      if (!isId(trialId)) return []
      const { rows } = await sql<MeasurementRecord>`
        select trials.uid as trial_id, attempt_id, tokens, values, standard_errors, details,
          measurements.created_at
        from mixwright.trials
        join mixwright.measurements on measurements.trial_id = trials.id
        join mixwright.attempts on attempts.id = attempt_id
        where trials.uid = ${trialId}
        order by attempts.state = 'completed', attempts.number, tokens`.execute(db)
      return rows
    },

    latestMeasurements: async (trialIds) => {
      const ids = trialIds.filter(isId)
      if (ids.length === 0) return new Map()
      const { rows } = await sql<MeasurementRecord>`
        select trials.uid as trial_id, attempt_id, tokens, values, standard_errors, details, latest.created_at
        from mixwright.trials
        join lateral mixwright.latest_measurement(trials.id) as latest on true
        where trials.uid = any(${ids}::uuid[])`.execute(db)
      return new Map(rows.map((row) => [row.trialId, row]))
    },

    cancelSearch: async (searchId) => {
      if (!isId(searchId)) return []
      return db.transaction().execute(async (tx) => {
        const trials = await tx
          .selectFrom('trials')
          .select(['id', 'jobId'])
          .where('searchId', '=', searchId)
          .where('state', 'in', ['waiting', 'running'])
          .orderBy('id')
          .forNoKeyUpdate()
          .execute()
        const jobs = await cancelJobs(
          tx,
          trials.map(({ jobId }) => jobId!),
        )
        await settleTrials(
          tx,
          trials.map(({ id }) => id),
        )
        return jobs
      })
    },

    settle: async (trialId) => {
      if (!isId(trialId)) return false
      return db.transaction().execute(async (tx) => {
        const trial = await lockTrial(tx, trialId)
        return trial !== undefined && (await settleTrials(tx, [trial.id])) > 0
      })
    },

    readRows: (trialIds, pageRows = 1_000) => readTrialPages(db, trialIds, pageRows),

    origins: async (trialIds) => {
      const ids = trialIds.filter(isId)
      if (ids.length === 0) return []
      const { rows } = await sql<Pick<TrialRecord, 'id' | 'studyId' | 'fidelity'>>`
        select uid as id, study_id, fidelity
        from unnest(${ids}::uuid[]) with ordinality as given (uid, place)
        join mixwright.trials using (uid) where evaluator <> 'table' order by place`.execute(db)
      return rows
    },

    tried: async (studyId) => (isId(studyId) ? readTriedStudy(db, studyId) : undefined),

    endedBefore: async (date) => {
      const rows = await db
        .selectFrom('trials')
        .select('uid')
        .where('searchId', 'is not', null)
        .where('finishedAt', '<', date)
        .orderBy('id')
        .execute()
      return rows.map(({ uid }) => uid)
    },

    unended: async (ids) => {
      const rows = await db
        .selectFrom('trials')
        .select('uid')
        .where('uid', '=', sql<string>`any(${ids.filter(isId)}::uuid[])`)
        .where('searchId', 'is not', null)
        .where('state', 'in', ['waiting', 'running'])
        .execute()
      return new Set(rows.map(({ uid }) => uid))
    },
  }
}

async function listTrials(
  db: Database,
  { studyId, searchId, evaluator, state, after, limit }: TrialQuery,
): Promise<TrialRecord[]> {
  if (!isId(studyId) || (searchId !== undefined && !isId(searchId))) return []
  return selectTrials(db)
    .where('studyId', '=', studyId)
    .$if(searchId !== undefined, (query) => query.where('searchId', '=', searchId!))
    .$if(evaluator !== undefined, (query) => query.where('evaluator', '=', evaluator!))
    .$if(state !== undefined, (query) => query.where('state', '=', state!))
    .$if(after !== undefined, (query) =>
      query.where('trials.id', '>', (is) =>
        is.selectFrom('trials as last').select('last.id').where('last.uid', '=', after!),
      ),
    )
    .orderBy('trials.id')
    .limit(limit)
    .execute()
}
