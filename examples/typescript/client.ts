import { setTimeout as delay } from 'node:timers/promises'
import createClient, { type Client } from 'openapi-fetch'
import { retryAfterSeconds, retryingFetch } from './retrying-fetch.js'
import type { paths } from './schema.js'

type Suggested =
  paths['/v1/studies/{studyId}/suggestions']['post']['responses']['200']['content']['application/json']['trials'][number]

const DEFAULT_URL = 'http://127.0.0.1:8080'
const HEARTBEATS_A_LEASE = 3
/** Between two questions, where the service names no time. */
const DEFAULT_IDLE_SECONDS = 5
/** Refusals after which there is nothing left to do for a trial. */
const LOST_CODES = new Set([
  'lease-lost',
  'not-your-lease',
  'trial-already-ended',
  'trial-already-completed',
  'trial-not-found',
  'study-not-found',
])
/** Whoever interrupts is not kept waiting; the lease will expire by itself. */
const FAREWELL_SECONDS = 5

/** The service refused a request: `code` is stable, the message is for people. */
export class MixwrightError extends Error {
  override readonly name = 'MixwrightError'

  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(`${code}: ${detail}`)
  }
}

/** The trial is not this client's any more: it was given to another, cancelled or abandoned. */
export class TrialLost extends Error {
  override readonly name = 'TrialLost'
}

export interface TrainerOptions {
  /** Unique among the clients that run at a time, and the same after a restart, which gives it its unfinished trials back. */
  name: string
  /** Of the service. Default: MIXWRIGHT_URL, or http://127.0.0.1:8080. */
  url?: string
  /** Default: MIXWRIGHT_API_KEY; a service on a loopback address may need none. */
  apiKey?: string
  /** How long a request is tried before its error is thrown. Default 600. */
  retrySeconds?: number
  /** Gives the trial in training back, for another client to take, and ends. */
  signal?: AbortSignal
  /** Called with lines for people. */
  log?: (line: string) => void
}

export interface WorkOptions {
  fidelity?: string
  /** Between two questions for trials while others have what is left. Default: what the service says (Retry-After). */
  idleSeconds?: number
  /** So many failures in a row end it. */
  mostFailures?: number
}

/** Works for the studies of a Mixwright service. */
export class TrainerClient {
  readonly name: string
  /** Typed from the OpenAPI description: for whatever else the service offers. */
  readonly http: Client<paths>
  readonly log: (line: string) => void
  readonly #signal: AbortSignal | undefined

  constructor({
    name,
    url,
    apiKey,
    retrySeconds = 600,
    signal,
    log = console.error,
  }: TrainerOptions) {
    const key = apiKey ?? process.env.MIXWRIGHT_API_KEY
    this.name = name
    this.log = log
    this.#signal = signal
    this.http = createClient<paths>({
      baseUrl: url ?? (process.env.MIXWRIGHT_URL || DEFAULT_URL),
      headers: key ? { authorization: `Bearer ${key}` } : {},
      fetch: retryingFetch({ seconds: retrySeconds, signal, log }),
    })
  }

  /** Its `problem` names domains, metrics and fidelities. */
  async study(studyId: string) {
    return answerOf(await this.http.GET('/v1/studies/{studyId}', { params: { path: { studyId } } }))
  }

  /** Up to `count` trials, and whether the study is exhausted. */
  async ask(studyId: string, count: number, fidelity?: string) {
    const result = await this.http.POST('/v1/studies/{studyId}/suggestions', {
      params: { path: { studyId } },
      body: { client: this.name, count, fidelity },
    })
    const { trials, exhausted } = answerOf(result)
    return {
      trials: trials.map((trial) => new Trial(this, studyId, trial)),
      exhausted,
      /** Seconds after which to ask again, when there were no trials. */
      retryAfter: retryAfterSeconds(result.response),
    }
  }

  /**
   * Calls `train` for one trial after another, until the study has none left. A trial that it returns from is completed with its
   * last measurement (or as stopped early, if that was asked for); one that it throws in is given back.
   */
  async work(
    studyId: string,
    train: (trial: Trial) => Promise<void>,
    { fidelity, idleSeconds, mostFailures = 3 }: WorkOptions = {},
  ): Promise<void> {
    let failures = 0
    for (;;) {
      const { trials, exhausted, retryAfter } = await this.ask(studyId, 1, fidelity)
      if (trials.length === 0 && exhausted) return
      // Others have what is left. If one of them fails, its trial is offered again.
      if (trials.length === 0) {
        const pause = idleSeconds ?? retryAfter ?? DEFAULT_IDLE_SECONDS
        this.log(`others have the trials that are left; asking again in ${pause.toFixed(1)} s`)
        await delay(1000 * pause, undefined, { signal: this.#signal })
      }
      for (const trial of trials) {
        const failure = await this.#train(trial, train)
        failures = failure ? failures + 1 : 0
        if (failure && (this.#signal?.aborted || failures >= mostFailures)) throw failure
      }
    }
  }

  /** @returns why the trial was given back */
  async #train(trial: Trial, train: (trial: Trial) => Promise<void>): Promise<Error | undefined> {
    const over = new AbortController()
    const beating = this.#keepAlive(trial, over.signal)
    try {
      await train(trial)
      await trial.complete()
    } catch (error) {
      if (!(error instanceof TrialLost)) return await this.#giveBack(trial, error as Error)
      this.log(`${trial.id}: ${error.message}`)
    } finally {
      over.abort()
      await beating
    }
  }

  async #giveBack(trial: Trial, error: Error): Promise<Error> {
    const detail = this.#signal?.aborted ? 'interrupted' : String(error)
    this.log(`${trial.id}: given back, ${detail}`)
    await trial.fail(detail).catch((refusal) => this.log(`${trial.id}: ${refusal}`))
    return error
  }

  async #keepAlive(trial: Trial, over: AbortSignal): Promise<void> {
    while (!over.aborted && !trial.isLost) {
      const pauseMs = (1000 * trial.leaseSeconds) / HEARTBEATS_A_LEASE
      // A wait that is cut short is no error.
      await delay(pauseMs, undefined, { signal: over }).catch(() => {})
      if (over.aborted) return
      await trial.beat(over).catch((error) => {
        if (!over.aborted) this.log(`${trial.id}: no heartbeat, ${error}`)
      })
    }
  }

  /** For reports that are sent although the work was interrupted. */
  get farewell() {
    return retryingFetch({ seconds: FAREWELL_SECONDS, log: this.log })
  }
}

/** A mixture to train on, and where to report what came of it. */
export class Trial {
  readonly id: string
  /** Domain → share of training tokens; they sum to 1. */
  readonly weights: Readonly<Record<string, number>>
  /** For everything random in the training. */
  readonly seed: number
  readonly fidelity: string
  readonly #client: TrainerClient
  readonly #path: { studyId: string; trialId: string }
  #lease: Suggested['lease']
  #lost: TrialLost | undefined
  #stopReason: string | undefined

