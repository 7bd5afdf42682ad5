import { comparedAt, shouldStop } from '../optimizers/early-stopping/index.js'
import type { TrialRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { StudyFacts } from './study-facts.js'
import { stopRequested } from './trial-events.js'

/** Asks the study's rule, after a measurement, whether the trial should end. */
export interface EarlyStoppingService {
  /**
   * @param trial running
   * @param tokens at which it was measured just now
   * @returns why the trial's client is to stop; undefined when it is to go on
   */
  afterMeasurement(
    facts: StudyFacts,
    trial: TrialRecord,
    tokens: number,
  ): Promise<string | undefined>
}

export function createEarlyStoppingService({
  externalTrials,
}: Pick<Store, 'externalTrials'>): EarlyStoppingService {
  return {
    async afterMeasurement(facts, trial, tokens) {
      const rule = facts.study.trialPolicy.earlyStopping
      if (!rule || tokens < rule.minTokens) return undefined
      const points = await externalTrials.objectives(trial.id)
      const last = points.at(-1)
      if (!last || last.tokens < rule.minTokens) return undefined
      const at = comparedAt(rule, last.tokens)
      const of = rule.rule === 'median' ? 'mean' : 'first'
      const rivals = await externalTrials.rivals(trial.id, { of, tokens: at })
      // To the rule, a rival is as good as one point with what it compares: the rest of its curve never leaves the database.
      const others = rivals.map((objective) => ({
        points: [{ tokens: at, objective }],
        ended: false,
      }))
      const { stop, reason } = shouldStop(rule, { points, ended: false }, others)
      if (!stop) return undefined
      await externalTrials.requestStop(trial.id, reason, stopRequested(trial.id, reason))
      return reason
    },
  }
}
