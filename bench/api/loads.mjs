// What is asked of the service, by how many at a time, and how fast the answers are.
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'
import { call } from './processes.mjs'

export const PROBLEM = {
  domains: [
    { name: 'web', tokens: 4e9 },
    { name: 'code', tokens: 1e9 },
    { name: 'wiki', tokens: 1e8 },
    { name: 'books', tokens: 5e8 },
    { name: 'papers', tokens: 3e8 },
  ],
  metrics: [{ name: 'val_loss' }, { name: 'accuracy', direction: 'maximize' }],
  fidelities: [{ name: 'small', evaluator: 'external', cost: 1 }],
}

/** Requests that one load may make, so that it ends in any case. */
const MOST_REQUESTS = 100_000

const JSON_BODY = { 'content-type': 'application/json' }

export async function newStudy(url, name) {
  const { id } = await call(`${url}/v1/studies`, {
    name,
    problem: PROBLEM,
    trialPolicy: { leaseSeconds: 86_400 },
  })
  return `${url}/v1/studies/${id}`
}

/** Of all threads of a process, in seconds; what other processes do does not lengthen it. Undefined without /proc. */
function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return undefined
  }
}

/**
 * Requests per second, how long they took (ms), and what they cost the process that answers (processor time, µs each). Throws
 * when one was refused.
 */
async function cannon(options, { seconds, clients, pid }) {
  const before = cpuSeconds(pid)
  const begun = performance.now()
  const load = autocannon({
    connections: clients,
    duration: seconds,
    maxOverallRequests: MOST_REQUESTS,
    timeout: 60,
    ...options,
  })
  // Autocannon's own duration is in whole seconds: too coarse for a load that ends by its number of requests.
  let ended = begun
  load.on('response', () => {
    ended = performance.now()
  })
  const result = await load
  const refused = result.non2xx + result.errors + result.timeouts
  if (refused > 0) {
    throw new Error(`${options.title ?? options.url}: ${refused} requests were refused or failed`)
  }
  const { p50, p99, max } = result.latency
  return {
    perSecond: result.requests.total / ((ended - begun) / 1000),
    p50,
    p99,
    max,
    requests: result.requests.total,
    cpuMicros: before && (1e6 * (cpuSeconds(pid) - before)) / result.requests.total,
  }
}

/** The addresses in turn: as many as clients, so that mostly different ones are read at a time. */
export async function reads(urls, setting) {
  const paths = urls.map((url) => new URL(url).pathname)
  let next = 0
  const request = {
    method: 'GET',
    setupRequest: (given) => ({ ...given, path: paths[next++ % paths.length] }),
  }
  const load = { url: urls[0], requests: [request], title: 'reads' }
  await cannon(load, { ...setting, seconds: setting.warmUp })
  return cannon(load, setting)
}

/** Every request by another client, so that each makes a trial. */
export async function suggestions(study, setting) {
  let clients = 0
  const request = {
    method: 'POST',
    headers: JSON_BODY,
    setupRequest: (given) => ({
      ...given,
      body: JSON.stringify({ client: `load-${clients++}` }),
    }),
  }
  const load = { url: `${study}/suggestions`, requests: [request], title: 'suggestions' }
  await cannon(load, { ...setting, seconds: setting.warmUp })
  return cannon(load, setting)
}

/** Every client reports on a trial of its own, at more and more tokens. */
export async function measurements(study, setting) {
  const trials = await Promise.all(
    Array.from({ length: setting.clients }, async (_, i) => {
      const client = `teller-${i}`
      const { trials } = await call(`${study}/suggestions`, { client })
      return { client, id: trials[0].id, lease: trials[0].lease.id, tokens: 0 }
    }),
  )
  const free = [...trials]
  const request = {
    method: 'POST',
    headers: JSON_BODY,
    setupRequest(given, context) {
      // Those in flight when the warm-up ended may have been told; what comes now is further on.
      const trial = free.shift()
      context.trial = trial
      trial.tokens += 1e6
      const values = { val_loss: 3, accuracy: 0.4 }
      const { client, lease, tokens } = trial
      return {
        ...given,
        path: `${new URL(study).pathname}/trials/${trial.id}/measurements`,
        body: JSON.stringify({ client, lease, tokens, values }),
      }
    },
    onResponse: (_status, _body, { trial }) => free.push(trial),
  }
  const load = { url: study, requests: [request], title: 'measurements' }
  await cannon(load, { ...setting, seconds: setting.warmUp })
  free.splice(0, Number.POSITIVE_INFINITY, ...trials)
  return cannon(load, setting)
}

/** What clients do all day: get a trial, report on it, complete it. Times are of any of the three requests. */
export async function courses(study, setting) {
  let clients = 0
  const values = { val_loss: 3, accuracy: 0.4 }
  const path = (context, end) => `${new URL(study).pathname}/trials/${context.id}/${end}`
  const post = (body) => ({ method: 'POST', headers: JSON_BODY, body: JSON.stringify(body) })
  const told = (end, body) => ({
    setupRequest: (given, context) => ({
      ...given,
      ...post({ client: context.client, lease: context.lease, ...body }),
      path: path(context, end),
    }),
  })
  const requests = [
    {
      setupRequest(given, context) {
        context.client = `course-${clients++}`
        return {
          ...given,
          ...post({ client: context.client }),
          path: `${new URL(study).pathname}/suggestions`,
        }
      },
      onResponse(_status, body, context) {
        const [trial] = JSON.parse(body).trials
        context.id = trial.id
        context.lease = trial.lease.id
      },
    },
    told('measurements', { tokens: 1e9, values }),
    told('completion', { measurement: { tokens: 2e9, values } }),
  ]
  const load = { url: study, requests, title: 'courses' }
  await cannon(load, { ...setting, seconds: setting.warmUp })
  return cannon(load, setting)
}
