import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import { createRng } from '../optimizers/random.js'
import { RecentlyUsed } from '../recently-used.js'
import type {
  Grant,
  Holdings,
  InsertOutcome,
  LeasedTrial,
  NewExternalTrial,
  TriedVersion,
} from '../store/external-trial-contract.js'
import { isAdaptive } from './adaptive-choice.js'
import { KeptCourses } from './kept-courses.js'
import type { MixtureSource, MixtureSourceOptions } from './mixture-source.js'
import { ResultsSource } from './results-source.js'
import { LARGEST_SEED, type PlacedMixture } from './search-plan.js'
import type { StudyFacts } from './study-facts.js'
import { trialSuggested } from './trial-events.js'

/** New mixtures that one client asks for. */
export interface MixtureRequest {
  facts: StudyFacts
  /** Names of those that the mixtures may be for; of several the method chooses. */
  fidelities: readonly string[]
  grant: Grant
  /** What the client has been given back. */
  holds: Holdings
  count: number
}

export interface NewTrials {
  trials: LeasedTrial[]
  /** Where they are fewer than asked for: results of what is being tried may bring more. */
  awaitsResults: boolean
}

const STUDIES_KEPT = 64

/** Trials written at a time. */
const MOST_AT_ONCE = 200

/** Each was lost to another process that wrote trials of the study meanwhile. */
const MOST_TRIES = 50

/**
 * Hands out new mixtures. Requests for one study that arrive while others are being served are served together, by one
 * computation and one write.
 */
export class SuggestionBatches {
  readonly #options: MixtureSourceOptions
  readonly #queues = new RecentlyUsed<StudyQueue>(STUDIES_KEPT)

  constructor(options: MixtureSourceOptions) {
    this.#options = options
  }

  /**
   * As many trials as were asked for, or fewer when the study has no room for more or its method no further mixtures. `held`: the
   * client has been given others since it asked.
   * @throws MixwrightError `study-not-found`, `overloaded`
   */
  request(request: MixtureRequest): Promise<NewTrials | 'held'> {
    const { study } = request.facts
    const queue = this.#queues.get(study.id, () => {
      const Source = isAdaptive(study) ? ResultsSource : KeptCourses
      return new StudyQueue(this.#options, new Source(this.#options))
    })
    return queue.request(request)
  }
}

interface Waiting extends MixtureRequest {
  resolve(given: NewTrials | 'held'): void
  reject(error: unknown): void
}

class StudyQueue {
  readonly #options: MixtureSourceOptions
  readonly #source: MixtureSource
  readonly #waiting: Waiting[] = []
  #isWorking = false

  constructor(options: MixtureSourceOptions, source: MixtureSource) {
    this.#options = options
    this.#source = source
  }

  request(request: MixtureRequest): Promise<NewTrials | 'held'> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...request, resolve, reject })
      if (!this.#isWorking) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch()
      try {
        await this.#serve(batch)
      } catch (error) {
        this.#source.forget()
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isWorking = false
  }

  /** The oldest request, and others at its fidelities in the order they came. */
  #nextBatch(): Waiting[] {
    const places = placesOf(this.#waiting[0])
    const batch: Waiting[] = []
    let total = 0
    for (const request of [...this.#waiting]) {
      if (placesOf(request) !== places) continue
      total += request.count
      if (batch.length > 0 && total > MOST_AT_ONCE) break
      batch.push(request)
      this.#waiting.splice(this.#waiting.indexOf(request), 1)
    }
    return batch
  }

  /** Answers the requests of the batch; the first ones are served first where it is not enough for all. */
  async #serve(all: readonly Waiting[]): Promise<void> {
    const { facts, fidelities } = all[all.length - 1]
    let batch = all
    let { maxTrials } = facts.study.trialPolicy
    for (let i = 0; i < MOST_TRIES; i++) {
      if (batch.length === 0) return
      const count = batch.reduce((sum, request) => sum + request.count, 0)
      const choice = await this.#source.choose({ facts, fidelities, count, maxTrials })
      const { version, mixtures, awaitsResults } = choice
      if (mixtures.length === 0) return shareOut(batch, [], awaitsResults)
      const clients = batch.flatMap(({ grant, holds, count }) =>
        Array<Pick<Waiting, 'grant' | 'holds'>>(count).fill({ grant, holds }),
      )
      const trials = mixtures.map((mixture, j) => ({
        ...newTrial(facts, mixture, version.externalTrials + j),
        ...clients[j],
      }))
      const written = await this.#write(facts.study.id, version, trials)
      switch (written.outcome) {
        case 'inserted':
          this.#source.taken(fidelities, choice)
          return shareOut(batch, written.trials, awaitsResults)
        case 'held':
          batch = withoutHolders(batch, written.clients)
          break
        case 'full':
          maxTrials = written.maxTrials
          break
        case 'stale':
          this.#source.forget()
      }
    }
    const detail = 'Too many processes write trials of this study at the same time.'
    throw new MixwrightError('overloaded', detail)
  }

  #write(
    studyId: string,
    version: TriedVersion,
    trials: readonly (NewExternalTrial & { grant: Grant; holds: Holdings })[],
  ): Promise<InsertOutcome> {
    const { externalTrials } = this.#options.store
    return externalTrials.insertSuggested(studyId, version, trials, trialSuggested)
  }
}

const placesOf = ({ fidelities }: MixtureRequest) => JSON.stringify(fidelities)

function newTrial(
  { study }: StudyFacts,
  mixture: PlacedMixture,
  position: number,
): NewExternalTrial {
  const seed = createRng(study.seed, 'external trial', position).integer(LARGEST_SEED)
  return { ...mixture, id: uuid(), seed, replicateOf: null }
}

/** In the order of the positions. */
function shareOut(
  batch: readonly Waiting[],
  given: readonly LeasedTrial[],
  awaitsResults: boolean,
): void {
  const trials = given.toSorted((a, b) => a.trial.position - b.trial.position)
  let first = 0
  for (const { count, resolve } of batch) {
    resolve({ trials: trials.slice(first, first + count), awaitsResults })
    first += count
  }
}

/** Those that are left, once the clients that hold trials already are told so. */
function withoutHolders(batch: readonly Waiting[], holders: readonly string[]): Waiting[] {
  const isHolder = ({ grant }: Waiting) => holders.includes(grant.client)
  for (const request of batch) if (isHolder(request)) request.resolve('held')
  return batch.filter((request) => !isHolder(request))
}
