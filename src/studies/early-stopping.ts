import { type Curve, shouldStop } from '../optimizers/early-stopping/index.js'
import type { TrialCurve } from '../store/external-trial-contract.js'
import type { TrialRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { StudyFacts } from './study-facts.js'
import { stopRequested } from './trial-events.js'

/** Asks the study's rule, after a measurement, whether the trial should end. */
export interface EarlyStopping {
  /**
   * @param tokens at which it was measured just now
   * @returns why the trial's client is to stop; undefined when it is to go on
   */
  afterMeasurement(
    facts: StudyFacts,
    trial: TrialRecord,
    tokens: number,
  ): Promise<string | undefined>
}

/** Trials in these states train no further. */
const ENDED: ReadonlySet<TrialRecord['state']> = new Set([
  'completed',
  'completed-without-metrics',
  'stopped',
  'abandoned',
  'cancelled',
])

export function createEarlyStopping(store: Pick<Store, 'externalTrials'>): EarlyStopping {
  const { externalTrials } = store
  const read = sharedReads(store)
  return {
    async afterMeasurement(facts, trial, tokens) {
      const rule = facts.study.trialPolicy.earlyStopping
      if (!rule || tokens < rule.minTokens) return undefined
      const curves = await read(trial.studyId, trial.fidelity)
      const own = curves.find(({ trialId }) => trialId === trial.id)
      if (!own) return undefined
      const others = curves.filter((curve) => curve !== own)
      const { stop, reason } = shouldStop(
        rule,
        curveOf(facts, own),
        others.map((curve) => curveOf(facts, curve)),
      )
      if (!stop) return undefined
      await externalTrials.requestStop(trial.id, reason, stopRequested(trial.id, reason))
      return reason
    },
  }
}

function curveOf({ objective }: StudyFacts, { state, points }: TrialCurve): Curve {
  return {
    points: points.map(({ tokens, values }) => ({ tokens, objective: objective(values) })),
    ended: ENDED.has(state),
  }
}

/** Measurements of one study come in at the same time; one read that begins after them is enough for all. */
function sharedReads({ externalTrials }: Pick<Store, 'externalTrials'>) {
  const next = new Map<string, Promise<TrialCurve[]>>()
  const current = new Map<string, Promise<unknown>>()
  return (studyId: string, fidelity: string): Promise<TrialCurve[]> => {
    const key = `${studyId} ${fidelity}`
    const waiting = next.get(key)
    if (waiting) return waiting
    const before = current.get(key) ?? Promise.resolve()
    const read = before.then(() => {
      next.delete(key)
      const reading = externalTrials.curves(studyId, fidelity)
      const ended = reading.then(
        () => {},
        () => {},
      )
      current.set(key, ended)
      void ended.then(() => {
        if (current.get(key) === ended) current.delete(key)
      })
      return reading
    })
    next.set(key, read)
    return read
  }
}
