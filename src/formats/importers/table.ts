import type { FieldError } from '../../errors.js'
import type { Mixture } from '../../optimizers/problem.js'

/** Bytes of an uploaded table. JSON: the whole request body. CSV: the two files. */
export type TableUpload =
  | { format: 'json'; body: Uint8Array }
  | { format: 'csv'; mixtures: Uint8Array; metrics: Uint8Array }

/** What the request says about the table besides the rows; JSON bodies carry it inside the body. */
export interface ImportOptions {
  role: 'train' | 'holdout'
  /** Name of the hold-out; '' for training runs. */
  holdout: string
  /** Name of the fidelity the runs were made at; undefined means the problem's only one. */
  fidelity?: string
  dryRun: boolean
}

export interface ParsedTable {
  options: ImportOptions
  fidelity: string
  rowCount: number
  /** Row-level and column-level problems, at most 100; `problemCount` counts all. Empty means importable. */
  problems: FieldError[]
  problemCount: number
  warnings: { code: string; message: string; rows?: number }[]
  /** The first rows as they would be stored, keyed by name. */
  preview: { id: string; weights: Mixture; metrics: Record<string, number> }[]
  /** SHA-256 (hex) of the uploaded bytes. */
  contentHash: string
}
