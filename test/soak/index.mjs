// Many clients and proxies on one study while processes are killed at random; afterwards what was acknowledged is compared
// with what the database has. `npm run soak`, or this script under scripts/with-services.mjs.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { audit } from './audit.mjs'
import { ClientProcesses } from './client-processes.mjs'
import { Deployment } from './deployment.mjs'
import { disturb } from './disturbances.mjs'
import { closeStudy, openStudy, waitForEnd } from './study.mjs'

const HELP = `Usage: npm run soak -- [options]

One study on two API processes, two workers, PostgreSQL and Redis. External clients ask for trials, report on them, fail, fall silent,
send twice; proxies train beside them. Meanwhile API, worker, client processes and Redis are killed with SIGKILL at random; Redis
comes back with its append-only file, and once with nothing. Every client process keeps a ledger of what was acknowledged.

Exit code 1 when an acknowledged measurement is missing, a trial was completed twice, two clients held one trial at a time, the
service answered 500, or the study did not end.

Options:
  --minutes <n>     how long it is disturbed (default 4)
  --clients <n>     external clients (default 200)
  --processes <n>   that they run in (default 10)
  --proxies <n>     built-in proxies in training at a time (default 4)
  --seed <n>        of clients and disturbances (default 1)
  --kill-seconds <n>  mean time between two kills (default 6)
  --pause <n>       mean pause of a client between two reports, in seconds (default 1.5)
  --settle <n>      minutes that the study may take to end afterwards (default 5)
  --keep            keep the folder with the ledgers
  --json            print one JSON object
  --help            print this
`

const DEFAULTS = {
  minutes: 4,
  clients: 200,
  processes: 10,
  proxies: 4,
  seed: 1,
  'kill-seconds': 6,
  pause: 1.5,
  settle: 5,
}

function readOptions() {
  const numbers = Object.entries(DEFAULTS).map(([name, value]) => [
    name,
    { type: 'string', default: String(value) },
  ])
  const flag = { type: 'boolean', default: false }
  const { values } = parseArgs({
    options: { ...Object.fromEntries(numbers), keep: flag, json: flag, help: flag },
  })
  const read = Object.keys(DEFAULTS).map((name) => {
    const value = Number(values[name])
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0`)
    return [name, value]
  })
  return { ...values, ...Object.fromEntries(read) }
}

async function soak(options, folder) {
  const deployment = await Deployment.open(folder, options)
  const progress = (text) => console.error(`${new Date().toISOString()} ${text}`)
  let clients
  try {
    const study = await openStudy(deployment, options)
    progress(`study ${study.id}; ${options.clients} clients in ${options.processes} processes`)
    clients = new ClientProcesses(folder, deployment.apiUrls, study.id, options)
    clients.start()
    const disturbed = performance.now()
    const kills = await disturb({ deployment, clients, study, options, progress })
    const seconds = (performance.now() - disturbed) / 1000
    progress('no more kills; the study may end')
    await deployment.restoreAll()
    await closeStudy(deployment, study)
    const begun = performance.now()
    const ended = await waitForEnd({ deployment, clients, study, options, progress })
    const settleSeconds = (performance.now() - begun) / 1000
    const findings = await audit(deployment.databaseUrl, study.id, clients.ledgers())
    const violations = [...findings.violations, ...ended.violations]
    return {
      seconds,
      settleSeconds,
      kills,
      ...findings.figures,
      searches: study.searches,
      violations,
    }
  } finally {
    await clients?.kill()
    await deployment.close()
  }
}

function print(report) {
  const { kills, refusals, violations, ...figures } = report
  const table = new Table()
  const rows = [
    ...Object.entries(figures),
    ...Object.entries(kills).map(([k, n]) => [`kills: ${k}`, n]),
  ]
  const shown = (value) => (Number.isInteger(value) ? value : Number(value).toFixed(1))
  for (const [name, value] of rows) table.push([name, shown(value)])
  for (const [code, count] of Object.entries(refusals)) table.push([`refused: ${code}`, count])
  table.push(['violations', violations.length])
  console.log(table.toString())
  for (const violation of violations.slice(0, 20)) console.log(violation)
}

async function main() {
  const options = readOptions()
  if (options.help) return console.log(HELP)
  const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-soak-'))
  mkdirSync(path.join(folder, 'ledgers'))
  try {
    const { minutes, clients, proxies, seed } = options
    const report = { minutes, clients, proxies, seed, ...(await soak(options, folder)) }
    if (options.json) console.log(JSON.stringify(report, null, 2))
    else print(report)
    if (report.violations.length > 0) process.exitCode = 1
  } finally {
    if (options.keep) console.error(`ledgers: ${path.join(folder, 'ledgers')}`)
    else rmSync(folder, { recursive: true, force: true })
  }
}

await main()
