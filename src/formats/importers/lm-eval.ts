import { isObject, type JsonObject, memberOf } from '../../json-object.js'
import { pointerToken } from '../../optimizers/issue.js'
import type { Evaluation } from './evaluations.js'
import { type FileImporter, FoundRun, type Reading } from './found-run.js'
import { lookOf, objectIn, readJsonFile, textIn } from './json-values.js'
import { runIdOfFile } from './run-ids.js'
import { called, formatMismatch, type SourceFile } from './source-file.js'

/**
 * Results of lm-evaluation-harness, `results_<time>.json`: `results[task]["metric,filter"]` with `metric_stderr,filter` beside
 * it. A metric is called `task/metric`, and `task/metric,filter` for filters other than `none`.
 */
export const lmEval: FileImporter = {
  title: 'Results of lm-evaluation-harness (results_….json)',
  expects:
    'a JSON object with "results", an object of task → metrics ("acc,none", "acc_stderr,none"), as in results_….json',
  holdsMixtures: false,
  options: ['metricNames', 'runIdFrom'],
  runIdFrom: ['folder', 'file', 'model_name'],
  merges: true,
  textNumbers: false,
  read: readResults,
}

async function* readResults(file: SourceFile, reading: Reading): AsyncGenerator<FoundRun> {
  const format = { name: 'lm-eval', expects: lmEval.expects }
  const content = await readJsonFile(file, format)
  const results = memberOf(content, 'results')
  if (!isObject(results) || !Object.values(results).every(isObject)) {
    throw formatMismatch(file, format, lookOf(content))
  }
  const runId = runIdOf(content, file, reading)
  if (runId === undefined) return
  const run = new FoundRun(runId, `/files/${file.index}`, called(file))
  // A group has its own entry in either of them, or in both.
  const tasks = new Map(Object.entries({ ...objectIn(content, 'groups'), ...results }))
  for (const [task, metrics] of tasks) {
    if (!isObject(metrics)) continue
    if (takeTask(run, task, metrics, content, reading)) {
      for (const part of partsOf(task, objectIn(content, 'group_subtasks'))) {
        reading.evaluations.add(part, evaluationOf(part, content), called(file))
      }
    }
  }
  yield run
}

function runIdOf(content: unknown, file: SourceFile, { options, problems }: Reading) {
  if (options.runIdFrom !== 'model_name') return runIdOfFile(file, options.runIdFrom, problems)
  const name = textIn(content, 'model_name')
  if (name === undefined) {
    problems.add(
      `/files/${file.index}`,
      `${called(file)} has no "model_name" to take the run's id from`,
    )
  }
  return name
}

/** @returns whether any of its metrics is one of the study */
function takeTask(
  run: FoundRun,
  task: string,
  metrics: JsonObject,
  content: unknown,
  reading: Reading,
): boolean {
  const directions = objectIn(objectIn(content, 'higher_is_better'), task)
  let taken = false
  for (const [key, value] of Object.entries(metrics)) {
    const [metric, filter] = split(key)
    if (metric.endsWith('_stderr') || (typeof value !== 'number' && value !== null)) continue
    // What a task has beside its metrics has no filter.
    if (['sample_len', 'sample_count', 'samples'].includes(key)) continue
    const name = `${task}/${metric}${filter === '' || filter === 'none' ? '' : `,${filter}`}`
    const error = memberOf(metrics, `${metric}_stderr${filter === '' ? '' : `,${filter}`}`)
    if (run.take(name, value, reading, error) === undefined) continue
    taken = true
    const higher = memberOf(directions, metric)
    if (typeof higher !== 'boolean') continue
    const pointer = `${run.pointer}/higher_is_better/${pointerToken(task)}/${pointerToken(metric)}`
    reading.metrics.checkDirection(name, higher, { pointer, place: run.place }, reading.problems)
  }
  return taken
}

function split(key: string): [metric: string, filter: string] {
  const comma = key.indexOf(',')
  return comma < 0 ? [key, ''] : [key.slice(0, comma), key.slice(comma + 1)]
}

/** A task, and for a group all tasks in it: a group's number depends on how each of them was evaluated. */
function partsOf(task: string, subtasks: JsonObject, seen = new Set<string>()): Set<string> {
  if (seen.has(task)) return seen
  seen.add(task)
  const inner = memberOf(subtasks, task)
  for (const name of Array.isArray(inner) ? inner : []) {
    if (typeof name === 'string') partsOf(name, subtasks, seen)
  }
  return seen
}

function evaluationOf(task: string, content: unknown): Evaluation {
  const config = objectIn(content, 'config')
  return scalars({
    version: memberOf(memberOf(content, 'versions'), task),
    nShot: memberOf(memberOf(content, 'n-shot'), task),
    hash: memberOf(memberOf(content, 'task_hashes'), task),
    samples: memberOf(memberOf(memberOf(content, 'n-samples'), task), 'effective'),
    limit: memberOf(config, 'limit'),
    dtype: memberOf(config, 'model_dtype'),
    chatTemplate: memberOf(content, 'chat_template_sha'),
    systemInstruction: memberOf(content, 'system_instruction_sha'),
    fewshotAsMultiturn: memberOf(content, 'fewshot_as_multiturn'),
  })
}

/** What is said: null and what is absent say nothing. */
export function scalars(properties: Record<string, unknown>): Evaluation {
  const said = Object.entries(properties).filter(
    (entry): entry is [string, string | number | boolean] =>
      ['string', 'number', 'boolean'].includes(typeof entry[1]),
  )
  return Object.fromEntries(said)
}
