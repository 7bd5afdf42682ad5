import { Command, Option } from 'commander'
import { MixwrightError } from '../../errors.js'
import { DOMAIN_PREFIX, METRIC_PREFIX } from '../../formats/importers/index.js'
import type { Recommendation } from '../../optimizers/recommendation.js'
import { OPTIMIZERS } from '../../optimizers/registry.js'
import { SURROGATE_NAMES, type SurrogateName } from '../../optimizers/surrogates/types.js'
import { checkProblem, hashProblem } from '../../studies/index.js'
import {
  completeParams,
  DEFAULT_METHOD,
  findMethod,
  refuseParams,
  refuseSurrogate,
} from '../../studies/methods.js'
import type { Compute, RecommendOutcome, RecommendTask } from '../../studies/ports.js'
import { previousOf } from '../../studies/previous-studies.js'
import { DEFAULT_SEED } from '../../studies/studies.js'
import { createThreadPool } from '../../workers/threads/index.js'
import { collectNumbers } from '../backtest/named-values.js'
import { InterruptedError, UsageError } from '../failures.js'
import { fidelityName } from '../fit/fidelity-files.js'
import { readRuns, type TableWarnings } from '../fit/fit-runs.js'
import { type HoldoutFiles, parseHoldouts } from '../fit/holdouts.js'
import { fidelitiesOf, lowerFidelities, TARGET } from '../fit/lower-fidelities.js'
import { NameResolver } from '../fit/names.js'
import { fitOptions } from '../fit/option-places.js'
import { buildProblem, type ProblemOptions } from '../fit/problem.js'
import { namesOf, readPair } from '../fit/tables.js'
import { withOptions } from '../option-places.js'
import { collect, collectParams, positiveNumber, seedNumber } from '../options.js'
import { progressView } from '../terminal/progress.js'
import { recommendationText } from '../terminal/recommendation.js'

interface FitOptions extends ProblemOptions {
  mixtures: string
  metrics: string
  method: string
  surrogate: SurrogateName | 'auto'
  holdout?: string[]
  lower?: string[]
  cost?: ReadonlyMap<string, number>
  param?: Record<string, unknown>
  seed: number
  json?: boolean
}

const EXAMPLES = `
Examples:
  What to train on, from the runs of a RegMix swarm, judged on runs it has not seen:
    mixwright fit --mixtures train_mixture_1m.csv --metrics train_pile_loss_1m.csv \\
      --holdout test_mixture_1m.csv:test_pile_loss_1m.csv
  One metric, no domain repeated more than 4 times in a run of 1T tokens:
    mixwright fit --mixtures m.csv --metrics l.csv --metric code_loss \\
      --domains tokens.json --target-tokens 1e12 --max-epochs 4
  A few runs of a large model, with what many runs of a small one tell:
    mixwright fit --method admire --mixtures m_1b.csv --metrics l_1b.csv \\
      --lower 1M=m_1m.csv:l_1m.csv --cost 1M=0.001 --cost target=1
  The worst of several benchmark scores, for another program:
    mixwright fit --mixtures m.csv --metrics scores.csv --metric mmlu --metric arc \\
      --maximize mmlu --maximize arc --objective worst --json > recommendation.json

Files:
  Mixtures: a column run, run_id or index, and one a domain (named x or train_x).
  Metrics:  the same key column, and one a metric (named y or metric/y); an empty cell is a missing value.

Exit codes: 0 done, 1 failure, 2 wrong usage, 3 wrong input data, 4 no feasible mixture or too few runs, 130 interrupted`

export function fitCommand(): Command {
  return new Command('fit')
    .summary('recommend domain weights from a table of runs')
    .description(
      'Recommends domain weights from a table of runs, with the evidence for them. Needs no server.',
    )
    .requiredOption('--mixtures <csv>', 'mixtures of the runs: one row a run, one column a domain')
    .requiredOption('--metrics <csv>', 'metrics of the runs: one row a run, one column a metric')
    .option(
      '--metric <name>',
      'a metric to optimise, repeatable (default: all of the file)',
      collect,
    )
    .option('--maximize <name>', 'a metric that is better when larger, repeatable', collect)
    .addOption(
      new Option('--method <name>', 'how the mixture is found')
        .choices([...OPTIMIZERS.keys()])
        .default(DEFAULT_METHOD),
    )
    .addOption(
      new Option('--surrogate <name>', 'what learns mixture → metric')
        .choices(['auto', ...SURROGATE_NAMES])
        .default('auto'),
    )
    .option(
      '--domains <json>',
      'token counts: domain → tokens (or a list of domains as the API takes it)',
    )
    .option(
      '--prior <json>',
      'the natural mixture: domain → relative size, or the word uniform (default: by tokens)',
    )
    .option('--objective <what>', 'mean, worst, or a JSON file with an objective (default: mean)')
    .option('--max-epochs <n>', 'how often a domain may be repeated (default: 4)', positiveNumber)
    .option(
      '--target-tokens <n>',
      'tokens of the run the mixture is for; turns repetition caps on',
      positiveNumber,
    )
    .option(
      '--holdout <mixtures.csv:metrics.csv>',
      'runs to judge the surrogates on, repeatable',
      collect,
    )
    .option(
      '--lower <fidelity=mixtures.csv:metrics.csv>',
      'runs of smaller models, for methods that learn from several, repeatable: the smallest first; those of --mixtures and --metrics ' +
        `are called ${TARGET}`,
      collect,
    )
    .option(
      '--cost <fidelity=number>',
      `what a run costs, in any one unit, of each fidelity of --lower and of ${TARGET}, repeatable (default: not said)`,
      collectNumbers,
    )
    .option(
      '--param <key=value>',
      'a parameter of the method, repeatable (see: mixwright methods)',
      collectParams,
    )
    .option('--seed <n>', 'seed of everything random', seedNumber, DEFAULT_SEED)
    .option('--json', 'print the recommendation as the API returns it')
    .addHelpText('after', EXAMPLES)
    .action(fit)
}

