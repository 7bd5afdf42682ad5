// Clients of the service in one process, in plain fetch: each asks for a trial, pretends to train it, and tells. What the
// service has acknowledged goes into the ledger at once. Ends when nothing is left to do.
import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { createRng } from '../../dist/optimizers/random.js'

const { urls, study, seed, pause, first, count, life, ledger } = JSON.parse(process.argv[2])
const METRICS = ['loss/north', 'loss/south', 'loss/east']
const TIMEOUT_MS = 15_000
const MEASUREMENTS = 4
/** Longer than a lease. */
const SILENCE_SECONDS = 9
/** Refusals that are right at any time in such company. */
const NOT_MINE = new Set([
  'not-your-lease',
  'lease-lost',
  'trial-already-ended',
  'trial-already-completed',
  'tokens-backwards',
])

const write = (entry) => appendFileSync(ledger, `${JSON.stringify(entry)}\n`)

const noted = { retries: 0, refusals: {} }

/** Sends until somebody answers. The key makes sure that what is sent again is done once. */
async function post(path, body, idempotencyKey) {
  for (let tries = 0; ; tries++) {
    const url = urls[(first + tries) % urls.length]
    try {
      const response = await fetch(url + path, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const answer = await response.json()
      if (response.ok)
        return { ok: true, status: response.status, answer, headers: response.headers }
      if (answer.code !== 'idempotency-key-in-flight' && response.status < 500) {
        noted.refusals[answer.code] = (noted.refusals[answer.code] ?? 0) + 1
        return { ok: false, code: answer.code, answer }
      }
      if (response.status >= 500 && response.status !== 503) {
        write({ type: 'internal', path, status: response.status, answer })
      }
    } catch {
      // Nobody is there, or the answer broke off: it is not known whether it was done.
    }
    noted.retries += 1
    await delay(100 + Math.min(2000, 100 * 2 ** tries))
  }
}

class Client {
  #name
  #rng
  #path = `/v1/studies/${study}`

  constructor(number) {
    this.#name = `client-${number}`
    this.#rng = createRng(seed, 'client', number * 1000 + life)
  }

  #pause(seconds = pause) {
    return delay(1000 * seconds * (0.5 + this.#rng.uniform()))
  }

  #chance(probability) {
    return this.#rng.uniform() < probability
  }

  async run() {
    await this.#pause()
    for (;;) {
      const { ok, answer, headers } = await post(
        `${this.#path}/suggestions`,
        { client: this.#name },
        randomUUID(),
      )
      if (!ok) throw new Error(`a suggestion was refused: ${JSON.stringify(answer)}`)
      if (answer.exhausted) return
      const [trial] = answer.trials
      if (!trial) {
        await delay(Math.min(2000, 1000 * Number(headers.get('retry-after') ?? 1)))
        continue
      }
      write({
        type: 'held',
        client: this.#name,
        trial: trial.id,
        lease: trial.lease.id,
        weights: trial.weights,
      })
      await this.#train(trial)
    }
  }

  async #train({ id, lease: { id: lease }, measurement }) {
    const path = `${this.#path}/trials/${id}`
    const holding = { client: this.#name, lease }
    let tokens = measurement?.tokens ?? 0
    for (let i = 0; i < MEASUREMENTS; i++) {
      await this.#pause()
      if (this.#chance(0.02)) return this.#fail(path, holding)
      if (this.#chance(0.03)) await this.#pause(SILENCE_SECONDS)
      if (this.#chance(0.2)) await post(`${path}/heartbeat`, holding)
      tokens += 1 + this.#rng.integer(1000)
      const goesOn = await this.#measure(path, id, { ...holding, tokens, values: this.#values() })
      if (!goesOn) return
    }
    await this.#complete(path, id, holding, tokens + 1)
  }

  #values() {
    return Object.fromEntries(METRICS.map((name) => [name, 1 + this.#rng.uniform()]))
  }

  async #twice(path, body) {
    const key = randomUUID()
    const answer = await post(path, body, key)
    if (!this.#chance(0.1)) return answer
    const again = await post(path, body, key)
    if (answer.ok !== again.ok || answer.answer.id !== again.answer.id) {
      write({ type: 'replayed otherwise', path, answer, again })
    }
    return answer
  }

  async #measure(path, trial, body) {
    const { client, lease, tokens, values } = body
    const { ok, code, answer } = await this.#twice(`${path}/measurements`, body)
    if (ok) {
      write({ type: 'measured', client, trial, lease, tokens, values })
      return answer.directive === 'continue'
    }
    this.#refused(code, answer)
    // Others have the trial by now; what was trained is told all the same.
    if (code === 'lease-lost' && this.#chance(0.7)) {
      await this.#complete(path, trial, { client, lease }, tokens + 1)
    }
    return false
  }

  async #complete(path, trial, holding, tokens) {
    const measurement = { tokens, values: this.#values() }
    const told = await this.#twice(`${path}/completion`, { ...holding, measurement })
    if (!told.ok) {
      this.#refused(told.code, told.answer)
      return
    }
    const entry = { client: this.#name, trial, lease: holding.lease, ...measurement }
    write({ type: 'completed', ...entry, status: told.status, id: told.answer.id })
  }

  async #fail(path, holding) {
    const { ok, code, answer } = await this.#twice(`${path}/failure`, {
      ...holding,
      detail: 'loss is NaN',
    })
    if (!ok) this.#refused(code, answer)
  }

  #refused(code, answer) {
    if (!NOT_MINE.has(code)) write({ type: 'refused', answer })
  }
}

const clients = Array.from({ length: count }, (_, i) => new Client(first + i))
const done = setInterval(() => write({ type: 'noted', life, first, ...noted }), 2000)
await Promise.all(clients.map((client) => client.run()))
clearInterval(done)
write({ type: 'noted', life, first, ...noted })
