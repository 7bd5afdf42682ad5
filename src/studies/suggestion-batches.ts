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
import type { Store } from '../store/store.js'
import type { Compute } from './ports.js'
import {
  baselineMixtures,
  isSame,
  LARGEST_SEED,
  type PlannedMixture,
  suggestMixtures,
} from './search-plan.js'
import type { StudyFacts } from './study-facts.js'
import { trialSuggested } from './trial-events.js'

/** New mixtures that one client asks for. */
export interface MixtureRequest {
  facts: StudyFacts
  fidelity: string
  grant: Grant
  /** What the client has been given back. */
  holds: Holdings
  count: number
}

export interface SuggestionBatchesOptions {
  store: Pick<Store, 'externalTrials'>
  compute: Pick<Compute, 'suggest'>
}

const STUDIES_KEPT = 64

/** Trials written at a time. */
const MOST_AT_ONCE = 200

/**
 * Mixtures chosen beyond those asked for: the next requests need no computation. Each costs a look at all that are known, so that
 * as the study grows more are chosen at a time; what is chosen ahead is lost when anything else adds to what was tried.
 */
const LEAST_AHEAD = 32
const MOST_AHEAD = 512

/** Each was lost to another process that wrote trials of the study meanwhile. */
const MOST_TRIES = 50

/**
 * Hands out new mixtures. Requests for one study that arrive while others are being served are served together, by one
 * computation and one write.
 */
export class SuggestionBatches {
  readonly #options: SuggestionBatchesOptions
  readonly #queues = new RecentlyUsed<StudyQueue>(STUDIES_KEPT)

  constructor(options: SuggestionBatchesOptions) {
    this.#options = options
  }

  /**
   * As many trials as were asked for, or fewer when the study has no room for more or its space no further mixtures. `held`: the
   * client has been given others since it asked.
   * @throws MixwrightError `study-not-found`, `overloaded`
   */
  request(request: MixtureRequest): Promise<LeasedTrial[] | 'held'> {
    const { id } = request.facts.study
    return this.#queues.get(id, () => new StudyQueue(this.#options)).request(request)
  }
}

interface Waiting extends MixtureRequest {
  resolve(given: LeasedTrial[] | 'held'): void
  reject(error: unknown): void
}

/** What is known of a fidelity, as long as nobody else writes trials of the study: what the store says when they are written. */
interface Course {
  /** Mixtures tried or being tried, in domain order. */
  known: number[][]
  /** The mixtures that come next. */
  next: PlannedMixture[]
  /** How many more to choose than are asked for. */
  ahead: number
  /** The method has nothing beyond `next`. */
  isExhausted: boolean
  /** More are being added to `next`. */
  choosing?: Promise<void>
}

class StudyQueue {
  readonly #options: SuggestionBatchesOptions
  readonly #waiting: Waiting[] = []
  #isWorking = false
  /** What the courses go by; its number of trials is the position of the next one. */
  #version: TriedVersion | undefined
  readonly #courses = new Map<string, Course>()

  constructor(options: SuggestionBatchesOptions) {
    this.#options = options
  }

  request(request: MixtureRequest): Promise<LeasedTrial[] | 'held'> {
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
        this.#forget()
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isWorking = false
  }

  /** The oldest request, and others at its fidelity in the order they came. */
  #nextBatch(): Waiting[] {
    const [{ fidelity }] = this.#waiting
    const batch: Waiting[] = []
    let total = 0
    for (const request of [...this.#waiting]) {
      if (request.fidelity !== fidelity) continue
      total += request.count
      if (batch.length > 0 && total > MOST_AT_ONCE) break
      batch.push(request)
      this.#waiting.splice(this.#waiting.indexOf(request), 1)
    }
    return batch
  }