async function fit(options: FitOptions): Promise<void> {
  try {
    await fitTables(options)
  } catch (error) {
    const lower = (options.lower ?? []).map(fidelityName)
    throw withOptions(error, fitOptions([...lower, TARGET]))
  }
}

async function fitTables(options: FitOptions): Promise<void> {
  const holdouts = parseHoldouts(options.holdout ?? [])
  const pool = createThreadPool({ threads: 1 })
  try {
    const { task, tableWarnings } = await prepareTask(options, holdouts, pool)
    for (const warning of unusedOptions(options)) process.stderr.write(`warning: ${warning}\n`)
    const { recommendation } = await recommend(pool, task, Boolean(options.json))
    if (options.json) process.stdout.write(`${JSON.stringify(recommendation, null, 2)}\n`)
    else {
      process.stdout.write(recommendationText(recommendation, task.problem, process.stdout))
      writeTableWarnings(tableWarnings, recommendation)
    }
  } finally {
    await pool.close()
  }
}

interface FitInput {
  task: RecommendTask
  tableWarnings: TableWarnings[]
}

async function prepareTask(
  options: FitOptions,
  holdouts: HoldoutFiles[],
  compute: Compute,
): Promise<FitInput> {
  const { mixtures, metrics } = options
  const pair = await readPair({ mixtures, metrics }, ['--mixtures', '--metrics'], 'The run table')
  const lower = lowerFidelities(options.lower ?? [], options.method)
  const names = await namesOf(pair)
  const problem = await buildProblem(options, {
    domains: new NameResolver('domain', DOMAIN_PREFIX, names.domains),
    metrics: new NameResolver('metric', METRIC_PREFIX, names.metrics),
  })
  const compiled = checkProblem({ ...problem, ...fidelitiesOf(lower, options.cost) })
  const method = findMethod(options.method, '/method')
  const params = completeParams(method, options.param ?? {}, '/params')
  refusePreviousStudies({ method: method.name, params })
  refuseParams(method, compiled, params, '')
  refuseSurrogate(method, options.surrogate, '/surrogate')
  const about = {
    problem: compiled.problem,
    problemHash: hashProblem(compiled.problem),
    method: method.name,
    surrogate: options.surrogate,
    params,
    seed: options.seed,
  }
  const files = { pair, lower, holdouts }
  const { tableWarnings, ...runs } = await readRuns(compute, compiled.problem, files)
  return { task: { ...about, ...runs }, tableWarnings }
}

/** @throws UsageError: they are in a service's store, which this command does not ask */
function refusePreviousStudies(used: Pick<RecommendTask, 'method' | 'params'>): void {
  if (previousOf(used).length === 0) return
  throw new UsageError(
    '--param previous: previous studies are on a service, and this command works without one',
    'Give them in `params` of a study there (mixwright study create), whose searches, suggestions and fits learn from them; or give the ' +
      'runs themselves with --lower.',
  )
}

/** Options that would change nothing are most likely a mistake. */
function unusedOptions({ maxEpochs, targetTokens, domains }: FitOptions): string[] {
  if (maxEpochs !== undefined && (targetTokens === undefined || domains === undefined)) {
    return ['--max-epochs takes effect only with --target-tokens and --domains']
  }
  if (targetTokens !== undefined && domains === undefined) {
    return ['--target-tokens takes effect only with the token counts of --domains']
  }
  return []
}

async function recommend(
  compute: Compute,
  task: RecommendTask,
  json: boolean,
): Promise<RecommendOutcome> {
  const interrupt = new AbortController()
  const onSignal = () => interrupt.abort()
  process.once('SIGINT', onSignal)
  const progress = progressView({ json })
  try {
    return await compute.recommend(task, { signal: interrupt.signal, onProgress: progress.show })
  } catch (error) {
    if (interrupt.signal.aborted) throw new InterruptedError()
    if (error instanceof MixwrightError || error instanceof UsageError) throw error
    throw new MixwrightError('fit-failed', error instanceof Error ? error.message : String(error))
  } finally {
    progress.stop()
    process.off('SIGINT', onSignal)
  }
}

/** What the recommendation does not say itself. Columns that were not read were not asked for. */
function writeTableWarnings(tables: readonly TableWarnings[], said: Recommendation): void {
  const codes = ['columns-ignored', ...said.warnings.map(({ code }) => code)]
  for (const { table, warnings } of tables) {
    for (const { code, message } of warnings) {
      if (!codes.includes(code)) process.stderr.write(`note: ${table}: ${message}\n`)
    }
  }
}
