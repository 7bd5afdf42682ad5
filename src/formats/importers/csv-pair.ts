import { pointerToken } from '../../optimizers/issue.js'
import { type CandidateRun, readMetricValue, readNumber, runIdProblem } from './candidate-run.js'
import { sharedKeyColumn } from './column-names.js'
import { explainMissingKey, locateColumns } from './csv-columns.js'
import { type CsvFile, type FileName, readCsvFile } from './csv-file.js'
import { enumerated, quoted, type TableProblems } from './table-problems.js'

/** RegMix's and Olmix's way to write run tables: one CSV of mixtures, one of metrics, joined on the run's id. */

export interface CsvPairResult {
  candidates: CandidateRun[]
  rowCount: number
  /** Columns that were not read, for a warning. */
  ignored: { file: FileName; columns: string[] }[]
}

/** Row index by run id. Adds ids that are unusable or occur twice to `problems`. */
export function indexRows(csv: CsvFile, key: string, problems: TableProblems): Map<string, number> {
  const position = csv.header.indexOf(key)
  const rowOf = new Map<string, number>()
  csv.rows.forEach((row, i) => {
    const pointer = `/rows/${i + 1}`
    if (row.length !== csv.header.length) {
      problems.add(
        pointer,
        `row ${i + 1} of the ${csv.file} file has ${row.length} cells and the header has ${csv.header.length}`,
      )
    }
    const id = (row[position] ?? '').trim()
    const wrong = runIdProblem(id)
    const earlier = rowOf.get(id)
    if (wrong) problems.add(`${pointer}/${key}`, `${wrong} (row ${i + 1} of the ${csv.file} file)`)
    else if (earlier === undefined) rowOf.set(id, i)
    else {
      problems.add(
        `${pointer}/${key}`,
        `the run id ${quoted(id)} occurs twice in the ${csv.file} file, in rows ${earlier + 1} and ${i + 1}; ` +
          'give a repeated mixture a run id of its own',
      )
    }
  })
  return rowOf
}

function reportUnjoined(
  mixtures: { csv: CsvFile; rowOf: Map<string, number> },
  metrics: { csv: CsvFile; rowOf: Map<string, number> },
  key: string,
  problems: TableProblems,
): void {
  const onlyIn = (a: typeof mixtures, b: typeof mixtures) =>
    [...a.rowOf].filter(([id]) => !b.rowOf.has(id))
  // A file without one usable id has been reported row by row.
  if (mixtures.rowOf.size === 0 || metrics.rowOf.size === 0) return
  const lonely = [onlyIn(mixtures, metrics), onlyIn(metrics, mixtures)]
  if (lonely[0].length === mixtures.rowOf.size && lonely[1].length === metrics.rowOf.size) {
    const [left, right] = lonely.map((rows) =>
      enumerated(
        rows.map(([id]) => id),
        3,
      ),
    )
    problems.add(
      `/columns/${key}`,
      `no row joins: the column ${quoted(key)} holds ${left} in the mixtures file and ${right} in the metrics file`,
    )
    return
  }
  const files = [mixtures.csv.file, metrics.csv.file]
  lonely.forEach((rows, side) => {
    for (const [id, i] of rows) {
      problems.add(
        `/rows/${i + 1}/${key}`,
        `the run ${quoted(id)} (row ${i + 1} of the ${files[side]} file) is not in the ${files[1 - side]} file`,
      )
    }
  })
}

function cellProblem(csv: CsvFile, i: number, position: number, problem: string): [string, string] {
  const header = csv.header[position]
  const cell = csv.rows[i][position]
  return [
    `/rows/${i + 1}/${pointerToken(header)}`,
    `${quoted(cell)} in row ${i + 1}, column ${quoted(header)} of the ${csv.file} file ${problem}`,
  ]
}

