import { availableParallelism } from 'node:os'
import { Command } from 'commander'
import { MixwrightError } from '../../errors.js'
import type { StoredBacktestReport } from '../../store/backtest-contract.js'
import { DEFAULT_MAX_RUNS, DEFAULT_SEEDS, planBacktest } from '../../studies/backtest-plan.js'
import { settleBacktest } from '../../studies/backtest-settings.js'
import { DEFAULT_METHOD } from '../../studies/methods.js'
import type { BacktestTask, Compute } from '../../studies/ports.js'
import { DEFAULT_SEED } from '../../studies/studies.js'
import { createThreadPool } from '../../workers/threads/index.js'
import { askedMethods, type MethodOptions } from '../backtest/methods.js'
import {
  collectCounts,
  collectLists,
  collectNumbers,
  numberList,
} from '../backtest/named-values.js'
import { backtestOptions } from '../backtest/option-places.js'
import { readTables, type TableOptions } from '../backtest/tables.js'
import { UsageError } from '../failures.js'
import { requireFidelity } from '../fit/costs.js'
import { fidelityName } from '../fit/fidelity-files.js'
import { untilInterrupted } from '../interruption.js'
import { withOptions } from '../option-places.js'
import {
  collect,
  collectParams,
  nonNegativeNumber,
  positiveInteger,
  positiveNumber,
  seedNumber,
} from '../options.js'
import { backtestText } from '../terminal/backtest.js'
import { progressView } from '../terminal/progress.js'

interface BacktestOptions extends TableOptions, MethodOptions {
  seeds: number
  seed: number
  budget?: number
  budgets?: number[]
  maxRuns: number
  tolerance?: number
  shuffle?: string[]
  threads: number
  json?: boolean
}

const EXAMPLES = `
Examples:
  Which method finds a good mixture with the fewest 1B runs?
    mixwright backtest --runs 1B=mixtures_1b.csv:losses_1b.csv --method random --method regmix --seeds 20
  Small runs are cheap: what does it help to make some of them first?
    mixwright backtest --runs 1M=mix_1m.csv:loss_1m.csv --cost 1M=0.001 \\
      --runs 1B=mix_1b.csv:loss_1b.csv --cost 1B=1 --budget 10 --json > report.json
  The same method with and without them, over the first 48 of the 1B runs:
    mixwright backtest --runs 1M=mix_1m.csv:loss_1m.csv --cost 1M=0.001 \\
      --runs 1B=mix_1b.csv:loss_1b.csv --cost 1B=1 --limit 1B=48 \\
      --method both=admire --method large=admire --only large=1B --param both.initialRuns=40

Files, as for mixwright fit:
  Mixtures: a column run, run_id or index, and one a domain (named x or train_x).
  Metrics:  the same key column, and one a metric (named y or metric/y); an empty cell is a missing value.

Exit codes: 0 done, 1 failure, 2 wrong usage, 3 wrong input data, 4 no feasible mixture, 130 interrupted`

