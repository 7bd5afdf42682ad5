// The one study that everybody works on: its opening, and its end.
import { setTimeout as delay } from 'node:timers/promises'
import { call } from '../../bench/api/processes.mjs'
import { createRng } from '../../dist/optimizers/random.js'

const DOMAINS = ['north', 'south', 'east']
/** Trained in some seconds; there are always more of them than are trained at a time. */
const PROXY = {
  model: { width: 16, layers: 1, heads: 2, context: 16 },
  tokens: 200_000,
  batchSize: 8,
  validationSequences: 8,
}
const LEASE_SECONDS = 6
const MOST_ATTEMPTS = 100

const JSON_BODY = { 'content-type': 'application/json' }

/** Asks whichever API answers, for as long as one comes back. Only for what may be asked twice. */
export async function ask({ apiUrls }, path, body, headers) {
  for (let tries = 0; ; tries++) {
    try {
      return await call(apiUrls[tries % apiUrls.length] + path, body, headers)
    } catch (error) {
      if (tries >= 200) throw error
      await delay(200)
    }
  }
}

function makeText(domain) {
  const rng = createRng(3, domain)
  const words = Array.from({ length: 200 }, () =>
    Array.from({ length: 4 }, () => 'abcdefghij'[rng.integer(10)]).join(''),
  )
  const text = () => Array.from({ length: 60 }, () => words[rng.integer(200)]).join(' ')
  return Array.from({ length: 100 }, () => JSON.stringify({ text: text() })).join('\n')
}

export async function openStudy(deployment, { proxies }) {
  const { id: corpus } = await ask(deployment, '/v1/corpora', {
    name: 'soaked',
    domains: DOMAINS.map((name) => ({ name })),
    settings: { tokenizer: { kind: 'bytes' }, validationFraction: 0.1 },
  })
  for (const domain of DOMAINS) {
    const form = new FormData()
    form.set('domain', domain)
    form.set('file', new Blob([makeText(domain)]), `${domain}.jsonl`)
    await ask(deployment, `/v1/corpora/${corpus}/sources`, form)
  }
  await ask(deployment, `/v1/corpora/${corpus}/ingestions`, {})
  while ((await ask(deployment, `/v1/corpora/${corpus}`)).ingestion === null) await delay(100)
  const fidelities = [
    { name: 'proxy', evaluator: 'proxy', proxy: PROXY, cost: 1 },
    { name: 'cluster', evaluator: 'external', cost: 10 },
  ]
  const trialPolicy = { leaseSeconds: LEASE_SECONDS, maxAttempts: MOST_ATTEMPTS }
  const body = { name: 'soaked', problem: { corpus, fidelities }, trialPolicy }
  const { id } = await ask(deployment, '/v1/studies', body)
  const study = { id, path: `/v1/studies/${id}`, proxies, searches: 0, search: undefined }
  await keepSearching(deployment, study)
  return study
}

/** Whether the study's last search has ended; undefined when nobody can say. */
async function hasEnded({ apiUrls }, { path, search }) {
  for (const url of apiUrls) {
    try {
      const { state } = await call(`${url}${path}/searches/${search}`)
      return state !== 'running' && state !== 'fitting'
    } catch {
      // The other one may answer.
    }
  }
  return undefined
}

/** Begins another search when the last has ended. What is asked in vain is asked again at the next look. */
export async function keepSearching(deployment, study) {
  if (study.search !== undefined && !(await hasEnded(deployment, study))) return
  const key = { 'idempotency-key': `search-${study.searches}` }
  const trials = 6 * study.proxies
  const search = await ask(deployment, `${study.path}/searches`, { trials }, key)
  study.search = search.id
  study.searches += 1
}

/** From now on only what is there already is handed out. */
export async function closeStudy(deployment, { path }) {
  for (;;) {
    const { trialCounts } = await externalTrials(deployment, path)
    const response = await change(deployment, path, {
      trialPolicy: { maxTrials: Math.max(1, trialCounts) },
    })
    if (response.ok) return
    if (response.status !== 412 && response.status < 500) throw new Error(await response.text())
  }
}

async function change({ apiUrls }, path, body) {
  const current = await fetch(apiUrls[0] + path)
  const etag = current.headers.get('etag')
  return fetch(apiUrls[0] + path, {
    method: 'PATCH',
    headers: { ...JSON_BODY, 'if-match': etag },
    body: JSON.stringify(body),
  })
}

/** How many external trials there are: positions are counted from 0. */
async function externalTrials(deployment, path) {
  let cursor
  let trialCounts = 0
  do {
    const query = new URLSearchParams({ limit: '100', ...(cursor && { cursor }) })
    const { items, pagination } = await ask(deployment, `${path}/trials?${query}`)
    trialCounts += items.filter(({ evaluator }) => evaluator === 'external').length
    cursor = pagination.cursor
  } while (cursor)
  return { trialCounts }
}

/** Clients go when nothing is left for them; the search ends with its fit. */
export async function waitForEnd({ deployment, clients, study, options, progress }) {
  const deadline = performance.now() + options.settle * 60_000
  const violations = []
  let isSearched = false
  for (let looks = 0; performance.now() < deadline; looks++) {
    isSearched = (await hasEnded(deployment, study)) === true
    if (isSearched && clients.running === 0) break
    if (looks % 40 === 0) progress(`${clients.running} client processes still have work`)
    await delay(250)
  }
  if (clients.running > 0) violations.push(`${clients.running} client processes found no end`)
  if (!isSearched) violations.push(`the search ${study.search} did not end`)
  const state = (await ask(deployment, `${study.path}/searches/${study.search}`)).state
  if (isSearched && state !== 'finished') violations.push(`the last search ended as ${state}`)
  return { violations }
}
