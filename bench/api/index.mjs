// How fast the API answers, beside a bare Fastify route on the same database in the same run; and while two proxies train.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { courses, measurements, newStudy, reads, suggestions } from './loads.mjs'
import { call, startBare, startMixwright } from './processes.mjs'
import { startTraining } from './training.mjs'

const HELP = `Usage: npm run bench:api -- [options]

Asks as many clients as are given at a time for as long as is given, with autocannon: reads of a study and of a trial (every
client has its own), suggestions (every one makes a trial), measurements (every client on a trial of its own), and courses (a client gets a trial,
reports on it, completes it). Processor time is that of the process that answers, in microseconds a request: other work on the
machine does not lengthen it. Peer of the reads: a bare Fastify route in a process of its own that does one SELECT by primary key
through the same driver, before and after; the ratio is to the mean of both.

Forms: embedded (\`mixwright serve\`), and servers (\`mixwright api\` and \`mixwright worker\` on a private PostgreSQL, without
fsync, and a private Redis; left out where these are not installed).

Options:
  --form <name>     embedded or servers (default: both)
  --clients <n>     at a time (default 50)
  --seconds <n>     of each load (default 8)
  --idle            only without trainings
  --json            print one JSON object
  --help            print this
`

const SCRIPT = fileURLToPath(import.meta.url)
const WITH_SERVICES = fileURLToPath(new URL('../../scripts/with-services.mjs', import.meta.url))
const FORMS = ['embedded', 'servers']

