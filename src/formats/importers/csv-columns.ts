import { MixwrightError } from '../../errors.js'
import { pointerToken } from '../../optimizers/issue.js'
import {
  DOMAIN_PREFIX,
  inferColumnNames,
  isDescriptive,
  KEY_COLUMNS,
  METRIC_PREFIX,
  nameOfColumn,
} from './column-names.js'
import { type CsvFile, type FileName, readCsvHeader } from './csv-file.js'
import { enumerated, quoted, type TableProblems } from './table-problems.js'

/**
 * Positions of the columns of the known names, in the order of the names (−1 where a name has none), and the columns that
 * are not data. What is wrong with the header is added to `problems`: names without a column, two columns for
 * one name, and in the mixtures file columns that name nothing known.
 */
export function locateColumns(
  { file, header }: CsvFile,
  names: readonly string[],
  key: string,
  problems: TableProblems,
): { positions: number[]; ignored: string[] } {
  const [kind, prefix] = file === 'mixtures' ? ['domain', DOMAIN_PREFIX] : ['metric', METRIC_PREFIX]
  const refuse = (column: string, detail: string, like: readonly string[] = []) =>
    problems.addName(`/columns/${pointerToken(column)}`, detail, column, like)
  const known = new Set(names)
  const positionOf = new Map<string, number>()
  const ignored: string[] = []
  header.forEach((column, position) => {
    const name = column === key ? key : nameOfColumn(column, prefix, known)
    const earlier = name === undefined ? undefined : positionOf.get(name)
    if (earlier !== undefined) {
      const columns = `${quoted(header[earlier])} and ${quoted(column)}`
      refuse(column, `two columns of the ${file} file are ${quoted(name ?? '')}: ${columns}`)
    } else if (name !== undefined) positionOf.set(name, position)
    else if (isDescriptive(column) || kind === 'metric') ignored.push(column)
    else {
      const unknown = `the column ${quoted(column)} of the mixtures file names no domain of the problem`
      refuse(column, unknown, names)
    }
  })
  for (const name of names) {
    if (positionOf.has(name)) continue
    const missing = `the ${file} file has no column for the ${kind} ${quoted(name)}`
    refuse(name, missing, ignored)
  }
  return { positions: names.map((name) => positionOf.get(name) ?? -1), ignored }
}

export function explainMissingKey(
  mixtures: CsvFile,
  metrics: CsvFile,
  problems: TableProblems,
): void {
  const separator = [';', '\t'].find(
    (character) => mixtures.header.length === 1 && mixtures.header[0].includes(character),
  )
  const hint = separator ? `; cells are separated by commas, not by ${quoted(separator)}` : ''
  const [a, b] = [mixtures, metrics].map(({ header }) => enumerated(header, 4))
  problems.add(
    '/columns',
    `the files share no column ${KEY_COLUMNS.map(quoted).join(' or ')} to join their rows by ` +
      `(mixtures: ${a}; metrics: ${b})${hint}`,
  )
}

/**
 * The domains and metrics of a pair of files, when no problem is given: every column that does not describe the run,
 * without the prefix `train_` or `metric/`.
 * @throws MixwrightError `malformed-request` when a file is not UTF-8, `rows-invalid` when it is not CSV, or has no such
 *   column, or two of one name
 */
export function inferNames(
  mixtures: Uint8Array,
  metrics: Uint8Array,
): { domains: string[]; metrics: string[] } {
  return {
    domains: inferFrom(mixtures, 'mixtures', 'domain', DOMAIN_PREFIX),
    metrics: inferFrom(metrics, 'metrics', 'metric', METRIC_PREFIX),
  }
}

function inferFrom(bytes: Uint8Array, file: FileName, kind: string, prefix: string): string[] {
  const header = readCsvHeader(bytes, file)
  const names = inferColumnNames(header, prefix)
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))]
  const errors = twice.map((name) => ({
    pointer: `/columns/${pointerToken(name)}`,
    detail: `two columns of the ${file} file are called ${quoted(name)}`,
  }))
  if (names.length === 0) {
    const detail = `the ${file} file has no column for a ${kind}; its columns are ${enumerated(header)}`
    errors.push({ pointer: `/${file}`, detail })
  }
  if (errors.length === 0) return names
  throw new MixwrightError('rows-invalid', `The header of the ${file} file is not right.`, errors)
}
