import type { Database } from '../database.js'
import type { FitRecord, JobKind, JobRecord } from '../records.js'

/** Writes a fit with its queued job; within a transaction, so that neither is there without the other. */
export async function insertFitWithJob(
  tx: Database,
  fit: Omit<FitRecord, 'recommendation' | 'createdAt' | 'finishedAt'>,
  { id, kind }: { id: string; kind: JobKind },
): Promise<{ fit: FitRecord; job: JobRecord }> {
  const job = await tx
    .insertInto('jobs')
    .values({ id, kind, studyId: fit.studyId, subjectId: fit.id })
    .returningAll()
    .executeTakeFirstOrThrow()
  const inserted = await tx
    .insertInto('fits')
    .values({ ...fit, jobId: id, params: JSON.stringify(fit.params) })
    .returningAll()
    .executeTakeFirstOrThrow()
  return { fit: inserted, job }
}
