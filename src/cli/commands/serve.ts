import { isIP } from 'node:net'
import closeWithGrace from 'close-with-grace'
import { Command } from 'commander'
import { type Config, readConfig } from '../config.js'
import { nonEmpty, portNumber, positiveInteger } from '../options.js'
import { coloursFor } from '../terminal/colours.js'

/** Longer than anything that closing waits for: answers under way, fits that are put back, the database. */
const CLOSE_LIMIT_MS = 40_000

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
  MIXWRIGHT_LOG_LEVEL (debug, info, warn, error, silent; logs are JSON lines on standard error),
  DATABASE_URL (PostgreSQL instead of the embedded database), REDIS_URL (the queue on Redis)

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
  closeWithGrace({ delay: CLOSE_LIMIT_MS }, async ({ err }) => {
    if (err) process.stderr.write(`error: ${err.stack ?? err.message}\n`)
    await service.close()
  })
  const facts = {
    url: service.url,
    docs: `${service.url}/docs`,
    store: service.store,
    location: service.location,
    queue: service.queue,
    workers: config.workers,
    pid: process.pid,
  }
  process.stdout.write(options.json ? `${JSON.stringify(facts)}\n` : announcement(facts))
  warnIfOpen(config)
}

/** Without its database the service can answer nothing; whoever watches over it starts it again, as after a kill. */
function endAtOnce(error: Error): void {
  process.stderr.write(
    `error: ${error.message}\nfix: Start the service again; nothing acknowledged is lost.\n`,
  )
  process.exit(1)
}

function announcement(facts: {
  url: string
  docs: string
  store: string
  location: string
  queue: string
  workers: number
}): string {
  const colours = coloursFor(process.stdout)
  const workers = facts.workers === 1 ? '1 worker' : `${facts.workers} workers`
  return (
    `Mixwright is ready: ${colours.bold(facts.url)}  (try it: ${colours.bold(facts.docs)})\n` +
    `  data: ${facts.location} (${facts.store}), queue: ${facts.queue}, ${workers}; Ctrl-C stops it\n`
  )
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.')
  return host === '::1' || host === 'localhost'
}

/** The API has no keys: whoever reaches the port can do everything. */
function warnIfOpen({ host }: Config): void {
  if (isLoopback(host)) return
  process.stderr.write(
    `warning: the API listens on ${host} and asks for no key; let only people you trust reach the port\n`,
  )
}
