import { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { type FileImporter, FoundRun, type Reading } from './found-run.js'
import { domainOf } from './named-domains.js'
import { called, formatMismatch, LONGEST_LINE, readText, type SourceFile } from './source-file.js'
import { enumerated, quoted } from './table-problems.js'

/**
 * Runs of Weights & Biases as CSV: a row a run, with columns of its configuration (`config.…`) and of its summary
 * (`summary.…`); the browser's export leaves these beginnings out. Read row by row.
 */
export const wandbCsv: FileImporter = {
  title: 'Runs of Weights & Biases as CSV',
  expects:
    'CSV with a header and a row a run: a column with its name, and columns of config and summary',
  holdsMixtures: true,
  options: ['metricNames', 'domainNames', 'mixturePrefix', 'runIdFrom', 'tokensFrom'],
  merges: false,
  textNumbers: true,
  read: readRows,
}

const FORMAT = { name: 'wandb-csv', expects: wandbCsv.expects }
const ID_COLUMNS = ['run', 'run_id', 'name', 'Name', 'id', 'ID']
const STATE_COLUMNS = ['state', 'State']

interface Columns {
  header: string[]
  id: number
  state: number
  tokens: number
  weights: [position: number, domain: string][]
  /** Names as the study or `metricNames` has them. */
  metrics: [position: number, name: string][]
}

async function* readRows(file: SourceFile, reading: Reading): AsyncGenerator<FoundRun> {
  let columns: Columns | undefined
  let row = 0
  for await (const cells of records(file)) {
    if (!columns) {
      columns = locate(
        cells.map((cell) => cell.trim()),
        file,
        reading,
      )
      if (!columns) return
      continue
    }
    row++
    const run = runOf(cells, columns, { row, file }, reading)
    if (run) yield run
  }
  if (row === 0) {
    reading.problems.add(`/files/${file.index}`, `${called(file)} has a header and no rows`)
  }
}

async function* records(file: SourceFile): AsyncGenerator<string[]> {
  const source = Readable.from(readText(file, FORMAT))
  const parser = parse({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_LINE,
  })
  // An error of the source has to reach the reader of the records.
  source.on('error', (error) => parser.destroy(error))
  try {
    for await (const record of source.pipe(parser)) yield record
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw formatMismatch(file, FORMAT, `it is not valid CSV (${error.message})`)
  } finally {
    source.destroy()
  }
}

/** Undefined when the header lacks something, which is then added to the problems. */
function locate(header: string[], file: SourceFile, reading: Reading): Columns | undefined {
  if (header.length < 2) {
    throw formatMismatch(file, FORMAT, `its first line has no columns: ${enumerated(header)}`)
  }
  const { options, problems } = reading
  const before = problems.count
  const columns: Columns = {
    header,
    id: idColumn(header, file, reading),
    state: header.findIndex((column) => STATE_COLUMNS.includes(column)),
    tokens: options.tokensFrom === undefined ? -1 : header.indexOf(options.tokensFrom),
    weights: reading.joins ? [] : weightColumns(header, file, reading),
    metrics: [],
  }
  if (options.tokensFrom !== undefined && columns.tokens < 0) {
    const detail = `${called(file)} has no column ${quoted(options.tokensFrom)} for the tokens`
    problems.addName(`/files/${file.index}/columns`, detail, options.tokensFrom, header)
  }
  const taken = new Set([columns.id, columns.state, columns.tokens])
  for (const [position] of columns.weights) taken.add(position)
  header.forEach((column, position) => {
    if (taken.has(position) || column.startsWith('config.')) return
    const short = without('summary.', column)
    const name = reading.metrics.has(column) ? column : short
    if (reading.metrics.find(name) !== undefined) columns.metrics.push([position, name])
  })
  return problems.count > before ? undefined : columns
}

const without = (prefix: string, column: string) =>
  column.startsWith(prefix) ? column.slice(prefix.length) : column

function idColumn(header: string[], file: SourceFile, { options, problems }: Reading): number {
  const wanted = options.runIdFrom === undefined ? ID_COLUMNS : [options.runIdFrom]
  const found = wanted.find((column) => header.includes(column))
  if (found !== undefined) return header.indexOf(found)
  const names = enumerated(wanted, wanted.length)
  const detail = `${called(file)} has no column ${names} for the run's id; its columns are ${enumerated(header, 10)}`
  problems.addName(
    `/files/${file.index}/columns`,
    detail,
    wanted[0],
    options.runIdFrom ? header : [],
  )
  return -1
}

function weightColumns(header: string[], file: SourceFile, reading: Reading): Columns['weights'] {
  const pointer = `/files/${file.index}/columns`
  const { domains, problems } = reading
  const found = header.flatMap((column, position): Columns['weights'] => {
    const domain = domainOf(column, reading) ?? domainOf(without('config.', column), reading)
    return domain === undefined ? [] : [[position, domain]]
  })
  const seen = new Map<string, string>()
  for (const [position, domain] of found) {
    const column = header[position]
    const earlier = seen.get(domain)
    if (!domains.has(domain)) {
      const detail = `the column ${quoted(column)} of ${called(file)} names no domain of the study`
      problems.addName(pointer, detail, domain, [...domains])
    } else if (earlier !== undefined) {
      const both = `${quoted(earlier)} and ${quoted(column)}`
      problems.add(
        pointer,
        `two columns of ${called(file)} are the domain ${quoted(domain)}: ${both}`,
      )
    }
    seen.set(domain, column)
  }
  const absent = [...domains].filter((domain) => !seen.has(domain))
  if (absent.length === 0) return found
  const wanted = absent.slice(0, 3).map((domain) => quoted(`config.mixture.${domain}`))
  problems.add(
    pointer,
    `${called(file)} has no column for the weight of ${enumerated(absent)}; by default it is looked for as ${wanted.join(', ')} ` +
      '(see `mixturePrefix` and `domainNames`), or send a file `mixtures`',
  )
  return found
}

function runOf(
  cells: string[],
  { header, id, state, tokens, weights, metrics }: Columns,
  { row, file }: { row: number; file: SourceFile },
  reading: Reading,
): FoundRun | undefined {
  const place = `row ${row} of ${called(file)}`
  const pointer = `/files/${file.index}/rows/${row}`
  const runId = (cells[id] ?? '').trim()
  if (cells.length !== header.length) {
    const detail = `${place} has ${cells.length} cells and the header has ${header.length}`
    reading.problems.add(pointer, detail)
    return undefined
  }
  const status = state < 0 ? '' : cells[state].trim().toLowerCase()
  if (status !== '' && status !== 'finished') {
    reading.leaveOut('runs-skipped', `runs were left out because their state is ${status}`, runId)
    return undefined
  }
  const run = new FoundRun(runId, pointer, place)
  if (!reading.joins) run.weights = new Map(weights.map(([at, domain]) => [domain, cells[at]]))
  for (const [at, name] of metrics) run.take(name, cells[at].trim(), reading)
  if (tokens >= 0) run.tokens = cells[tokens].trim()
  return run
}
