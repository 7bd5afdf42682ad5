import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import closeWithGrace from 'close-with-grace'
import { Command } from 'commander'
import type { Recommendation } from '../../optimizers/recommendation.js'
import { completeProblem } from '../../studies/index.js'
import type { RunningService } from '../compose.js'
import { readConfig } from '../config.js'
import { ApiClient } from '../demo/api-client.js'
import {
  DEMO_DOMAINS,
  DEMO_PROBLEM,
  drawRuns,
  trueObjective,
  trueOptimum,
} from '../demo/synthetic-study.js'
import { InterruptedError } from '../failures.js'
import { seedNumber } from '../options.js'
import { bar } from '../terminal/bars.js'
import { coloursFor } from '../terminal/colours.js'
import { progressView } from '../terminal/progress.js'
import { recommendationText, shareText } from '../terminal/recommendation.js'
import { table } from '../terminal/tables.js'

const TRAINING_RUNS = 64
const HELD_OUT_RUNS = 24
const BAR_WIDTH = 20

interface DemoOptions {
  keep?: boolean
  seed: number
  json?: boolean
}

const EXAMPLES = `
What it does: starts the service with a temporary data folder, draws a run table from a mixing law that is known (it is
synthetic: no model is trained), imports it and fits it over HTTP, and shows the true optimum beside the
recommendation.

Examples:
  mixwright demo
  mixwright demo --keep     leaves the service up, to look around at /docs
  mixwright demo --json`

export function demoCommand(): Command {
  return new Command('demo')
    .summary('see it work on a synthetic run table, in half a minute')
    .description('Shows the whole path on a synthetic run table whose best mixture is known.')
    .option('--keep', 'leave the service up afterwards')
    .option('--seed <n>', 'seed of the synthetic table', seedNumber, 42)
    .option('--json', 'print the recommendation and the truth as JSON')
    .addHelpText('after', EXAMPLES)
    .action(demo)
}

interface Outcome {
  study: string
  recommendation: Recommendation
}

async function demo(options: DemoOptions): Promise<void> {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'mixwright-demo-'))
  const removeFolder = () => rm(dataFolder, { recursive: true, force: true })
  const interruption = interruptible()
  let service: RunningService | undefined
  const close = async () => {
    await service?.close()
    await removeFolder()
  }
  try {
    say(
      options,
      'A synthetic run table, drawn from a known mixing law with noise. No model is trained.\n',
    )
    const started = Date.now()
    const { startService } = await import('../compose.js')
    const config = readConfig({ host: '127.0.0.1', port: 0, dataFolder })
    // Always the embedded form: the demo leaves nothing behind on anybody's servers.
    service = await startService({ ...config, databaseUrl: undefined, redisUrl: undefined })
    step(options, `service ready at ${service.url}, new data folder`, started)
    const outcome = await Promise.race([searchOverHttp(service.url, options), interruption.promise])
    process.stdout.write(options.json ? jsonReport(outcome) : textReport(outcome.recommendation))
    if (options.keep) return leaveUp(service.url, outcome.study, close)
    await close()
  } catch (error) {
    await close()
    throw error
  } finally {
    interruption.stop()
  }
}

/** Rejects on Ctrl-C and on SIGTERM, so that the service is closed and the folder removed. */
function interruptible(): { promise: Promise<never>; stop(): void } {
  const { promise, reject } = withReject()
  const onSignal = () => reject(new InterruptedError())
  const signals = ['SIGINT', 'SIGTERM']
  for (const signal of signals) process.once(signal, onSignal)
  promise.catch(() => {})
  return {
    promise,
    stop: () => {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}

function withReject(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<never>((_, rejectPromise) => {
    reject = rejectPromise
  })
  return { promise, reject }
}

async function searchOverHttp(url: string, options: DemoOptions): Promise<Outcome> {
  const api = new ApiClient(url)
  let started = Date.now()
  const study = await api.createStudy({
    name: 'demo (synthetic)',
    problem: DEMO_PROBLEM,
    method: 'mixing-laws',
    // Without the pull to the natural mixture the true optimum is what is to be found.
    params: { kl: 0 },
  })
  step(
    options,
    `POST /v1/studies: ${DEMO_DOMAINS.length} domains, repetition at most 4 times`,
    started,
  )
  started = Date.now()
  await api.importRuns(study, { runs: drawRuns(TRAINING_RUNS, 'run', options.seed) })
  const heldOut = drawRuns(HELD_OUT_RUNS, 'held-out', options.seed)
  await api.importRuns(study, { role: 'holdout', name: 'held-out', runs: heldOut })
  step(
    options,
    `POST …/imports: ${TRAINING_RUNS} runs to learn from, ${HELD_OUT_RUNS} held out`,
    started,
  )
  started = Date.now()
  const job = await api.requestFit(study)
  const progress = progressView({ json: Boolean(options.json) })
  try {
    await api.follow(job, progress.show)
  } finally {
    progress.stop()
  }
  step(options, 'POST …/fits, GET /v1/jobs/… until it succeeded', started)
  return { study, recommendation: await api.recommendation(study) }
}

function say({ json }: DemoOptions, text: string): void {
  if (!json) process.stdout.write(`${text}\n`)
}

function step(options: DemoOptions, text: string, started: number): void {
  const colours = coloursFor(process.stdout)
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  say(options, `${colours.green('✓')} ${text} ${colours.dim(`(${seconds} s)`)}`)
}

/** True mean losses, which only a synthetic study can tell. */
function truth(recommendation: Recommendation) {
  const optimum = trueOptimum()
  const natural = recommendation.baselines.find(({ name }) => name === 'natural')?.weights
  return {
    optimum,
    natural,
    trueObjective: {
      optimum: trueObjective(optimum),
      recommended: trueObjective(recommendation.weights),
      ...(natural && { natural: trueObjective(natural) }),
    },
  }
}

function jsonReport({ recommendation }: Outcome): string {
  return `${JSON.stringify({ synthetic: true, recommendation, truth: truth(recommendation) }, null, 2)}\n`
}

function textReport(recommendation: Recommendation): string {
  const colours = coloursFor(process.stdout)
  const { optimum, natural, trueObjective: losses } = truth(recommendation)
  const columns = [
    { title: 'domain' },
    { title: 'true optimum', align: 'right' as const },
    { title: '' },
    { title: 'recommended', align: 'right' as const },
    { title: '' },
    { title: 'natural', align: 'right' as const },
  ]
  const rows = DEMO_DOMAINS.map((domain) => [
    domain,
    shareText(optimum[domain]),
    colours.dim(bar(optimum[domain], BAR_WIDTH)),
    colours.bold(shareText(recommendation.weights[domain])),
    colours.cyan(bar(recommendation.weights[domain], BAR_WIDTH)),
    natural ? shareText(natural[domain]) : '',
  ])
  rows.push([
    colours.dim('true mean loss'),
    losses.optimum.toFixed(4),
    '',
    colours.bold(losses.recommended.toFixed(4)),
    '',
    losses.natural?.toFixed(4) ?? '',
  ])
  const title = 'The truth, which only a synthetic table can tell'
  return (
    recommendationText(recommendation, completeProblem(DEMO_PROBLEM), process.stdout) +
    `\n${colours.bold(title)}\n${table(columns, rows, colours)}\n`
  )
}

function leaveUp(url: string, study: string, close: () => Promise<void>): void {
  closeWithGrace(async () => close())
  process.stderr.write(
    `The service stays up: ${url}/docs, the study is ${url}${study}. Ctrl-C stops it.\n`,
  )
}
