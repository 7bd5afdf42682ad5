import { isObject, type JsonObject, memberOf } from '../../json-object.js'
import { type FileImporter, FoundRun, type Reading } from './found-run.js'
import { lookOf, readJsonFile } from './json-values.js'
import { runIdOfFile } from './run-ids.js'
import { called, formatMismatch, type SourceFile } from './source-file.js'
import { enumerated } from './table-problems.js'

/**
 * The state of a Hugging Face Trainer, `trainer_state.json`. Rows of training and of evaluation take turns in its
 * `log_history`, one row an evaluation set: rows of one step belong together. The last step that has all of the study's
 * metrics counts.
 */
export const hfTrainer: FileImporter = {
  title: 'State of a Hugging Face Trainer (trainer_state.json)',
  expects:
    'a JSON object with "log_history", an array of rows with "step" and "eval_…", as in trainer_state.json',
  holdsMixtures: false,
  options: ['metricNames', 'runIdFrom', 'tokensPerStep'],
  runIdFrom: ['folder', 'file'],
  merges: false,
  textNumbers: false,
  read: readState,
}

/** What evaluations log about themselves. */
const NOT_MEASURED = /_(?:runtime|samples_per_second|steps_per_second|model_preparation_time)$/

interface Step {
  step: number
  metrics: Map<string, unknown>
  tokens?: unknown
}

async function* readState(file: SourceFile, reading: Reading): AsyncGenerator<FoundRun> {
  const format = { name: 'hf-trainer', expects: hfTrainer.expects }
  const content = await readJsonFile(file, format)
  const history = memberOf(content, 'log_history')
  if (!Array.isArray(history)) throw formatMismatch(file, format, lookOf(content))
  const runId = runIdOfFile(file, reading.options.runIdFrom, reading.problems)
  if (runId === undefined) return
  const run = new FoundRun(runId, `/files/${file.index}`, called(file))
  const steps = stepsOf(history.filter(isObject))
  if (steps.length === 0) {
    reading.problems.add(
      run.pointer,
      `${run.place} has no row with a "step" and metrics called "eval_…"`,
    )
    return
  }
  const last = lastComplete(steps, run, reading)
  if (!last) return
  for (const [name, value] of last.metrics) run.take(name, value, reading)
  run.tokens = tokensAt(last, content, reading)
  yield run
}

function stepsOf(history: readonly JsonObject[]): Step[] {
  const steps = new Map<number, Step>()
  const tokens = new Map<number, unknown>()
  for (const row of history) {
    const step = memberOf(row, 'step')
    if (typeof step !== 'number') continue
    const seen = memberOf(row, 'num_input_tokens_seen')
    if (seen !== undefined) tokens.set(step, seen)
    const metrics = Object.entries(row).filter(
      ([name, value]) =>
        name.startsWith('eval_') &&
        !NOT_MEASURED.test(name) &&
        (typeof value === 'number' || value === null),
    )
    if (metrics.length === 0) continue
    const known = steps.get(step) ?? { step, metrics: new Map() }
    steps.set(step, known)
    for (const [name, value] of metrics) known.metrics.set(name, value)
  }
  return [...steps.values()]
    .map((step) => ({ ...step, tokens: tokens.get(step.step) }))
    .sort((a, b) => a.step - b.step)
}

function lastComplete(
  steps: readonly Step[],
  run: FoundRun,
  { metrics, problems }: Reading,
): Step | undefined {
  const named = ({ metrics: given }: Step) => [...given.keys()].filter((name) => metrics.has(name))
  const wanted = new Set(steps.flatMap(named))
  const complete = steps.findLast((step) => named(step).length === wanted.size)
  if (complete) return complete
  const last = steps[steps.length - 1]
  const lacking = [...wanted].filter((name) => !last.metrics.has(name))
  problems.add(
    run.pointer,
    `${run.place} has no step with all of the study's metrics; the last, ${last.step}, lacks ${enumerated(lacking)}`,
  )
  return undefined
}

function tokensAt({ step, tokens }: Step, content: unknown, { options }: Reading): unknown {
  const atEnd = memberOf(content, 'num_input_tokens_seen')
  // The Trainer writes 0 where it was not told to count.
  const counted = [tokens, memberOf(content, 'global_step') === step ? atEnd : undefined].find(
    (count) => typeof count === 'number' && count > 0,
  )
  if (counted !== undefined) return counted
  return options.tokensPerStep === undefined || step === 0
    ? undefined
    : step * options.tokensPerStep
}
