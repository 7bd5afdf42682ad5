import { Command } from 'commander'
import { readConfig } from '../config.js'
import { nonEmpty, portNumber, positiveInteger } from '../options.js'
import { announce, closeOnSignals, countOf, endAtOnce } from '../serving.js'

interface ServeOptions {
  host?: string
  port?: number
  data?: string
  workers?: number
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright serve
  mixwright serve --port 0 --data ./mixwright-data --workers 4
  DATABASE_URL=postgresql://mixwright@db/mixwright REDIS_URL=redis://cache mixwright serve

Environment (options win): MIXWRIGHT_HOST, MIXWRIGHT_PORT, MIXWRIGHT_DATA, MIXWRIGHT_WORKERS,
  MIXWRIGHT_TRAINING_THREADS (proxies in training at the same time; default: the number of cores),
  MIXWRIGHT_DEVICE (what proxies are trained on: cpu, webgpu, cuda; default: cpu),
  MIXWRIGHT_SOURCES (folders that corpora may be read from by path, separated as in PATH; default: none),
  MIXWRIGHT_QUOTA (the most that uploads, corpora and checkpoints may take, such as 50GB; default: any),
  MIXWRIGHT_CHECKPOINT_SECONDS (between two checkpoints of a proxy; default: 15),
  MIXWRIGHT_CHECKPOINT_DAYS, MIXWRIGHT_JOB_DAYS, MIXWRIGHT_EVENT_DAYS (how long checkpoints of trials that did
  not complete, ended jobs and events are kept; default: 1, 30, 30),
  MIXWRIGHT_EVENT_STREAMS (event streams that are open at a time; default: 2000),
  MIXWRIGHT_RATE_LIMIT (requests that each key has a minute, 0 for any number; default: 60000),
  MIXWRIGHT_CORS_ORIGINS (origins whose pages may ask, with commas; default: none),
  MIXWRIGHT_TRUST_PROXY (addresses and ranges of proxies whose X-Forwarded-For is believed, with commas; default: none),
  MIXWRIGHT_LOG_LEVEL (debug, info, warn, error, silent; logs are JSON lines on standard error),
  DATABASE_URL (PostgreSQL instead of the embedded database), REDIS_URL (the queue on Redis)

On 127.0.0.1 it is open to everybody on this machine as long as there is no key; on other addresses it starts only with one
(mixwright keys create).

SIGTERM and SIGINT stop it cleanly: what is at work is put back and goes on after the next start.`

export function serveCommand(): Command {
  return new Command('serve')
    .summary('start the service: API and workers in one process')
    .description('Starts the service: API and workers in one process.')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)', nonEmpty)
    .option('--port <number>', 'port to listen on, 0 for a free one (default: 8080)', portNumber)
    .option('--data <folder>', 'folder of the embedded database (default: ~/.mixwright)', nonEmpty)
    .option('--workers <n>', 'fits at work at the same time (default: cores − 1)', positiveInteger)
    .option('--json', 'print the addresses as one line of JSON')
    .addHelpText('after', EXAMPLES)
    .action(serve)
}

async function serve(options: ServeOptions): Promise<void> {
  const { host, port, data: dataFolder, workers } = options
  const config = readConfig({ host, port, dataFolder, workers })
  const { startService } = await import('../compose.js')
  const service = await startService(config, endAtOnce)
  closeOnSignals(service)
  const { url, store, location, queue, isOpen } = service
  const facts = { url, docs: `${url}/docs`, store, location, queue, isOpen }
  announce(facts, { workers: config.workers }, countOf(config.workers, 'worker'), options.json)
}
