import { isObject, type JsonObject, memberOf } from '../../json-object.js'
import type { Evaluation } from './evaluations.js'
import { type FileImporter, FoundRun, type Reading } from './found-run.js'
import { lookOf, objectIn, textIn } from './json-values.js'
import { scalars } from './lm-eval.js'
import { jsonFault, parsePythonJson } from './python-json.js'
import { runIdOfFile } from './run-ids.js'
import { called, formatMismatch, readWholeText, type SourceFile } from './source-file.js'

/**
 * Metrics of OLMES (oe-eval): `task-NNN-<name>-metrics.json` with one task, `metrics-all.jsonl` with one a line, or
 * `metrics.json` with a list of them. A metric is called `task/metric`, for instance `arc_easy/primary_score`.
 */
export const olmes: FileImporter = {
  title: 'Metrics of OLMES (metrics-all.jsonl, metrics.json, task-…-metrics.json)',
  expects:
    'JSON objects with "task_name" and "metrics", one (task-…-metrics.json), one a line (metrics-all.jsonl) or in "tasks" (metrics.json)',
  holdsMixtures: false,
  options: ['metricNames', 'runIdFrom'],
  runIdFrom: ['folder', 'file', 'model_name'],
  merges: true,
  textNumbers: false,
  read: readMetrics,
}

const FORMAT = { name: 'olmes', expects: olmes.expects }

async function* readMetrics(file: SourceFile, reading: Reading): AsyncGenerator<FoundRun> {
  const tasks = tasksOf(parse(await readWholeText(file, FORMAT), file), file)
  const { options, problems } = reading
  const runs = new Map<string, FoundRun>()
  for (const task of tasks) {
    const runId =
      options.runIdFrom === 'model_name'
        ? modelOf(task)
        : runIdOfFile(file, options.runIdFrom, problems)
    if (runId === undefined) {
      if (options.runIdFrom !== 'model_name') return
      problems.add(
        `/files/${file.index}`,
        `${called(file)} names no model ("model" in "model_config") to take the run's id from`,
      )
      return
    }
    const run = runs.get(runId) ?? new FoundRun(runId, `/files/${file.index}`, called(file))
    runs.set(runId, run)
    takeTask(run, task, reading)
  }
  yield* runs.values()
}

/** One JSON value, or one a line. */
function parse(text: string, file: SourceFile): unknown[] {
  try {
    return [parsePythonJson(text)]
  } catch (wholeFault) {
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    return lines.map((line, i) => {
      try {
        return parsePythonJson(line)
      } catch (lineFault) {
        // Unless the first line stands for itself, it was meant as one value.
        const fault = i === 0 ? jsonFault(wholeFault) : `line ${i + 1}: ${jsonFault(lineFault)}`
        throw formatMismatch(file, FORMAT, fault)
      }
    })
  }
}

function tasksOf(values: readonly unknown[], file: SourceFile): JsonObject[] {
  const tasks = values.flatMap((value) => {
    const list = Array.isArray(value) ? value : memberOf(value, 'tasks')
    return Array.isArray(list) ? list : [value]
  })
  const wrong = tasks.find(
    (task) => nameOf(task) === undefined || !isObject(memberOf(task, 'metrics')),
  )
  if (tasks.length === 0 || wrong !== undefined) {
    throw formatMismatch(file, FORMAT, tasks.length === 0 ? 'it has no task' : lookOf(wrong))
  }
  return tasks
}

function nameOf(task: unknown): string | undefined {
  return textIn(task, 'task_name') ?? textIn(task, 'alias')
}

function modelOf(task: unknown): string | undefined {
  const config = objectIn(task, 'model_config')
  return textIn(config, 'model') ?? textIn(config, 'model_path')
}

function takeTask(run: FoundRun, task: JsonObject, reading: Reading): void {
  const name = nameOf(task) ?? ''
  let taken = false
  for (const [metric, value] of Object.entries(objectIn(task, 'metrics'))) {
    if (typeof value !== 'number' && value !== null) continue
    if (run.take(`${name}/${metric}`, value, reading) !== undefined) taken = true
  }
  if (taken) reading.evaluations.add(name, evaluationOf(task), run.place)
}

function evaluationOf(task: JsonObject): Evaluation {
  const config = objectIn(task, 'task_config')
  return scalars({
    version: memberOf(objectIn(config, 'metadata'), 'version') ?? memberOf(config, 'version'),
    nShot: memberOf(config, 'num_shots'),
    hash: memberOf(task, 'task_hash'),
    primaryMetric: memberOf(config, 'primary_metric'),
    split: memberOf(config, 'split'),
    limit: memberOf(config, 'limit'),
    dtype: memberOf(objectIn(task, 'model_config'), 'dtype'),
  })
}
