/**
 * A trainer that works for a Mixwright study: asks for mixtures, trains on them, reports, until none are left.
 *
 *     npm run build && npm start -- --study <id> --client node-8
 *
 * Put your own training in the place of `train`; all the rest is in client.ts.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { TrainerClient, type Trial } from './client.js'
import { Language, trainToy } from './toy-model.js'

const MEASUREMENTS = 4
const DEFAULT_TOKENS = 20_000
const INTERRUPTED = 130

interface Plan {
  languages: ReadonlyMap<string, Language>
  metrics: ReadonlySet<string>
  fidelity: string
  /** To train on. */
  tokens: number
  /** Before each measurement. */
  pauseSeconds: number
}

async function train(trial: Trial, plan: Plan, signal: AbortSignal): Promise<void> {
  const { languages, metrics, tokens } = plan
  const { weights, seed } = trial
  const shown = Object.entries(weights).map(([name, weight]) => `${name} ${weight.toFixed(3)}`)
  console.log(`${trial.id}: training on ${shown.join(', ')}`)
  const steps = trainToy(languages, weights, { seed, tokens, measurements: MEASUREMENTS })
  for (const { trained, losses } of steps) {
    // Heartbeats and Ctrl-C need a moment in which nothing is computed: long work belongs in a worker thread.
    await delay(1000 * plan.pauseSeconds, undefined, { signal })
    const known = [...losses].filter(([name]) => metrics.has(metricOf(name)))
    const goOn = await trial.measure(
      trained,
      Object.fromEntries(known.map(([name, { mean }]) => [metricOf(name), mean])),
      Object.fromEntries(known.map(([name, loss]) => [metricOf(name), loss.standardError])),
    )
    if (!goOn) {
      console.log(`${trial.id}: stopped after ${trained} tokens: ${trial.stopReason}`)
      return
    }
  }
  console.log(`${trial.id}: trained on ${tokens} tokens`)
}

const metricOf = (domain: string) => `loss/${domain}`

/** What the study wants of its trainers. */
async function planOf(client: TrainerClient, { study, fidelity, pause }: Options): Promise<Plan> {
  const { problem } = await client.study(study)
  const domains = problem.domains.map(({ name }) => name)
  const metrics = problem.metrics.map(({ name }) => name)
  const unknown = metrics.filter((metric) => !domains.some((name) => metricOf(name) === metric))
  if (unknown.length > 0) {
    throw new Error(`this trainer measures loss/<domain>, not ${unknown.join(', ')}`)
  }
  const chosen = (problem.fidelities ?? []).find(
    ({ name, evaluator }) => evaluator === 'external' && (fidelity ?? name) === name,
  )
  if (!chosen) throw new Error('the study has no such fidelity with the evaluator external')
  return {
    languages: new Map(domains.map((name) => [name, new Language(name)])),
    metrics: new Set(metrics),
    fidelity: chosen.name,
    tokens: chosen.tokens ?? DEFAULT_TOKENS,
    pauseSeconds: Number(pause),
  }
}

interface Options {
  study: string
  client: string
  url?: string
  fidelity?: string
  /** Seconds before each measurement, to watch it. */
  pause: string
  /** Seconds between two questions while others have all trials that are left. Default: what the service says. */
  idle?: string
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      study: { type: 'string' },
      client: { type: 'string' },
      url: { type: 'string' },
      fidelity: { type: 'string' },
      pause: { type: 'string', default: '0' },
      idle: { type: 'string' },
    },
  })
  const { study, client, ...rest } = values
  if (study === undefined || client === undefined) throw new Error('give --study and --client')
  return { study, client, ...rest }
}

const interruption = new AbortController()
// What ends jobs on a cluster is treated like Ctrl-C.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort())

try {
  const options = readOptions()
  const { signal } = interruption
  const client = new TrainerClient({ name: options.client, url: options.url, signal })
  const plan = await planOf(client, options)
  await client.work(options.study, (trial) => train(trial, plan, signal), {
    fidelity: plan.fidelity,
    idleSeconds: options.idle === undefined ? undefined : Number(options.idle),
  })
  console.log('The study has no trials left.')
} catch (error) {
  if (!interruption.signal.aborted) console.error(`error: ${(error as Error).message}`)
  process.exitCode = interruption.signal.aborted ? INTERRUPTED : 1
}
