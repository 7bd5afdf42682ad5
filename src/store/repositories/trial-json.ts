import type { LeasedTrial } from '../external-trial-contract.js'
import type { AttemptRecord, LeaseRecord, MeasurementRecord, TrialRecord } from '../records.js'

/** Records of trials from JSON, as the database answers where rows of several tables belong together. */

/** A row: its columns, times as text. */
export type JsonRow = Record<string, unknown>

/** A trial with what is in somebody's hands. */
export interface LeasedRow {
  trial: JsonRow
  attempt: JsonRow | null
  lease: JsonRow | null
}

export function trialOf({ uid, role, holdout, run_id, import_id, ...row }: JsonRow): TrialRecord {
  return recordOf({ ...row, id: uid })
}

export function attemptOf(row: JsonRow, trial: JsonRow): AttemptRecord {
  return recordOf({ ...row, trial_id: trial.uid })
}

export function leaseOf({ external, ...row }: JsonRow): LeaseRecord {
  return recordOf(row)
}

export function measurementOf(
  { id, objective, ...row }: JsonRow,
  trial: JsonRow,
): MeasurementRecord {
  return recordOf({ ...row, trial_id: trial.uid })
}

export function leasedTrialOf({ trial, attempt, lease }: LeasedRow): LeasedTrial {
  return { trial: trialOf(trial), attempt: attemptOf(attempt!, trial), lease: leaseOf(lease!) }
}

/** Columns become keys in camel case, and what ends in `_at` a date. */
function recordOf<T>(row: JsonRow): T {
  const record: JsonRow = {}
  for (const [column, value] of Object.entries(row)) {
    const { key, isTime } = fieldOf(column)
    record[key] = isTime && typeof value === 'string' ? new Date(value) : value
  }
  return record as T
}

interface Field {
  key: string
  isTime: boolean
}

const fields = new Map<string, Field>()

/** Worked out once a column: there are few of them, in very many rows. */
function fieldOf(column: string): Field {
  const known = fields.get(column)
  if (known) return known
  const key = column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const field = { key, isTime: column.endsWith('_at') }
  fields.set(column, field)
  return field
}
