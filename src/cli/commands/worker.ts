import { Command } from 'commander'
import { readConfig } from '../config.js'
import { nonEmpty, portNumber, positiveInteger } from '../options.js'
import { announce, closeOnSignals, countOf } from '../serving.js'

interface WorkerOptions {
  host?: string
  port?: number
  data?: string
  workers?: number
  trainings?: number
  json?: boolean
}

const EXAMPLES = `
Examples:
  DATABASE_URL=postgresql://mixwright@db/mixwright REDIS_URL=redis://cache mixwright worker --data /srv/mixwright
  DATABASE_URL=postgresql://mixwright@db/mixwright mixwright worker --trainings 8 --port 9090

Needs PostgreSQL (DATABASE_URL). The queue is on Redis (REDIS_URL), or on PostgreSQL without it. Any number of them may run, on any
number of machines; all on the same servers, and with the same data folder (uploads, corpora, checkpoints) on storage that
they share. With --port it answers GET /livez, /readyz and /metrics, and nothing else; it asks for no key there.

Environment (options win): those of \`mixwright serve\`, among them MIXWRIGHT_HOST, MIXWRIGHT_DATA, MIXWRIGHT_WORKERS,
  MIXWRIGHT_TRAINING_THREADS, MIXWRIGHT_DEVICE, MIXWRIGHT_SOURCES, MIXWRIGHT_QUOTA, MIXWRIGHT_CHECKPOINT_SECONDS,
  MIXWRIGHT_LOG_LEVEL; and MIXWRIGHT_WORKER_PORT (default: it does not listen)

SIGTERM and SIGINT stop it cleanly: what is at work is put back and goes on at another worker.`

export function workerCommand(): Command {
  return new Command('worker')
    .summary('start workers alone: fits, ingestions and trainings')
    .description(
      'Starts workers alone: they do the fits, ingestions and trainings that the API is asked for.',
    )
    .option(
      '--port <number>',
      'port for health and metrics, 0 for a free one (default: none)',
      portNumber,
    )
    .option('--host <address>', 'address of that port (default: 127.0.0.1)', nonEmpty)
    .option('--data <folder>', 'the shared data folder (default: ~/.mixwright)', nonEmpty)
    .option('--workers <n>', 'fits at work at the same time (default: cores − 1)', positiveInteger)
    .option(
      '--trainings <n>',
      'proxies in training at the same time (default: cores)',
      positiveInteger,
    )
    .option('--json', 'print what it is as one line of JSON')
    .addHelpText('after', EXAMPLES)
    .action(worker)
}

async function worker(options: WorkerOptions): Promise<void> {
  const { host, port: workerPort, data: dataFolder, workers, trainings: trainingThreads } = options
  const config = readConfig({ host, workerPort, dataFolder, workers, trainingThreads })
  const { startWorker } = await import('../compose.js')
  const running = await startWorker(config)
  closeOnSignals(running)
  const { url, store, location, queue, name } = running
  const concurrency = { workers: config.workers, trainingThreads: config.trainingThreads }
  const phrase = `${countOf(config.workers, 'worker')}, ${countOf(config.trainingThreads, 'training')} at a time`
  const rest = { name, dataFolder: config.dataFolder, ...concurrency }
  announce({ url, location, store, queue }, rest, phrase, options.json)
}