export function backtestCommand(): Command {
  return new Command('backtest')
    .summary('replay methods on tables of runs, to choose one')
    .description(
      'Replays methods on tables of runs: each says which run it would make next, is told what that run measured, and says which ' +
        'mixture it would recommend. Needs no server, and trains nothing.',
    )
    .requiredOption(
      '--runs <fidelity=mixtures.csv:metrics.csv>',
      'runs at a fidelity, repeatable',
      collect,
    )
    .option(
      '--cost <fidelity=number>',
      'cost of a run there, in any one unit; needed for each of several',
      collectNumbers,
    )
    .option(
      '--limit <fidelity=n>',
      'take only the first rows of its table, repeatable',
      collectCounts,
    )
    .option(
      '--target <fidelity>',
      'what mixtures are chosen for, among its runs (default: the dearest; needed where several are)',
    )
    .option(
      '--method <[label=]name>',
      `a method to replay, repeatable (default: random, ${DEFAULT_METHOD} and admire)`,
      collect,
    )
    .option(
      '--param <[label.]key=value>',
      'a parameter of a method, repeatable (see: mixwright methods)',
      collectParams,
    )
    .option(
      '--only <label=fidelities>',
      'where a method may try mixtures, with commas (default: where runs cost no more than at the target)',
      collectLists,
    )
    .option(
      '--seeds <n>',
      'seeds that each method is replayed with',
      positiveInteger,
      DEFAULT_SEEDS,
    )
    .option('--seed <n>', 'the first of them', seedNumber, DEFAULT_SEED)
    .option(
      '--budget <cost>',
      'what a replay may cost (default: 20 runs at the target, or all)',
      positiveNumber,
    )
    .option(
      '--budgets <costs>',
      'costs to report at, with commas (default: about geometric)',
      numberList,
    )
    .option('--max-runs <n>', 'runs after which a replay ends', positiveInteger, DEFAULT_MAX_RUNS)
    .option(
      '--tolerance <number>',
      'how far from the best counts as found (default: 5 % of the standard deviation)',
      nonNegativeNumber,
    )
    .option(
      '--shuffle <fidelity>',
      'permute its scores: nothing to learn there, repeatable',
      collect,
    )
    .option(
      '--metric <name>',
      'a metric of the objective, repeatable (default: all that the tables share)',
      collect,
    )
    .option('--maximize <name>', 'a metric that is better when larger, repeatable', collect)
    .option('--objective <what>', 'mean, worst, or a JSON file with an objective (default: mean)')
    .option('--domains <json>', 'token counts: domain → tokens, for methods that need them')
    .option('--prior <json>', 'the natural mixture, or the word uniform, for methods that need it')
    .option('--threads <n>', 'replays at the same time', positiveInteger, availableParallelism())
    .option('--json', 'print the report as the API returns it')
    .addHelpText('after', EXAMPLES)
    .action(backtest)
}

async function backtest(options: BacktestOptions): Promise<void> {
  const methods = askedMethods(options)
  const pool = createThreadPool({ threads: options.threads })
  try {
    const task = await prepareTask(options, methods, pool)
    const report = await replayAll(pool, task, Boolean(options.json))
    process.stdout.write(
      options.json ? `${JSON.stringify(report, null, 2)}\n` : backtestText(report, process.stdout),
    )
  } catch (error) {
    throw withOptions(error, backtestOptions(methods, options.runs.map(fidelityName)))
  } finally {
    await pool.close()
  }
}

async function prepareTask(
  options: BacktestOptions,
  methods: ReturnType<typeof askedMethods>,
  compute: Compute,
): Promise<BacktestTask> {
  const { compiled, runs, givenCosts } = await readTables(options, compute)
  const fidelities = runs.map(({ fidelity }) => fidelity)
  const { target, shuffle = [], only = new Map<string, string[]>() } = options
  if (target !== undefined) requireFidelity(target, fidelities, '--target')
  for (const name of shuffle) requireFidelity(name, fidelities, '--shuffle')
  for (const name of [...only.values()].flat()) requireFidelity(name, fidelities, '--only')
  const plan = planBacktest(
    { ...options, methods },
    {
      ...{ compiled, fidelities, givenCosts, place: '/problem' },
      defaultMethod: { method: DEFAULT_METHOD },
    },
  )
  const { settings } = await settleBacktest(compute, plan, runs, { shape: { tables: '/tables' } })
  return { problem: plan.problem, settings, runs }
}

async function replayAll(
  compute: Compute,
  task: BacktestTask,
  json: boolean,
): Promise<StoredBacktestReport> {
  const progress = progressView({ json })
  try {
    return await untilInterrupted((signal) =>
      compute.backtest(task, { signal, onProgress: progress.show }).catch((error) => {
        if (signal.aborted || error instanceof MixwrightError || error instanceof UsageError) {
          throw error
        }
        const detail = error instanceof Error ? error.message : String(error)
        throw new MixwrightError('backtest-failed', detail)
      }),
    )
  } finally {
    progress.stop()
  }
}
