import type { FieldError } from '../../errors.js'
import type { Mixture } from '../../optimizers/problem.js'
import type { Evaluations } from './evaluations.js'
import type { FileFormat, PairFormat } from './format-names.js'
import type { ReadingOptions } from './reading-options.js'

/** A file of an upload that was written to disk as it came. */
export interface UploadedFile {
  /** As the client called it, folders included; only a label, never a path of ours. */
  name: string
  /** Absolute path of what was written. */
  path: string
  bytes: number
  /** SHA-256 (hex). */
  contentHash: string
}

/** Files of results on disk, and the table of mixtures that their runs are joined with. */
export interface FilesUpload {
  format: FileFormat
  files: UploadedFile[]
  /** CSV or JSON lines; needed where the files themselves hold no mixture. */
  mixtures?: Uint8Array
}

/** An uploaded table. JSON: the whole request body. A pair: the bytes of two CSV files. */
export type TableUpload =
  | { format: 'json'; body: Uint8Array }
  | { format: PairFormat; mixtures: Uint8Array; metrics: Uint8Array }
  | FilesUpload

/** What the request says about the table besides the rows; JSON bodies carry it inside the body. */
export interface ImportOptions {
  role: 'train' | 'holdout'
  /** Name of the hold-out; '' for training runs. */
  holdout: string
  /** Name of the fidelity the runs were made at; undefined means the problem's only one. */
  fidelity?: string
  dryRun: boolean
  /** How files of results are to be read. */
  reading?: ReadingOptions
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
  preview: {
    id: string
    weights: Mixture
    metrics: Record<string, number>
    standardErrors?: Record<string, number>
  }[]
  /** What the files say of how the runs were evaluated; absent where they say nothing. */
  evaluations?: Evaluations
  /** Where files contradict each other in that; such a table is not importable either. */
  conflicts?: FieldError[]
  /** SHA-256 (hex) of the uploaded bytes; for files of results also of their names and of how they are read. */
  contentHash: string
}

/** What is known of a table before its first row is read. */
export type TableHead = Pick<ParsedTable, 'options' | 'fidelity' | 'contentHash'>
