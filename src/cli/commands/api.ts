import { Command } from 'commander'
import { readConfig } from '../config.js'
import { nonEmpty, portNumber } from '../options.js'
import { announce, closeOnSignals } from '../serving.js'

interface ApiOptions {
  host?: string
  port?: number
  data?: string
  json?: boolean
}

const EXAMPLES = `
Examples:
  DATABASE_URL=postgresql://mixwright@db/mixwright REDIS_URL=redis://cache mixwright api --data /srv/mixwright
  DATABASE_URL=postgresql://mixwright@db/mixwright mixwright api --port 8081

Needs PostgreSQL (DATABASE_URL). The queue is on Redis (REDIS_URL), or on PostgreSQL without it. Any number of them may run beside
each other, with any number of \`mixwright worker\`, which do the work; all on the same servers, and with the same data folder
(uploads, corpora, checkpoints) on storage that they share.

Environment (options win): those of \`mixwright serve\`, among them MIXWRIGHT_HOST, MIXWRIGHT_PORT, MIXWRIGHT_DATA,
  MIXWRIGHT_SOURCES, MIXWRIGHT_QUOTA, MIXWRIGHT_EVENT_STREAMS, MIXWRIGHT_LOG_LEVEL; MIXWRIGHT_TRAINING_THREADS is the number of
  proxies that all workers can train at the same time

SIGTERM and SIGINT stop it cleanly: what was asked is answered.`

export function apiCommand(): Command {
  return new Command('api')
    .summary('start the API alone; workers are processes of their own')
    .description('Starts the API alone; `mixwright worker` does the work.')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)', nonEmpty)
    .option('--port <number>', 'port to listen on, 0 for a free one (default: 8080)', portNumber)
    .option('--data <folder>', 'the shared data folder (default: ~/.mixwright)', nonEmpty)
    .option('--json', 'print the addresses as one line of JSON')
    .addHelpText('after', EXAMPLES)
    .action(api)
}

async function api(options: ApiOptions): Promise<void> {
  const { host, port, data: dataFolder } = options
  const config = readConfig({ host, port, dataFolder })
  const { startApi } = await import('../compose.js')
  const service = await startApi(config)
  closeOnSignals(service)
  const { url, store, location, queue, isOpen } = service
  const facts = { url, docs: `${url}/docs`, store, location, queue, isOpen }
  announce(facts, { dataFolder: config.dataFolder }, 'no workers', options.json)
}
