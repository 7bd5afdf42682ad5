import type { TriedVersion } from '../store/external-trial-contract.js'
import {
  type Choice,
  type MixtureSource,
  type MixtureSourceOptions,
  roomFor,
  studyGone,
  type Wanted,
} from './mixture-source.js'
import { baselineMixtures, isSame, type PlannedMixture, suggestMixtures } from './search-plan.js'
import type { StudyFacts } from './study-facts.js'

/**
 * Mixtures chosen beyond those asked for: the next requests need no computation. Each costs a look at all that are known, so that
 * as the study grows more are chosen at a time; what is chosen ahead is lost when anything else adds to what was tried.
 */
const LEAST_AHEAD = 32
const MOST_AHEAD = 512

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

/**
 * Of methods that choose by the mixtures alone: the uniform and the natural one first at each fidelity. What was chosen ahead is what
 * would be chosen later.
 */
export class KeptCourses implements MixtureSource {
  readonly #options: MixtureSourceOptions
  /** What the courses go by. */
  #version: TriedVersion | undefined
  readonly #courses = new Map<string, Course>()

  constructor(options: MixtureSourceOptions) {
    this.#options = options
  }

  async choose(wanted: Wanted): Promise<Choice> {
    const { facts, fidelities } = wanted
    const [fidelity] = fidelities
    const { course, version } = await this.#courseAt(facts, fidelity)
    const next = await this.#take(course, facts, fidelity, roomFor(wanted, version))
    const mixtures = next.map((mixture) => ({ ...mixture, fidelity }))
    return { version, mixtures, awaitsResults: false }
  }

  taken([fidelity]: readonly string[], { version, mixtures }: Choice): void {
    const course = this.#courses.get(fidelity)
    this.#version = {
      externalTrials: version.externalTrials + mixtures.length,
      triedVersion: version.triedVersion + 1,
    }
    course?.known.push(...mixtures.map(({ weights }) => weights))
    course?.next.splice(0, mixtures.length)
  }

  forget(): void {
    this.#version = undefined
    this.#courses.clear()
  }

  async #courseAt(
    facts: StudyFacts,
    fidelity: string,
  ): Promise<{ course: Course; version: TriedVersion }> {
    const { study, compiled } = facts
    const kept = this.#courses.get(fidelity)
    if (kept && this.#version) return { course: kept, version: this.#version }
    const snapshot = await this.#options.store.externalTrials.snapshot(study.id, fidelity)
    if (!snapshot) throw studyGone(facts)
    const { tried: known, ...version } = snapshot
    // Others have changed what was tried, perhaps at the other fidelities, too.
    if (version.triedVersion !== this.#version?.triedVersion) this.forget()
    const next = baselineMixtures(compiled.space).filter(({ weights }) =>
      known.every((other) => !isSame(other, weights)),
    )
    const course = { known, next, ahead: LEAST_AHEAD, isExhausted: false }
    this.#courses.set(fidelity, course)
    this.#version = version
    return { course, version }
  }

  /** The next mixtures of the course, without taking them off. When few are left, more are chosen while these are written. */
  async #take(
    course: Course,
    facts: StudyFacts,
    fidelity: string,
    { count, room }: { count: number; room: number },
  ): Promise<PlannedMixture[]> {
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