  constructor(client: TrainerClient, studyId: string, trial: Suggested) {
    this.id = trial.id
    this.weights = trial.weights
    this.seed = trial.seed
    this.fidelity = trial.fidelity
    this.#client = client
    this.#path = { studyId, trialId: trial.id }
    this.#lease = trial.lease
  }

  get leaseSeconds(): number {
    return this.#lease.seconds
  }

  get isLost(): boolean {
    return this.#lost !== undefined
  }

  /** Why the service has asked to stop early, if it has. To be looked at between measurements. */
  get stopReason(): string | undefined {
    return this.#stopReason
  }

  /**
   * Reports metrics after a number of tokens, which must grow.
   * @returns whether to go on
   * @throws TrialLost when the trial is not this client's any more: stop training then
   */
  async measure(
    tokens: number,
    values: Record<string, number>,
    standardErrors?: Record<string, number>,
  ): Promise<boolean> {
    if (this.#lost) throw this.#lost
    const bad = Object.entries(values).find(([, value]) => !Number.isFinite(value))
    // JSON has no way to write it.
    if (bad) throw new RangeError(`${bad[0]} is ${bad[1]} after ${tokens} tokens`)
    const result = await this.#client.http.POST(
      '/v1/studies/{studyId}/trials/{trialId}/measurements',
      {
        params: { path: this.#path },
        body: { ...this.#mine(), tokens, values, standardErrors },
      },
    )
    try {
      this.#heed(this.#kept(result))
    } catch (error) {
      // After a restart: an earlier process of this client had come farther.
      if (!(error instanceof MixwrightError) || error.code !== 'tokens-backwards') throw error
      this.#client.log(`${this.id}: left out, ${error.message}`)
    }
    return this.#stopReason === undefined
  }

  /** One sign of life. */
  async beat(signal?: AbortSignal): Promise<void> {
    const result = await this.#client.http.POST(
      '/v1/studies/{studyId}/trials/{trialId}/heartbeat',
      { params: { path: this.#path }, body: this.#mine(), signal },
    )
    this.#heed(this.#kept(result))
  }

  /** The training has ended, at its end or because it was asked to stop. */
  async complete(): Promise<void> {
    const outcome = this.#stopReason === undefined ? 'completed' : 'stopped'
    this.#kept(
      await this.#client.http.POST('/v1/studies/{studyId}/trials/{trialId}/completion', {
        params: { path: this.#path },
        body: { ...this.#mine(), outcome },
      }),
    )
  }

  /** The training has failed; while it has attempts left the trial is offered again. */
  async fail(detail: string): Promise<void> {
    this.#kept(
      await this.#client.http.POST('/v1/studies/{studyId}/trials/{trialId}/failure', {
        params: { path: this.#path },
        body: { ...this.#mine(), detail: detail.slice(0, 1000) },
        fetch: this.#client.farewell,
      }),
    )
  }

  #mine() {
    return { client: this.#client.name, lease: this.#lease.id }
  }

  #kept<T>(result: Result<T>): T {
    try {
      return answerOf(result)
    } catch (error) {
      if (!(error instanceof MixwrightError) || !LOST_CODES.has(error.code)) throw error
      this.#lost = new TrialLost(error.message)
      throw this.#lost
    }
  }

  #heed(answer: {
    directive: 'continue' | 'stop'
    reason: string | null
    lease: Suggested['lease'] | null
  }) {
    // A trial that has ended meanwhile has no lease any more, and is to be stopped.
    this.#lease = answer.lease ?? this.#lease
    if (answer.directive === 'stop') this.#stopReason = answer.reason ?? 'asked to stop'
  }
}

interface Result<T> {
  data?: T
  error?: unknown
  response: Response
}

function answerOf<T>({ data, error, response }: Result<T>): T {
  if (response.ok && data !== undefined) return data
  const problem = (typeof error === 'object' ? error : undefined) as
    | { code?: string; detail?: string }
    | undefined
  throw new MixwrightError(
    response.status,
    problem?.code ?? 'unreadable',
    problem?.detail ?? `status ${response.status}`,
  )
}