  /** Answers the requests of the batch; the first ones are served first where it is not enough for all. */
  async #serve(all: readonly Waiting[]): Promise<void> {
    const { facts, fidelity } = all[all.length - 1]
    let batch = all
    let { maxTrials } = facts.study.trialPolicy
    for (let i = 0; i < MOST_TRIES; i++) {
      if (batch.length === 0) return
      const { course, version } = await this.#courseAt(facts, fidelity)
      const position = version.externalTrials
      const room = maxTrials === null ? Number.POSITIVE_INFINITY : Math.max(0, maxTrials - position)
      const wanted = batch.reduce((sum, { count }) => sum + count, 0)
      const mixtures = await this.#take(course, facts, fidelity, { wanted, room })
      if (mixtures.length === 0) return shareOut(batch, [])
      const places = batch.flatMap(({ grant, holds, count }) =>
        Array<Pick<Waiting, 'grant' | 'holds'>>(count).fill({ grant, holds }),
      )
      const trials = mixtures.map((mixture, j) => ({
        ...newTrial(facts, fidelity, mixture, position + j),
        ...places[j],
      }))
      const written = await this.#write(facts.study.id, version, trials)
      switch (written.outcome) {
        case 'inserted':
          this.#version = {
            externalTrials: position + trials.length,
            triedVersion: version.triedVersion + 1,
          }
          course.known.push(...mixtures.map(({ weights }) => weights))
          course.next.splice(0, mixtures.length)
          return shareOut(batch, written.trials)
        case 'held':
          batch = withoutHolders(batch, written.clients)
          break
        case 'full':
          maxTrials = written.maxTrials
          break
        case 'stale':
          this.#forget()
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

  #forget(): void {
    this.#version = undefined
    this.#courses.clear()
  }

  async #courseAt(
    { study, compiled }: StudyFacts,
    fidelity: string,
  ): Promise<{ course: Course; version: TriedVersion }> {
    const kept = this.#courses.get(fidelity)
    if (kept && this.#version) return { course: kept, version: this.#version }
    const snapshot = await this.#options.store.externalTrials.snapshot(study.id, fidelity)
    if (!snapshot) {
      const detail = `There is no study with the id ${study.id}.`
      throw new MixwrightError('study-not-found', detail)
    }
    const { tried: known, ...version } = snapshot
    // Others have changed what was tried, perhaps at the other fidelities, too.
    if (version.triedVersion !== this.#version?.triedVersion) this.#forget()
    const next = baselineMixtures(compiled.space).filter(({ weights }) =>
      known.every((other) => !isSame(other, weights)),
    )
    const course = { known, next, ahead: LEAST_AHEAD, isExhausted: false }
    this.#courses.set(fidelity, course)
    this.#version = version
    return { course, version }
  }

  /**
   * The next mixtures of the course, without taking them off. The methods choose by the mixtures alone, so that those chosen
   * ahead are what would be chosen later. When few are left, more are chosen while these are written.
   */
  async #take(
    course: Course,
    facts: StudyFacts,
    fidelity: string,
    { wanted, room }: { wanted: number; room: number },
  ): Promise<PlannedMixture[]> {
    const count = Math.min(wanted, room)
    if (course.next.length < count) await course.choosing
    const missing = count - course.next.length
    if (missing > 0 && !course.isExhausted) await this.#choose(course, facts, fidelity, missing)
    const left = course.next.length - count
    const isLow = left < Math.min(course.ahead / 4, room - count)
    if (isLow && !course.isExhausted && !course.choosing) {
      // Should it fail, those who need the mixtures will hear of it.
      const choosing = this.#choose(course, facts, fidelity, 0).catch(() => {})
      course.choosing = choosing.finally(() => {
        course.choosing = undefined
      })
    }
    return course.next.slice(0, count)
  }

  async #choose(
    course: Course,
    { study, compiled }: StudyFacts,
    fidelity: string,
    missing: number,
  ): Promise<void> {
    const count = missing + course.ahead
    const chosen = await suggestMixtures(this.#options.compute, study, compiled.space, {
      fidelity,
      seed: study.seed,
      active: [...course.known, ...course.next.map(({ weights }) => weights)],
      count,
    })
    course.next.push(...chosen)
    course.isExhausted = chosen.length < count
    course.ahead = Math.min(2 * course.ahead, MOST_AHEAD)
  }
}

function newTrial(
  { study }: StudyFacts,
  fidelity: string,
  mixture: PlannedMixture,
  position: number,
): NewExternalTrial {
  const seed = createRng(study.seed, 'external trial', position).integer(LARGEST_SEED)
  return { ...mixture, id: uuid(), fidelity, seed, replicateOf: null }
}

/** In the order of the positions. */
function shareOut(batch: readonly Waiting[], given: readonly LeasedTrial[]): void {
  const trials = given.toSorted((a, b) => a.trial.position - b.trial.position)
  let first = 0
  for (const { count, resolve } of batch) {
    resolve(trials.slice(first, first + count))
    first += count
  }
}

/** Those that are left, once the clients that hold trials already are told so. */
function withoutHolders(batch: readonly Waiting[], holders: readonly string[]): Waiting[] {
  const isHolder = ({ grant }: Waiting) => holders.includes(grant.client)
  for (const request of batch) if (isHolder(request)) request.resolve('held')
  return batch.filter((request) => !isHolder(request))
}