function readOptions() {
  const { values } = parseArgs({
    options: {
      form: { type: 'string', multiple: true, default: FORMS },
      clients: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '8' },
      idle: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = values.form.find((name) => !FORMS.includes(name))
  if (unknown !== undefined) throw new Error(`there is no form "${unknown}"`)
  const seconds = Number(values.seconds)
  const setting = { clients: Number(values.clients), seconds, warmUp: Math.max(1, seconds / 4) }
  return { ...values, setting }
}

/** A process of the service, or several, with what they were told of servers. */
async function openService(form, folder) {
  const data = path.join(folder, 'data')
  const training = { MIXWRIGHT_TRAINING_THREADS: '2' }
  const common = ['--port', '0', '--data', data]
  if (form === 'embedded') {
    const service = await startMixwright(['serve', ...common, '--workers', '1'], training)
    const { url, pid } = service
    return { url, pid, stop: () => service.stop(), bareFolder: data, env: {} }
  }
  const { DATABASE_URL, REDIS_URL } = process.env
  const env = { DATABASE_URL, REDIS_URL, ...training }
  const api = await startMixwright(['api', ...common], env)
  const worker = await startMixwright(['worker', '--data', data, '--workers', '1'], env)
  const stop = async () => {
    await worker.stop()
    await api.stop()
  }
  return { url: api.url, pid: api.pid, stop, bareFolder: undefined, env }
}

async function measureBare({ bareFolder, env }, studies, setting) {
  const bare = await startBare(bareFolder, env)
  const addresses = studies.map((study) => `${bare.url}/studies/${study.split('/').at(-1)}`)
  const result = await reads(addresses, { ...setting, pid: bare.pid })
  await bare.stop()
  return result
}

async function measureService(url, studies, setting) {
  const addresses = []
  for (const study of studies) {
    const { trials } = await call(`${study}/suggestions`, { client: 'reader' })
    addresses.push(`${study}/trials/${trials[0].id}`)
  }
  return {
    'GET study': await reads(studies, setting),
    'GET trial': await reads(addresses, setting),
    suggestions: await suggestions(await newStudy(url, 'suggestions'), setting),
    measurements: await measurements(await newStudy(url, 'measurements'), setting),
    courses: await courses(await newStudy(url, 'courses'), setting),
  }
}

/** A process of its own that trains beside the bare route, as the service's workers do beside the API. */
async function withTrainingBeside(folder, work) {
  const env = { MIXWRIGHT_TRAINING_THREADS: '2' }
  const args = ['serve', '--port', '0', '--data', path.join(folder, 'beside'), '--workers', '1']
  const service = await startMixwright(args, env)
  const stopTraining = await startTraining(service.url)
  const result = await work()
  await stopTraining()
  await service.stop()
  return result
}

/** Bare, ours, bare. */
async function measureRound(form, folder, setting, isTraining) {
  const first = await openService(form, folder)
  const studies = []
  for (let i = 0; i < setting.clients; i++) studies.push(await newStudy(first.url, `read ${i}`))
  await first.stop()
  const bare = () =>
    isTraining
      ? withTrainingBeside(folder, () => measureBare(first, studies, setting))
      : measureBare(first, studies, setting)
  const before = await bare()
  const service = await openService(form, folder)
  const own = studies.map((study) => study.replace(first.url, service.url))
  const stopTraining = isTraining ? await startTraining(service.url) : async () => {}
  const results = await measureService(service.url, own, { ...setting, pid: service.pid })
  await stopTraining()
  await service.stop()
  const after = await bare()
  return { bare: { before, after }, ...results }
}

async function measureForm(form, { setting, idle }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-bench-api-'))
  try {
    const report = { idle: await measureRound(form, folder, setting, false) }
    if (!idle) report.training = await measureRound(form, folder, setting, true)
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The servers are started by a process that stops them again, whatever becomes of the benchmark. */
function measureOnServers({ setting, idle }) {
  const args = ['--form', 'servers', '--json', '--clients', setting.clients]
  args.push('--seconds', setting.seconds, ...(idle ? ['--idle'] : []))
  const command = [WITH_SERVICES, process.execPath, SCRIPT, ...args.map(String)]
  const stdio = ['ignore', 'pipe', 'inherit']
  const { status, stdout } = spawnSync(process.execPath, command, { stdio, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the benchmark on servers ended with ${status}`)
  return JSON.parse(stdout).forms.servers
}

function areServersInstalled() {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  const has = (program) => folders.some((folder) => existsSync(path.join(folder, program)))
  const debian = '/usr/lib/postgresql'
  return (
    has('redis-server') &&
    (has('postgres') || (existsSync(debian) && readdirSync(debian).length > 0))
  )
}

const whole = (value) => Math.round(value).toLocaleString('en')
const millis = (value) => `${value.toLocaleString('en')} ms`

function printRound(title, { bare, ...results }) {
  const peer = (bare.before.perSecond + bare.after.perSecond) / 2
  const peerCost = (bare.before.cpuMicros + bare.after.cpuMicros) / 2
  const head = [
    title,
    'per second',
    'of bare',
    'CPU µs',
    'of bare, by CPU',
    '50 %',
    '99 %',
    'longest',
  ]
  const table = new Table({ head })
  const percent = (ratio) => (Number.isFinite(ratio) ? `${Math.round(100 * ratio)} %` : '')
  const row = (name, { perSecond, cpuMicros, p50, p99, max }, isPeer = false) => {
    const ratios = isPeer ? ['', ''] : [percent(perSecond / peer), percent(peerCost / cpuMicros)]
    const cost = cpuMicros === undefined ? '' : whole(cpuMicros)
    const times = [p50, p99, max].map(millis)
    table.push([name, whole(perSecond), ratios[0], cost, ratios[1], ...times])
  }
  row('bare route, before', bare.before, true)
  for (const [name, result] of Object.entries(results)) row(name, result)
  row('bare route, after', bare.after, true)
  console.log(table.toString())
}

async function main() {
  const options = readOptions()
  if (options.help) return console.log(HELP)
  const report = {
    node: process.version,
    cores: availableParallelism(),
    ...options.setting,
    forms: {},
  }
  for (const form of options.form) {
    const isInside = Boolean(process.env.DATABASE_URL && process.env.REDIS_URL)
    if (form === 'embedded' || isInside) report.forms[form] = await measureForm(form, options)
    else if (areServersInstalled()) report.forms[form] = measureOnServers(options)
    else console.error('left out: PostgreSQL and Redis are not installed here')
  }
  if (options.json) return console.log(JSON.stringify(report, null, 2))
  const { clients, seconds } = options.setting
  console.log(
    `Node ${report.node}, ${report.cores} cores, ${clients} clients, ${seconds} s each; the load comes from the same machine`,
  )
  for (const [form, rounds] of Object.entries(report.forms)) {
    printRound(form, rounds.idle)
    if (rounds.training) printRound(`${form}, while two proxies train`, rounds.training)
  }
}

await main()
