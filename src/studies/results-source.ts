import { chooseMixtures, readFound } from './adaptive-choice.js'
import {
  type Choice,
  type MixtureSource,
  type MixtureSourceOptions,
  roomFor,
  studyGone,
  type Wanted,
} from './mixture-source.js'

/**
 * Of methods that look at results. Any result, told to whatever process, changes what comes next: every choice begins with a look
 * at the study, and none is made ahead.
 */
export class ResultsSource implements MixtureSource {
  readonly #options: MixtureSourceOptions

  constructor(options: MixtureSourceOptions) {
    this.#options = options
  }

  async choose(wanted: Wanted): Promise<Choice> {
    const { store, compute, limits } = this.#options
    const { facts, fidelities } = wanted
    const { study, compiled } = facts
    const found = await readFound(store, study)
    if (!found) throw studyGone(facts)
    const { externalTrials, triedVersion } = found.tried
    const version = { externalTrials, triedVersion }
    const { count } = roomFor(wanted, version)
    if (count === 0) return { version, mixtures: [], awaitsResults: false }
    const asked = { fidelities, count, seed: study.seed, mostSeconds: limits.choiceSeconds }
    const mixtures = await chooseMixtures(compute, study, compiled, found, asked)
    return { version, mixtures, awaitsResults: found.active.length > 0 }
  }

  taken(): void {}

  forget(): void {}
}