/** The weights of row i, or undefined when a cell was refused. */
export function readWeights(
  csv: CsvFile,
  i: number,
  positions: readonly number[],
  problems: TableProblems,
): number[] | undefined {
  const row = csv.rows[i]
  const weights: number[] = []
  let usable = true
  for (const position of positions) {
    const cell = row[position]
    // A column or cell that is not there has been reported for the header or the row.
    if (cell === undefined) {
      usable = false
      continue
    }
    const value = readNumber(cell)
    if (typeof value === 'number' && value >= 0) {
      weights.push(value)
      continue
    }
    usable = false
    const problem = typeof value === 'number' ? 'is negative' : value.problem
    problems.add(...cellProblem(csv, i, position, problem))
  }
  return usable ? weights : undefined
}

function readValues(
  csv: CsvFile,
  i: number,
  names: readonly string[],
  positions: readonly number[],
  problems: TableProblems,
): Record<string, number> {
  const row = csv.rows[i]
  const entries: [string, number][] = []
  let missing = 0
  for (let k = 0; k < names.length; k++) {
    const cell = row[positions[k]]
    if (cell === undefined) continue
    if (cell === '' || cell.trim() === '') {
      missing++
      continue
    }
    const value = readMetricValue(cell)
    if (typeof value === 'number') entries.push([names[k], value])
    else {
      const hint = value.problem.includes('finite') ? '; leave the cell empty if there is none' : ''
      problems.add(...cellProblem(csv, i, positions[k], value.problem + hint))
    }
  }
  if (missing === names.length) {
    problems.add(`/rows/${i + 1}`, `row ${i + 1} of the metrics file has no value for any metric`)
  }
  return Object.fromEntries(entries)
}

/**
 * Reads and joins the two files. Runs come in the order of the mixtures file; everything that is wrong is added to `problems`.
 * @throws MixwrightError `malformed-request` when a file is not UTF-8, `too-many-rows`
 */
export function readCsvPair(
  files: { mixtures: Uint8Array; metrics: Uint8Array },
  names: { domains: readonly string[]; metrics: readonly string[] },
  maxRows: number,
  problems: TableProblems,
): CsvPairResult {
  const mixtures = readCsvFile(files.mixtures, 'mixtures', maxRows, problems)
  const metrics = readCsvFile(files.metrics, 'metrics', maxRows, problems)
  const nothing = { candidates: [], rowCount: 0, ignored: [] }
  if (!mixtures || !metrics) return nothing
  const key = sharedKeyColumn(
    { header: mixtures.header, known: new Set(names.domains) },
    { header: metrics.header, known: new Set(names.metrics) },
  )
  if (key === undefined) {
    explainMissingKey(mixtures, metrics, problems)
    return nothing
  }
  const problemsBefore = problems.count
  const domainColumns = locateColumns(mixtures, names.domains, key, problems)
  // Without the right columns the sum of every row would be wrong, too, which says nothing more.
  const domainsLocated = problems.count === problemsBefore
  const metricColumns = locateColumns(metrics, names.metrics, key, problems)
  const mixtureRows = indexRows(mixtures, key, problems)
  const metricRows = indexRows(metrics, key, problems)
  reportUnjoined(
    { csv: mixtures, rowOf: mixtureRows },
    { csv: metrics, rowOf: metricRows },
    key,
    problems,
  )
  const candidates: CandidateRun[] = []
  for (const [runId, i] of mixtureRows) {
    const j = metricRows.get(runId)
    if (j === undefined) continue
    const weights = readWeights(mixtures, i, domainColumns.positions, problems)
    const values = readValues(metrics, j, names.metrics, metricColumns.positions, problems)
    if (weights && domainsLocated) {
      candidates.push({ runId, weights, values, pointer: `/rows/${i + 1}` })
    }
  }
  return {
    candidates,
    rowCount: mixtures.rows.length,
    ignored: [
      { file: 'mixtures', columns: domainColumns.ignored },
      { file: 'metrics', columns: metricColumns.ignored },
    ],
  }
}
