import { createHash } from 'node:crypto'
import type { CompleteProblem } from '../../optimizers/problem.js'
import type { RunRow } from '../run-row.js'
import { RunChecks } from './check-runs.js'
import { type CsvPairResult, readCsvPair } from './csv-pair.js'
import { readEnvelope, readImportOptions } from './import-body.js'
import { readJsonRuns } from './json-runs.js'
import { addPreview, optionFields, toRunRow } from './parsed-rows.js'
import type { FilesUpload, ImportOptions, ParsedTable, TableUpload } from './table.js'
import { enumerated, TableProblems } from './table-problems.js'

/** What is parsed whole, in memory. */
export type WholeUpload = Exclude<TableUpload, FilesUpload>

export interface ParseTableTask {
  problem: CompleteProblem
  upload: WholeUpload
  /** Required for CSV uploads; JSON bodies carry their own. */
  options?: ImportOptions
  maxRows: number
}

export interface ParseTableResult {
  table: ParsedTable
  /** Every row as it is to be stored; empty when the table has problems. */
  rows: RunRow[]
}

function contentHash(upload: WholeUpload): string {
  const hash = createHash('sha256')
  if (upload.format === 'json') hash.update(upload.body)
  // A zero byte occurs in no CSV, so it keeps the two files apart.
  else hash.update(upload.mixtures).update('\0').update(upload.metrics)
  return hash.digest('hex')
}

interface Read extends CsvPairResult {
  options: ImportOptions & { fidelity: string }
}

function readUpload(
  { problem, upload, options, maxRows }: ParseTableTask,
  problems: TableProblems,
): Read {
  const names = {
    domains: problem.domains.map(({ name }) => name),
    metrics: problem.metrics.map(({ name }) => name),
  }
  if (upload.format !== 'json') {
    return {
      options: readImportOptions(optionFields(options), problem),
      ...readCsvPair(upload, names, maxRows, problems),
    }
  }
  const envelope = readEnvelope(upload.body)
  if (envelope.format === 'csv') {
    const { format: _, mixtures, metrics, ...fields } = envelope
    const files = { mixtures: Buffer.from(mixtures), metrics: Buffer.from(metrics) }
    return {
      options: readImportOptions(fields, problem),
      ...readCsvPair(files, names, maxRows, problems),
    }
  }
  const { format: _, runs, ...fields } = envelope
  return {
    options: readImportOptions(fields, problem),
    candidates: readJsonRuns(runs, problem, maxRows, problems),
    rowCount: runs.length,
    ignored: [],
  }
}

function ignoredColumns(ignored: CsvPairResult['ignored']): ParsedTable['warnings'] {
  return ignored
    .filter(({ columns }) => columns.length > 0)
    .map(({ file, columns }) => ({
      code: 'columns-ignored',
      message: `the columns ${enumerated(columns, 10)} of the ${file} file were not read`,
    }))
}

/**
 * Parses and checks an uploaded run table against a problem. Pure and synchronous; 100,000 rows of 17 domains and
 * 13 metrics take a few seconds, so it belongs in a worker thread. What is wrong with rows and columns comes back
 * in `table.problems`, all of it at once.
 * @throws MixwrightError `malformed-request` (not JSON, not UTF-8), `validation-failed` (envelope, options),
 *   `too-many-rows`
 */
export function parseTable(task: ParseTableTask): ParseTableResult {
  const problems = new TableProblems()
  const { options, candidates, rowCount, ignored } = readUpload(task, problems)
  const metrics = task.problem.metrics.map(({ name }) => name)
  const checks = new RunChecks(metrics, problems)
  for (const candidate of candidates) checks.add(candidate)
  const warnings = checks.finish()
  const domains = task.problem.domains.map(({ name }) => name)
  const preview: ParsedTable['preview'] = []
  for (const candidate of candidates.slice(0, 5)) addPreview(preview, candidate, domains)
  const table: ParsedTable = {
    options,
    fidelity: options.fidelity,
    rowCount,
    problems: problems.listed,
    problemCount: problems.count,
    warnings: [...ignoredColumns(ignored), ...warnings],
    preview,
    contentHash: contentHash(task.upload),
  }
  return { table, rows: problems.count === 0 ? candidates.map(toRunRow) : [] }
}
