import { createHash } from 'node:crypto'
import { MixwrightError } from '../../errors.js'
import { hashCanonical } from '../../optimizers/canonical-json.js'
import type { CompleteProblem } from '../../optimizers/problem.js'
import { counted } from '../counted.js'
import type { RunRow } from '../run-row.js'
import { RunAssembler } from './assemble-run.js'
import { RunChecks } from './check-runs.js'
import { EvaluationLog } from './evaluations.js'
import type { FoundRun, Reading } from './found-run.js'
import { readImportOptions } from './import-body.js'
import { LeftOut } from './left-out.js'
import { MetricNames } from './metric-names.js'
import { readMixtures } from './mixture-table.js'
import { addPreview, optionFields, toRunRow } from './parsed-rows.js'
import { checkReadingOptions } from './reading-options.js'
import { FILE_IMPORTERS } from './registry.js'
import type { FilesUpload, ImportOptions, ParsedTable, TableHead, UploadedFile } from './table.js'
import { enumerated, TableProblems } from './table-problems.js'

/** Rows that are handed on at a time. */
export const CHUNK_ROWS = 1_000

export interface ReadFilesTask {
  problem: CompleteProblem
  upload: FilesUpload
  options?: ImportOptions
  maxRows: number
}

/** The bytes of a file; where they come from is not the reader's affair. */
export type OpenFile = (file: UploadedFile) => AsyncIterable<Uint8Array>

/**
 * What is known before the first row.
 * @throws MixwrightError `validation-failed`
 */
export function headOfFiles({ problem, upload, options }: ReadFilesTask): TableHead {
  const { holdsMixtures: _, ...importer } = FILE_IMPORTERS[upload.format]
  const reading = options?.reading ?? {}
  checkReadingOptions(reading, problem, { name: upload.format, ...importer })
  const checked = readImportOptions(optionFields(options), problem)
  return {
    options: { ...checked, reading },
    fidelity: checked.fidelity,
    contentHash: hashCanonical([
      upload.format,
      upload.files.map(({ name, contentHash }) => [name, contentHash]),
      upload.mixtures ? createHash('sha256').update(upload.mixtures).digest('hex') : null,
      reading,
    ]),
  }
}

/**
 * Reads files of results run by run and gives chunks of rows that can be stored, as long as nothing is wrong; after the first
 * problem it only looks for further ones. On a dry run it gives no rows. What it holds does not grow with the files, but
 * for the ids and mixtures of runs, and for formats whose runs are spread over several files, their metrics.
 * @returns the table; rows that were given before a problem came up must not be kept
 * @throws MixwrightError `import-format-mismatch`, `too-many-rows`, `body-too-large`, `malformed-request` (mixtures that are not UTF-8)
 */
export async function* readFiles(
  task: ReadFilesTask,
  head: TableHead,
  open: OpenFile,
): AsyncGenerator<RunRow[], ParsedTable, undefined> {
  const { problem, upload, maxRows } = task
  const importer = FILE_IMPORTERS[upload.format]
  const problems = new TableProblems()
  const domains = problem.domains.map(({ name }) => name)
  const metrics = problem.metrics.map(({ name }) => name)
  const mixtures = upload.mixtures && readMixtures(upload.mixtures, domains, maxRows, problems)
  const leftOut = new LeftOut()
  const reading: Reading = {
    options: head.options.reading ?? {},
    metrics: new MetricNames(problem, head.options.reading?.metricNames),
    domains: new Set(domains),
    joins: mixtures !== undefined,
    problems,
    evaluations: new EvaluationLog(),
    leaveOut: (code, reason, name) => leftOut.add(code, reason, name),
  }
  const format = { name: upload.format, importer }
  const assembler = new RunAssembler(format, domains, mixtures, problems)
  const checks = new RunChecks(metrics, problems)
  const preview: ParsedTable['preview'] = []
  let rowCount = 0
  let chunk: RunRow[] = []
  for await (const run of runsOf(upload, reading, open, maxRows)) {
    if (++rowCount > maxRows) throw tooManyRows(maxRows)
    const candidate = assembler.assemble(run)
    if (!candidate) continue
    checks.add(candidate)
    addPreview(preview, candidate, domains)
    if (head.options.dryRun || problems.count > 0) continue
    chunk.push(toRunRow(candidate))
    if (chunk.length < CHUNK_ROWS) continue
    yield chunk
    chunk = []
  }
  if (rowCount === 0 && problems.count === 0) problems.add('/files', noRuns(leftOut))
  const found = checks.finish(reading.metrics.unknown)
  const { conflicts } = reading.evaluations
  if (problems.count === 0 && conflicts.length === 0 && chunk.length > 0) yield chunk
  return {
    ...head,
    rowCount,
    problems: problems.listed,
    problemCount: problems.count,
    warnings: [
      ...leftOut.warnings(),
      ...reading.metrics.warnings(),
      ...unusedMixtures(assembler.unused()),
      ...found,
    ],
    preview,
    evaluations: reading.evaluations.all(),
    conflicts,
  }
}

async function* runsOf(
  { format, files }: FilesUpload,
  reading: Reading,
  open: OpenFile,
  maxRows: number,
): AsyncGenerator<FoundRun> {
  const { read, merges } = FILE_IMPORTERS[format]
  const merged = new Map<string, FoundRun>()
  for (const [index, file] of files.entries()) {
    const { name, bytes } = file
    const source = { name, bytes, index, open: () => open(file) }
    if (!merges) {
      yield* read(source, reading)
      continue
    }
    for await (const run of read(source, reading)) {
      const known = merged.get(run.runId)
      if (known) known.merge(run, reading.problems)
      else merged.set(run.runId, run)
      if (merged.size > maxRows) throw tooManyRows(maxRows)
    }
  }
  yield* merged.values()
}

function tooManyRows(maxRows: number): MixwrightError {
  return new MixwrightError('too-many-rows', `the files have more than ${maxRows} runs`)
}

function noRuns(leftOut: LeftOut): string {
  const reasons = leftOut.warnings().map(({ message }) => message)
  return ['the files hold no run that can be imported', ...reasons].join('; ')
}

function unusedMixtures(ids: readonly string[]): ParsedTable['warnings'] {
  if (ids.length === 0) return []
  const rows = `${counted(ids.length, 'row')} of the mixtures file ${ids.length === 1 ? 'has' : 'have'}`
  const message = `${rows} no results: ${enumerated(ids, 10)}`
  return [{ code: 'mixtures-unused', message, rows: ids.length }]
}
