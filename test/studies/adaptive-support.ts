import { Type } from 'typebox'
import { afterAll, beforeAll } from 'vitest'
import { sampleUniform, toMixture } from '../../src/optimizers/mixture/index.js'
import type { ProblemRequest } from '../../src/optimizers/problem.js'
import { OPTIMIZERS } from '../../src/optimizers/registry.js'
import { rowOf } from '../../src/optimizers/row-matrix.js'
import type { TrialPolicy } from '../../src/optimizers/trial-policy.js'
import type { Optimizer, SuggestInput, Suggestion } from '../../src/optimizers/types.js'
import type { StudyRecord } from '../../src/store/records.js'
import { ExternalPlace, type Held, holding, PROBLEM } from './external-support.js'

/** Methods that look at results, made up for tests. */

const METHODS = OPTIMIZERS as Map<string, Optimizer>

/** The method is there for the tests of a file. */
export function withMethod<P extends Partial<Optimizer> & Pick<Optimizer, 'name' | 'suggest'>>(
  change: P,
): Optimizer {
  const unused = () => {
    throw new Error('this is not part of the test')
  }
  const method: Optimizer = {
    title: change.name,
    summary: 'for tests',
    citation: { authors: 'nobody', title: 'none', year: 2026, url: 'https://example.org' },
    capabilities: { fidelities: true, pending: true, multiObjective: true, adaptive: true },
    paramsSchema: Type.Object({}, { additionalProperties: false }),
    surrogates: [],
    needsRuns: false,
    validate: () => [],
    pick: unused,
    recommend: unused,
    ...change,
  }
  beforeAll(() => {
    METHODS.set(method.name, method)
  })
  afterAll(() => {
    METHODS.delete(method.name)
  })
  return method
}

/** Random mixtures, each from a stream of its own, named by how many are known. */
export function drawMixtures(
  { compiled: { space }, completed, active, avoid = [], rng }: SuggestInput<unknown>,
  fidelity: string,
  count: number,
): Suggestion[] {
  const tables = [...completed, ...active, ...avoid]
  const known = tables.reduce((sum, { normalised }) => sum + normalised.rows, 0)
  return Array.from({ length: count }, (_, i) => ({
    weights: toMixture(space, rowOf(sampleUniform(space, 1, rng.fork('draw', known + i)), 0)),
    fidelity,
    reason: 'drawn',
  }))
}

interface StudyOptions {
  trialPolicy?: Partial<TrialPolicy>
  params?: Record<string, unknown>
  seed?: number
}

/** Studies of methods that look at results, whose trials others run. */
export class AdaptivePlace extends ExternalPlace {
  studyOf(
    method: string,
    { trialPolicy, params, seed = 5, ...change }: Partial<ProblemRequest> & StudyOptions = {},
  ): Promise<StudyRecord> {
    const problem = { ...PROBLEM, ...change }
    const about = { name: 'a study', problem, method, params, seed, trialPolicy }
    return this.services.studies.create(about)
  }

  complete({ trial, ...held }: Held, loss: number) {
    const measurement = { tokens: 10, values: { val_loss: loss, accuracy: 0.5 } }
    const report = { ...holding({ trial, ...held }), measurement }
    return this.services.externalTrials.complete(trial.studyId, trial.id, report)
  }

  /** All trials of the study, by position. */
  async trialsOf(study: StudyRecord) {
    const all = await this.store.trials.list({ studyId: study.id, limit: 10_000 })
    return all.toSorted((a, b) => a.position - b.position)
  }
}
