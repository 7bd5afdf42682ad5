// Two proxies that train for as long as they are let.
import { setTimeout as delay } from 'node:timers/promises'
import { createRng } from '../../dist/optimizers/random.js'
import { call } from './processes.mjs'

const DOMAINS = ['north', 'south']
const MODEL = { width: 64, layers: 2, heads: 4, context: 64 }
const PROXY = { model: MODEL, tokens: 2e9, batchSize: 32, validationSequences: 8 }

/** Documents of words drawn at random. */
function makeText(domain) {
  const rng = createRng(7, domain)
  const word = () => Array.from({ length: 5 }, () => 'abcdefghij'[rng.integer(10)]).join('')
  const words = Array.from({ length: 300 }, word)
  const text = () => Array.from({ length: 120 }, () => words[rng.integer(300)]).join(' ')
  return Array.from({ length: 150 }, () => JSON.stringify({ text: text() })).join('\n')
}

async function newCorpus(url) {
  const { id } = await call(`${url}/v1/corpora`, {
    name: 'for the benchmark',
    domains: DOMAINS.map((name) => ({ name })),
    settings: { tokenizer: { kind: 'bytes' }, validationFraction: 0.1 },
  })
  for (const domain of DOMAINS) {
    const form = new FormData()
    form.set('domain', domain)
    form.set('file', new Blob([makeText(domain)]), `${domain}.jsonl`)
    await call(`${url}/v1/corpora/${id}/sources`, form)
  }
  await call(`${url}/v1/corpora/${id}/ingestions`, {})
  while ((await call(`${url}/v1/corpora/${id}`)).ingestion === null) await delay(100)
  return id
}

/**
 * Resolves when both train.
 * @returns cancels them, and resolves when they have ended
 */
export async function startTraining(url) {
  const corpus = await newCorpus(url)
  const problem = { corpus, fidelities: [{ name: 'proxy', evaluator: 'proxy', proxy: PROXY }] }
  const { id } = await call(`${url}/v1/studies`, { name: 'training', problem })
  const study = `${url}/v1/studies/${id}`
  const search = await call(`${study}/searches`, { trials: 4 })
  const address = `${study}/searches/${search.id}`
  const training = async () => {
    const { items } = await call(`${study}/trials?limit=10`)
    return items.filter(({ state }) => state === 'running').length
  }
  while ((await training()) < 2) await delay(100)
  return async () => {
    await call(`${address}/cancellation`, {})
    while (['running', 'fitting'].includes((await call(address)).state)) await delay(100)
  }
}
