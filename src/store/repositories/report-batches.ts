import { sql } from 'kysely'
import { DatabaseError } from 'pg'
import type { Database } from '../database.js'
import type { transitionsBy } from '../trial-states.js'
import { inBatchesByStudy } from './batches.js'
import type { AnswerRow } from './external-trial-rows.js'

/** What a client tells of a trial, as the function `report` of the database takes it; what it has no part in is left out. */
export interface Report {
  what: 'keep' | 'end' | 'fail'
  trial: string
  lease: string | null
  client: string
  /** From the state machine: state → next state. */
  next: ReturnType<typeof transitionsBy>
  seconds?: number
  tokens?: number
  values?: Record<string, number>
  standardErrors?: Record<string, number>
  details?: Record<string, unknown>
  objective?: number | null
  kind?: string
  reason?: string | null
  replicateId?: string
  problem?: Record<string, unknown>
  maxAttempts?: number
  eventType: string
  eventData: string
  otherType?: string
  otherData?: string
}

/**
 * Writes reports on the trials of a study together, in one transaction, those on one trial in the order in which they came: each
 * locks the study, so that apart they would wait for each other.
 */
export function reportBatches(
  db: Database,
): (studyId: string, report: Report) => Promise<AnswerRow> {
  const write = inBatchesByStudy((studyId, reports: readonly Report[]) =>
    writeReports(db, studyId, reports),
  )
  return async (studyId, report) => (await write(studyId, report))!
}

async function writeReports(
  db: Database,
  studyId: string,
  reports: readonly Report[],
): Promise<Map<Report, AnswerRow | Error>> {
  try {
    const { rows } = await sql<{ place: number; answer: AnswerRow }>`
      select * from mixwright.report(${studyId}, ${JSON.stringify(reports)})`.execute(db)
    return new Map(rows.map(({ place, answer }) => [reports[place - 1], answer]))
  } catch (error) {
    // Nothing was written, on account of one that the database does not take: the others are not to suffer.
    if (!(error instanceof DatabaseError) || reports.length === 1) throw error
    const answers = new Map<Report, AnswerRow | Error>()
    for (const report of reports) {
      const alone = await writeReports(db, studyId, [report]).catch((own: Error) => own)
      answers.set(report, alone instanceof Error ? alone : alone.get(report)!)
    }
    return answers
  }
}
