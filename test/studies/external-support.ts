import type { ProblemRequest } from '../../src/optimizers/problem.js'
import type { TrialPolicy } from '../../src/optimizers/trial-policy.js'
import type { StudyRecord, TrialRecord } from '../../src/store/records.js'
import type { HandedTrial, SuggestionRequest } from '../../src/studies/suggestions.js'
import { FilePlace } from './support.js'

export const PROBLEM: ProblemRequest = {
  domains: [
    { name: 'web', tokens: 8e9 },
    { name: 'code', tokens: 2e9 },
    { name: 'books', tokens: 5e8 },
  ],
  metrics: [{ name: 'val_loss' }, { name: 'accuracy', direction: 'maximize' }, { name: 'speed' }],
  objective: { type: 'mean', weights: { val_loss: 1, accuracy: 1 } },
  fidelities: [
    { name: 'large', evaluator: 'external', cost: 10, order: 1 },
    { name: 'small', evaluator: 'external', cost: 1, order: 0 },
    { name: 'tables', evaluator: 'table', cost: 0.1, order: 2 },
  ],
}

/** Complete, for the objective of the problem. */
export const VALUES = { val_loss: 2.5, accuracy: 0.4 }

/** Studies whose trials others run, for the tests of a file. */
export class ExternalPlace extends FilePlace {
  newStudy(
    trialPolicy: Partial<TrialPolicy> = {},
    change: Partial<ProblemRequest> = {},
    seed = 5,
  ): Promise<StudyRecord> {
    const problem = { ...PROBLEM, ...change }
    return this.services.studies.create({ name: 'a study', problem, trialPolicy, seed })
  }

  /** Trials handed to a client. */
  async ask(
    study: StudyRecord,
    client: string,
    request: Omit<SuggestionRequest, 'client'> = {},
  ): Promise<HandedTrial[]> {
    const { trials } = await this.services.suggestions.suggest(study.id, { client, ...request })
    return trials
  }

  async askOne(study: StudyRecord, client: string): Promise<Held> {
    const [{ trial, lease }] = await this.ask(study, client)
    return { trial, client, lease: lease.id }
  }

  /** As the clock does that makes the lease due. */
  async makeDue({ lease }: Pick<Held, 'lease'>): Promise<void> {
    await this.store.pool.query(
      `update mixwright.leases set expires_at = now() - interval '1 second' where id = $1`,
      [lease],
    )
  }

  async stateOf({ studyId, id }: TrialRecord): Promise<string> {
    return (await this.services.trials.get(studyId, id)).trial.state
  }

  async eventsOf(studyId: string) {
    return (await this.store.events.after(studyId, 0, 1000)).map(({ type, data }) => ({
      type,
      data,
    }))
  }
}

/** A trial in the hands of a client. */
export interface Held {
  trial: TrialRecord
  client: string
  lease: string
}

export const holding = ({ client, lease }: Held) => ({ client, lease })
