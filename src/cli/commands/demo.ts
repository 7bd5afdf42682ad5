import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import closeWithGrace from 'close-with-grace'
import { Command } from 'commander'
import type { CompleteProblem } from '../../optimizers/problem.js'
import type { Recommendation } from '../../optimizers/recommendation.js'
import { ApiClient, failureOf, type Search, watchSearch } from '../client/index.js'
import { type ComparisonOutcome, comparisonOutcome } from '../comparison/outcome.js'
import { outcomeText } from '../comparison/text.js'
import type { RunningService } from '../compose.js'
import { readConfig } from '../config.js'
import { ingestDemoCorpus } from '../demo/corpus.js'
import { sharesText } from '../demo/shares.js'
import {
  DEFAULT_BUDGET,
  type DemoBudget,
  demoStudy,
  PROOF_SEEDS,
  TARGET_DOMAINS,
} from '../demo/study.js'
import { untilInterrupted } from '../interruption.js'
import { positiveInteger, seedNumber } from '../options.js'
import { coloursFor } from '../terminal/colours.js'
import { gather } from '../terminal/lists.js'
import { manifestTable } from '../terminal/manifest.js'
import { progressView } from '../terminal/progress.js'
import { createTrialDisplay } from '../terminal/trial-display.js'

interface DemoOptions extends DemoBudget {
  keep?: boolean
  seed: number
  json?: boolean
}

const EXAMPLES = `
What it does: starts the service with a temporary data folder and makes a corpus of text that installed packages carry:
press, learned prose and fiction of the Brown corpus, documentation, and JavaScript. It trains small proxy models on
different mixtures, fits a mixing law to their losses and recommends a mixture for a model that is to be good at
${TARGET_DOMAINS.join(' and ')}. Then it trains new models on the recommended, the uniform and the natural mixture,
to see what the recommendation is worth.

Examples:
  mixwright demo
  mixwright demo --keep     leaves the service up, to look around at /docs
  mixwright demo --seed 2 --json`

export function demoCommand(): Command {
  const { trials, trialTokens, proofTokens } = DEFAULT_BUDGET
  return new Command('demo')
    .summary('search a mixture of real text with proxy models, in under four minutes')
    .description('Shows the whole path on real text: corpus, proxy models, recommendation, proof.')
    .option('--keep', 'leave the service up afterwards')
    .option('--seed <n>', 'seed of the search', seedNumber, 42)
    .option('--trials <n>', 'proxy models to train', positiveInteger, trials)
    .option('--trial-tokens <n>', 'tokens each is trained on', positiveInteger, trialTokens)
    .option('--proof-tokens <n>', 'tokens of each model of the proof', positiveInteger, proofTokens)
    .option('--json', 'print the recommendation and the proof as JSON')
    .addHelpText('after', EXAMPLES)
    .action(demo)
}

interface Outcome {
  study: string
  recommendation: Recommendation
  proof: ComparisonOutcome
}

