import { MixwrightError } from '../../errors.js'
import { isObject, memberOf } from '../../json-object.js'
import { type CandidateRun, checkNumber, runIdProblem } from './candidate-run.js'
import { KEY_COLUMNS } from './column-names.js'
import { locateColumns } from './csv-columns.js'
import { readCsvFile, requireTable } from './csv-file.js'
import { indexRows, readWeights } from './csv-pair.js'

import { jsonFault, parsePythonJson } from './python-json.js'
import { enumerated, quoted, type TableProblems } from './table-problems.js'
import { weightsInOrder } from './weights.js'

/** Mixtures of runs whose results are in files of their own, by run id; weights in the order of the domains. */
export type MixtureTable = ReadonlyMap<string, CandidateRun['weights']>

const EXPECTED =
  'CSV with a column "run" and one a domain, or one JSON object {"run", "mixture"} a line'

/**
 * Reads the table of mixtures: CSV, or JSON lines when it begins with a brace. What is wrong with it is added to `problems`.
 * @throws MixwrightError `import-format-mismatch` when it is neither, `malformed-request` when it is not UTF-8, `too-many-rows`
 */
export function readMixtures(
  bytes: Uint8Array,
  domains: readonly string[],
  maxRows: number,
  problems: TableProblems,
): MixtureTable {
  requireTable(bytes, 'mixtures', EXPECTED)
  const begin = new TextDecoder().decode(bytes.subarray(0, 1_000)).trimStart()
  return begin.startsWith('{')
    ? readLines(bytes, domains, maxRows, problems)
    : readCsv(bytes, domains, maxRows, problems)
}

function readCsv(
  bytes: Uint8Array,
  domains: readonly string[],
  maxRows: number,
  problems: TableProblems,
): MixtureTable {
  const table = new Map<string, number[]>()
  const csv = readCsvFile(bytes, 'mixtures', maxRows, problems)
  if (!csv) return table
  const known = new Set(domains)
  const key = KEY_COLUMNS.find((column) => csv.header.includes(column) && !known.has(column))
  if (key === undefined) {
    const columns = KEY_COLUMNS.map(quoted).join(' or ')
    problems.add(
      '/columns',
      `the mixtures file has no column ${columns} with the run ids; its columns are ${enumerated(csv.header)}`,
    )
    return table
  }
  const { positions } = locateColumns(csv, domains, key, problems)
  for (const [runId, i] of indexRows(csv, key, problems)) {
    const weights = readWeights(csv, i, positions, problems)
    if (weights) table.set(runId, weights)
  }
  return table
}

function readLines(
  bytes: Uint8Array,
  domains: readonly string[],
  maxRows: number,
  problems: TableProblems,
): MixtureTable {
  const table = new Map<string, number[]>()
  const lines = new TextDecoder('utf-8').decode(bytes).split('\n')
  lines.forEach((line, i) => {
    if (line.trim() === '') return
    if (table.size >= maxRows) {
      throw new MixwrightError('too-many-rows', `the mixtures file has more than ${maxRows} rows`)
    }
    const where = {
      pointer: `/mixtures/lines/${i + 1}`,
      place: `line ${i + 1} of the mixtures file`,
    }
    const read = parseLine(line)
    const wrong = 'fault' in read ? read.fault : idProblem(read.runId, table)
    if (wrong !== undefined) problems.add(where.pointer, `${where.place}: ${wrong}`)
    else if ('mixture' in read) {
      const mixture = new Map(Object.entries(read.mixture))
      const weights = weightsInOrder(mixture, domains, readWeight, where, problems)
      if (weights) table.set(read.runId, weights)
    }
  })
  return table
}

const readWeight = (value: unknown) =>
  typeof value === 'number' ? checkNumber(value) : { problem: 'is not a number' }

function idProblem(runId: string, table: MixtureTable): string | undefined {
  return (
    runIdProblem(runId) ??
    (table.has(runId) ? `the run id ${quoted(runId)} occurs twice` : undefined)
  )
}

function parseLine(
  line: string,
): { fault: string } | { runId: string; mixture: Record<string, unknown> } {
  let value: unknown
  try {
    value = parsePythonJson(line)
  } catch (error) {
    return { fault: jsonFault(error) }
  }
  const runId = runIdIn(value)
  const mixture = memberOf(value, 'mixture') ?? memberOf(value, 'weights')
  if (runId === undefined) return { fault: 'it has no "run"' }
  if (isObject(mixture)) return { runId, mixture }
  return { fault: 'it has no "mixture", an object of domain → weight' }
}

/** The run's id in an object: `run`, `id` or `runId`, text or a whole number. */
export function runIdIn(value: unknown): string | undefined {
  for (const name of ['run', 'id', 'runId']) {
    const id = memberOf(value, name)
    if (typeof id === 'string') return id
    if (typeof id === 'number' && Number.isSafeInteger(id)) return String(id)
  }
  return undefined
}
