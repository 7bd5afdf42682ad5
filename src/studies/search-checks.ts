import { MixwrightError } from '../errors.js'
import { pointerToken } from '../optimizers/issue.js'
import { fromMixture } from '../optimizers/mixture/index.js'
import type { CompleteProblem, Mixture } from '../optimizers/problem.js'
import type { StudyRecord } from '../store/records.js'
import type { FittableRuns } from './fittable-runs.js'
import { compileStored, refuseAsMixwrightError } from './problem.js'
import { type PlannedTrial, planComparison } from './search-plan.js'

/** One with proxies. */
export type ProxyFidelity = CompleteProblem['fidelities'][number]

/**
 * The fidelity asked for, or of those with proxies the one closest to the target run.
 * @throws MixwrightError `validation-failed`
 */
export function proxyFidelity({ problem }: StudyRecord, asked: string | undefined): ProxyFidelity {
  const proxies = problem.fidelities.filter(({ evaluator }) => evaluator === 'proxy')
  const [closest] = proxies.toSorted((a, b) => b.order - a.order)
  const found = asked === undefined ? closest : proxies.find(({ name }) => name === asked)
  if (found) return found
  const names = proxies.map(({ name }) => name).join(', ')
  const detail =
    proxies.length === 0
      ? 'The study has no fidelity with the evaluator `proxy`; a search trains proxies.'
      : `"${asked}" is not among the fidelities with proxies: ${names}.`
  throw new MixwrightError('validation-failed', 'There are no proxies to train.', [
    { pointer: '/fidelity', detail },
  ])
}

/**
 * @param fidelity whose runs can be fitted; undefined: those of all
 * @throws MixwrightError `too-few-runs` when nothing could be fitted even if all trials complete
 */
export function refuseTooFew(
  { problem }: StudyRecord,
  fidelity: string | undefined,
  planned: number,
  { imports, trials }: FittableRuns,
): void {
  const counts = (one: { fidelity: string }) => fidelity === undefined || one.fidelity === fidelity
  const imported = imports
    .filter((table) => table.role === 'train' && counts(table))
    .reduce((sum, { rowCount }) => sum + rowCount, 0)
  const earlier = imported + trials.filter(counts).length
  const m = problem.domains.length
  if (planned + earlier >= m + 1) return
  const others = earlier > 0 ? ` and ${earlier} earlier run${earlier === 1 ? '' : 's'}` : ''
  throw new MixwrightError(
    'too-few-runs',
    `The search would have ${planned} distinct mixtures${others}; fitting ${m} domains takes at least ${m + 1}.`,
    [{ pointer: '/trials', detail: `At least ${m + 1 - earlier} are needed.` }],
  )
}

/** @throws MixwrightError `validation-failed` for what is no mixture of the study's domains */
export function comparisonPlan(
  study: StudyRecord,
  mixtures: Readonly<Record<string, Mixture>>,
  options: { fidelity: string; replicates: number; seed: number },
): PlannedTrial[] {
  const { space } = compileStored(study.problem)
  for (const [name, mixture] of Object.entries(mixtures)) {
    refuseAsMixwrightError(() => fromMixture(space, mixture), `/mixtures/${pointerToken(name)}`)
  }
  if (Object.keys(mixtures).length > 0) return planComparison(study, mixtures, options)
  throw new MixwrightError('validation-failed', 'There is nothing to compare.', [
    { pointer: '/mixtures', detail: 'It is empty; a comparison has at least one mixture.' },
  ])
}