async function demo(options: DemoOptions): Promise<void> {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'mixwright-demo-'))
  let service: RunningService | undefined
  const close = async () => {
    await service?.close()
    await rm(dataFolder, { recursive: true, force: true })
  }
  try {
    const started = Date.now()
    const { startService } = await import('../compose.js')
    const config = readConfig({ host: '127.0.0.1', port: 0, dataFolder })
    // Always the embedded form: the demo leaves nothing behind on anybody's servers.
    service = await startService({ ...config, databaseUrl: undefined, redisUrl: undefined })
    const { url } = service
    say(options, INTRODUCTION)
    step(options, `service ready at ${url}, new data folder`, started)
    const outcome = await untilInterrupted((signal) =>
      untilAborted(signal, show(url, dataFolder, options, signal)),
    )
    if (options.json) process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`)
    if (options.keep) return leaveUp(url, outcome.study, close)
    await close()
  } catch (error) {
    await close()
    throw error
  }
}

const INTRODUCTION = `Real text in five domains. Which mixture of it is best for a small model that is to be good at ${TARGET_DOMAINS.join(' and ')}?
`

/** Rejects as soon as the signal aborts, whatever the work is waiting for. */
function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([work, aborted])
}

async function show(
  url: string,
  folder: string,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const api = new ApiClient(new URL(url))
  const colours = coloursFor(process.stdout)
  const corpus = await makeCorpus(api, folder, options)
  const { id: study, problem } = await api.createStudy(demoStudy(corpus, options.seed, options))
  const { trials, trialTokens, proofTokens } = options

  let started = Date.now()
  const search = await api.startSearch(study, { fidelity: 'search', trials })
  await finish(api, search, options, signal)
  const size = `${(trialTokens / 1e6).toFixed(2)} M tokens each`
  step(options, `POST …/searches: ${search.trials} proxies of ${size}, then the fit`, started)
  const recommendation = await api.recommendation(study)
  say(options, `\n${sharesText(recommendation, colours)}\n`)
  say(options, `${recommendation.verdict.reason}\n`)

  started = Date.now()
  const comparison = await api.compare(study, {
    fidelity: 'proof',
    replicates: PROOF_SEEDS,
    mixtures: rivals(recommendation),
  })
  await finish(api, comparison, options, signal)
  const what = `${comparison.trials} new models of ${(proofTokens / 1e6).toFixed(2)} M tokens`
  step(options, `POST …/comparisons: ${what}`, started)
  const proof = comparisonOutcome(
    problem as CompleteProblem,
    await gather(api.trials(study, { searchId: comparison.id, state: 'completed' })),
  )
  say(options, `\n${outcomeText(proof, colours)}`)
  return { study, recommendation, proof }
}

async function makeCorpus(api: ApiClient, folder: string, options: DemoOptions): Promise<string> {
  const started = Date.now()
  const progress = progressView({ json: Boolean(options.json) })
  try {
    const { corpusId, manifest } = await ingestDemoCorpus(api, folder, progress.show)
    progress.stop()
    step(options, 'POST /v1/corpora, …/sources, …/ingestions: text becomes tokens', started)
    if (manifest) say(options, `\n${manifestTable(manifest, coloursFor(process.stdout))}\n`)
    return corpusId
  } finally {
    progress.stop()
  }
}

function rivals({ weights, baselines }: Recommendation) {
  const natural = baselines.find(({ name }) => name === 'natural')
  const names = Object.keys(weights)
  const uniform = Object.fromEntries(names.map((name) => [name, 1 / names.length]))
  return { recommended: weights, uniform, ...(natural && { natural: natural.weights }) }
}

/** Watches a search to its end. @throws MixwrightError what it failed of */
async function finish(
  api: ApiClient,
  search: Search,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<void> {
  const isSeen = !options.json || process.stderr.isTTY
  const display = isSeen
    ? createTrialDisplay(process.stderr, { total: search.trials, fidelities: search.fidelities })
    : undefined
  try {
    const ended = await watchSearch(api, search, signal, {
      onEvent: (event) => display?.handle(event),
    })
    signal.throwIfAborted()
    if (ended.state !== 'finished') throw failureOf(ended.problem)
  } finally {
    display?.close()
  }
}

function say({ json }: DemoOptions, text: string): void {
  if (!json) process.stdout.write(`${text}\n`)
}

function step(options: DemoOptions, text: string, started: number): void {
  const colours = coloursFor(process.stdout)
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  say(options, `${colours.green('✓')} ${text} ${colours.dim(`(${seconds} s)`)}`)
}

function leaveUp(url: string, study: string, close: () => Promise<void>): void {
  closeWithGrace(async () => close())
  process.stderr.write(
    `The service stays up: ${url}/docs, the study is ${url}/v1/studies/${study}. Ctrl-C stops it.\n`,
  )
}
