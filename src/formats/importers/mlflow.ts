import { isObject, type JsonObject, memberOf } from '../../json-object.js'
import { type FileImporter, FoundRun, type Reading } from './found-run.js'
import { lookOf, readJsonFile, textIn } from './json-values.js'
import { domainOf } from './named-domains.js'
import { called, formatMismatch, type SourceFile } from './source-file.js'
import { quoted } from './table-problems.js'

/** Answers of MLflow's REST API: `runs/search` (`{runs: [{info, data}]}`) and `runs/get` (`{run: {info, data}}`). */
export const mlflow: FileImporter = {
  title: 'Runs of MLflow (answers of runs/search and runs/get)',
  expects: 'a JSON object with "runs", an array of {"info", "data"}, or with "run", one of them',
  holdsMixtures: true,
  options: ['metricNames', 'domainNames', 'mixturePrefix', 'runIdFrom', 'tokensFrom'],
  runIdFrom: ['run_id', 'run_name'],
  merges: false,
  // Parameters are text, whatever they were.
  textNumbers: true,
  read: readRuns,
}

async function* readRuns(file: SourceFile, reading: Reading): AsyncGenerator<FoundRun> {
  const format = { name: 'mlflow', expects: mlflow.expects }
  const content = await readJsonFile(file, format)
  const runs = memberOf(content, 'runs') ?? [memberOf(content, 'run')]
  if (!Array.isArray(runs) || !runs.every((run) => isObject(memberOf(run, 'info')))) {
    throw formatMismatch(file, format, lookOf(content))
  }
  if (textIn(content, 'next_page_token') !== undefined) {
    const reason =
      'files are one page of several (they have a "next_page_token"); import the others too'
    reading.leaveOut('more-pages', reason, file.name)
  }
  for (const [i, run] of runs.entries()) {
    const found = runOf(run, { pointer: `/files/${file.index}/runs/${i}`, file, place: i }, reading)
    if (found) yield found
  }
}

function runOf(
  run: unknown,
  at: { pointer: string; file: SourceFile; place: number },
  reading: Reading,
): FoundRun | undefined {
  const info = memberOf(run, 'info')
  const data = memberOf(run, 'data')
  const { options, problems } = reading
  const place = `run ${at.place} (from 0) of ${called(at.file)}`
  const from = options.runIdFrom ?? 'run_id'
  const runId = textIn(info, from) ?? (from === 'run_id' ? textIn(info, 'run_uuid') : undefined)
  if (runId === undefined) {
    problems.add(`${at.pointer}/info`, `${place} has no ${quoted(from)} in its "info"`)
    return undefined
  }
  const status = textIn(info, 'status') ?? 'FINISHED'
  if (status !== 'FINISHED') {
    const reason = `runs were left out because their status is ${status}`
    reading.leaveOut('runs-skipped', reason, runId)
    return undefined
  }
  const found = new FoundRun(runId, at.pointer, place)
  const params = new Map(entriesOf(data, 'params').map(({ key, value }) => [key, value]))
  const metrics = lastValues(entriesOf(data, 'metrics'))
  for (const [name, value] of metrics) {
    if (name !== options.tokensFrom || reading.metrics.has(name)) found.take(name, value, reading)
  }
  if (!reading.joins) {
    const weights = [...params].flatMap(([name, value]) => {
      const domain = domainOf(name, reading)
      return domain === undefined ? [] : [[domain, value] as const]
    })
    if (weights.length > 0) found.weights = new Map(weights)
  }
  const { tokensFrom } = options
  if (tokensFrom !== undefined) found.tokens = metrics.get(tokensFrom) ?? params.get(tokensFrom)
  return found
}

interface Entry extends JsonObject {
  key: string
  value: unknown
}

function entriesOf(data: unknown, name: string): Entry[] {
  const list = memberOf(data, name)
  if (!Array.isArray(list)) return []
  return list.filter((entry): entry is Entry => textIn(entry, 'key') !== undefined)
}

/** The newest value of each: that of the highest step, and of those the latest. */
function lastValues(entries: readonly Entry[]): Map<string, unknown> {
  const newest = new Map<string, Entry>()
  for (const entry of entries) {
    const known = newest.get(entry.key)
    if (!known || order(entry, 'step') > order(known, 'step') || isLater(entry, known))
      newest.set(entry.key, entry)
  }
  return new Map([...newest].map(([key, { value }]) => [key, value]))
}

function isLater(a: Entry, b: Entry): boolean {
  return order(a, 'step') === order(b, 'step') && order(a, 'timestamp') >= order(b, 'timestamp')
}

/** Some writers give whole numbers as text. */
const order = (entry: Entry, name: string) => Number(memberOf(entry, name) ?? 0)
