import { metricsOfObjective } from '../optimizers/objective.js'
import type { CompiledProblem } from '../optimizers/types.js'
import { RecentlyUsed } from '../recently-used.js'
import type { StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { type ObjectiveOfValues, objectiveFor } from './objective.js'
import { compileStored } from './problem.js'
import { requireStudy } from './studies.js'

/** A study with what follows from its problem, worked out once: clients report to the same few studies all the time. */
export interface StudyFacts {
  /** As it was at the last look: its problem never changes, its trial policy may have a moment ago. */
  readonly study: StudyRecord
  readonly compiled: CompiledProblem
  readonly metricNames: readonly string[]
  /** Metrics that have a part in the objective. */
  readonly neededMetrics: readonly string[]
  readonly objective: ObjectiveOfValues
}

/** Keeps the facts of the studies used last. Several processes may change a study: each looks again after a while. */
export interface StudyFactsCache {
  /** @throws MixwrightError `study-not-found`, as of the last look */
  get(studyId: string): Promise<StudyFacts>
  /** What is kept of the study is not to be believed any more. */
  forget(studyId: string): void
}

const STUDIES_KEPT = 64
const OLDEST_MS = 1000

interface Kept {
  facts?: StudyFacts
  /** `performance.now()` when the last look began. */
  lookedAt: number
  /** The look under way, which others join. */
  look?: Promise<StudyFacts>
}

/** @param oldestMs age at which a study is read again */
export function createStudyFactsCache(store: Store, oldestMs = OLDEST_MS): StudyFactsCache {
  const cache = new RecentlyUsed<Kept>(STUDIES_KEPT)
  const keptOf = (id: string) => cache.get(id, () => ({ lookedAt: Number.NEGATIVE_INFINITY }))

  /** One that was forgotten meanwhile may have read what was there before. */
  function look(kept: Kept, id: string): Promise<StudyFacts> {
    const lookedAt = performance.now()
    const isCurrent = () => kept.look === reading
    const reading = requireStudy(store, id).then(
      (study) => {
        const facts = kept.facts ? { ...kept.facts, study } : factsOf(study)
        if (isCurrent()) Object.assign(kept, { facts, lookedAt, look: undefined })
        return facts
      },
      (error) => {
        if (isCurrent()) Object.assign(kept, { facts: undefined, look: undefined })
        throw error
      },
    )
    return reading
  }

  return {
    async get(id) {
      const kept = keptOf(id)
      const isFresh = performance.now() - kept.lookedAt < oldestMs
      if (kept.facts && isFresh) return kept.facts
      kept.look ??= look(kept, id)
      return kept.look
    },
    forget(id) {
      const kept = keptOf(id)
      kept.lookedAt = Number.NEGATIVE_INFINITY
      kept.look = undefined
    },
  }
}

function factsOf(study: StudyRecord): StudyFacts {
  const { problem } = study
  return {
    study,
    compiled: compileStored(problem),
    metricNames: problem.metrics.map(({ name }) => name),
    neededMetrics: metricsOfObjective(problem).map(({ name }) => name),
    objective: objectiveFor(problem),
  }
}
