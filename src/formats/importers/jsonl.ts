import { isObject, type JsonObject, memberOf } from '../../json-object.js'
import { type FileImporter, FoundRun, type Reading } from './found-run.js'
import { lookOf } from './json-values.js'
import { runIdIn } from './mixture-table.js'
import { jsonFault, parsePythonJson } from './python-json.js'
import { called, formatMismatch, readLines, type SourceFile } from './source-file.js'

/** One run a line, as JSON: the form that anything can be brought into. Read line by line. */
export const jsonLines: FileImporter = {
  title: 'JSON lines, one run each',
  expects:
    'one JSON object a line: {"run": …, "mixture": {domain: weight}, "metrics": {metric: value}, "standardErrors": {…}, "tokens": …}',
  holdsMixtures: true,
  options: ['metricNames'],
  merges: false,
  textNumbers: false,
  read: readRuns,
}

const MEMBERS = new Set([
  ...['run', 'id', 'runId', 'mixture', 'weights'],
  ...['metrics', 'values', 'standardErrors', 'tokens'],
])

async function* readRuns(file: SourceFile, reading: Reading): AsyncGenerator<FoundRun> {
  const format = { name: 'jsonl', expects: jsonLines.expects }
  const { index } = file
  let isFirst = true
  for await (const { line, number } of readLines(file, format)) {
    const place = `line ${number} of ${called(file)}`
    const pointer = `/files/${index}/lines/${number}`
    const value = parse(line)
    const fault = 'fault' in value ? value.fault : faultOf(value.run)
    if (fault === undefined)
      yield runOf((value as { run: JsonObject }).run, pointer, place, reading)
    else if (isFirst) throw formatMismatch(file, format, `line ${number}: ${fault}`)
    else reading.problems.add(pointer, `${place}: ${fault}`)
    isFirst = false
  }
}

function parse(line: string): { run: unknown } | { fault: string } {
  try {
    return { run: parsePythonJson(line) }
  } catch (error) {
    return { fault: jsonFault(error) }
  }
}

function faultOf(value: unknown): string | undefined {
  if (!isObject(value)) return lookOf(value)
  if (metricsOf(value) === undefined) {
    return `${lookOf(value)}; it has no "metrics", an object of metric → value`
  }
  return runIdIn(value) === undefined ? 'it has no "run", a text or a whole number' : undefined
}

function metricsOf(value: JsonObject): JsonObject | undefined {
  const metrics = memberOf(value, 'metrics') ?? memberOf(value, 'values')
  return isObject(metrics) ? metrics : undefined
}

function runOf(value: JsonObject, pointer: string, place: string, reading: Reading): FoundRun {
  const run = new FoundRun(runIdIn(value) ?? '', pointer, place)
  const mixture = memberOf(value, 'mixture') ?? memberOf(value, 'weights')
  if (isObject(mixture)) run.weights = new Map(Object.entries(mixture))
  const errors = memberOf(value, 'standardErrors')
  for (const [name, metric] of Object.entries(metricsOf(value) ?? {})) {
    run.take(name, metric, reading, memberOf(errors, name))
  }
  run.tokens = memberOf(value, 'tokens')
  for (const name of Object.keys(value)) {
    if (!MEMBERS.has(name)) reading.leaveOut('fields-ignored', 'fields of runs were not read', name)
  }
  return run
}
