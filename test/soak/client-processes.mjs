// The processes in which clients run. Each has a ledger, which stays when it is killed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('clients.mjs', import.meta.url))

export class ClientProcesses {
  #folder
  #settings
  #processes
  #isClosed = false

  constructor(folder, urls, study, { clients, processes, seed, pause }) {
    this.#folder = path.join(folder, 'ledgers')
    this.#settings = { urls, study, seed, pause }
    const share = Math.ceil(clients / processes)
    this.#processes = Array.from({ length: processes }, (_, i) => ({
      first: i * share,
      count: Math.max(0, Math.min(share, clients - i * share)),
      life: 0,
      child: undefined,
      isAway: false,
    }))
  }

  start() {
    for (const process of this.#processes) this.#spawn(process)
  }

  /** Those that still have something to do, or are about to come back. */
  get running() {
    return this.#processes.filter(({ child, isAway }) => child !== undefined || isAway).length
  }

  #spawn(process) {
    const { first, count, life } = process
    const ledger = path.join(this.#folder, `${first}-${life}.jsonl`)
    const settings = JSON.stringify({ ...this.#settings, first, count, life, ledger })
    process.life += 1
    process.isAway = false
    const child = spawn(globalThis.process.execPath, [SCRIPT, settings], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    process.child = child
    child.once('exit', () => {
      if (process.child === child) process.child = undefined
    })
  }

  async killOne(which, awaySeconds) {
    const victims = this.#processes.filter(({ child }) => child !== undefined)
    if (victims.length === 0) return
    const victim = victims[which % victims.length]
    victim.isAway = true
    await end(victim.child)
    await delay(awaySeconds * 1000)
    if (!this.#isClosed) this.#spawn(victim)
  }

  async kill() {
    this.#isClosed = true
    await Promise.all(this.#processes.map(({ child }) => child && end(child)))
  }

  /** Everything that was acknowledged, in the order of each process. A line that a kill cut short was never acted upon. */
  ledgers() {
    return readdirSync(this.#folder).flatMap((name) => {
      const lines = readFileSync(path.join(this.#folder, name), 'utf8').split('\n')
      return lines.slice(0, -1).map((line) => JSON.parse(line))
    })
  }
}

async function end(child) {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await ended
}
