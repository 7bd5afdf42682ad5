import { MixwrightError } from '../errors.js'
import type { TriedVersion } from '../store/external-trial-contract.js'
import type { Store } from '../store/store.js'
import type { Limits } from './limits.js'
import type { Compute } from './ports.js'
import type { PlacedMixture } from './search-plan.js'
import type { StudyFacts } from './study-facts.js'

/** New mixtures, and the state of the study that they were chosen in: the next one's position is its number of trials. */
export interface Choice {
  version: TriedVersion
  mixtures: readonly PlacedMixture[]
  /** Results of what is being tried may bring more of them. */
  awaitsResults: boolean
}

export interface Wanted {
  facts: StudyFacts
  /** Those that the mixtures may be for, at least one. */
  fidelities: readonly string[]
  count: number
  /** That the study may have in all. */
  maxTrials: number | null
}

/** Where the new mixtures of a study come from. */
export interface MixtureSource {
  /** @throws MixwrightError `study-not-found`, `overloaded` */
  choose(wanted: Wanted): Promise<Choice>
  /** The choice was written as trials. */
  taken(fidelities: readonly string[], choice: Choice): void
  /** What is kept of the study is not to be believed any more. */
  forget(): void
}

export interface MixtureSourceOptions {
  store: Store
  compute: Pick<Compute, 'suggest'>
  limits: Pick<Limits, 'choiceSeconds'>
}

/** How many of them a study that has so many trials may still have. */
export function roomFor({ count, maxTrials }: Wanted, { externalTrials }: TriedVersion) {
  const room =
    maxTrials === null ? Number.POSITIVE_INFINITY : Math.max(0, maxTrials - externalTrials)
  return { room, count: Math.min(count, room) }
}

export function studyGone({ study }: StudyFacts): MixwrightError {
  return new MixwrightError('study-not-found', `There is no study with the id ${study.id}.`)
}
