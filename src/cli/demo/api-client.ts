import { setTimeout as delay } from 'node:timers/promises'
import type { Recommendation } from '../../optimizers/recommendation.js'
import type { ProgressListener } from '../../optimizers/types.js'

const POLL_MS = 150

interface Job {
  state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
  progress: Parameters<ProgressListener>[0] | null
  problem: { detail?: string } | null
}

/** The few calls a data team needs, as any HTTP client would make them. */
export class ApiClient {
  readonly #base: string

  constructor(base: string) {
    this.#base = base
  }

  async #call(method: string, address: string, body?: unknown): Promise<Response> {
    const response = await fetch(new URL(address, this.#base), {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    if (response.ok) return response
    throw new Error(`${method} ${address} answered ${response.status}: ${await response.text()}`)
  }

  /** @returns the address of the study */
  async createStudy(study: object): Promise<string> {
    return locationOf(await this.#call('POST', '/v1/studies', study))
  }

  async importRuns(study: string, table: object): Promise<void> {
    await this.#call('POST', `${study}/imports`, table)
  }

  /** @returns the address of the job */
  async requestFit(study: string): Promise<string> {
    return locationOf(await this.#call('POST', `${study}/fits`, {}))
  }

  /** Resolves when the job has succeeded; rejects when it ended otherwise. */
  async follow(job: string, onProgress: ProgressListener): Promise<void> {
    for (;;) {
      const { state, progress, problem } = (await (await this.#call('GET', job)).json()) as Job
      if (progress) onProgress(progress)
      if (state === 'succeeded') return
      if (state === 'failed' || state === 'cancelled') {
        throw new Error(`the fit was not finished: ${problem?.detail ?? state}`)
      }
      await delay(POLL_MS)
    }
  }

  async recommendation(study: string): Promise<Recommendation> {
    return (await (await this.#call('GET', `${study}/recommendation`)).json()) as Recommendation
  }
}

function locationOf(response: Response): string {
  const location = response.headers.get('location')
  if (location === null) throw new Error(`${response.url} did not answer with a Location`)
  return location
}
