import { groupReplicates } from '../distinct-mixtures.js'
import { InvalidInputError } from '../issue.js'
import type { Rng } from '../random.js'
import type { ProgressListener } from '../types.js'
import { type CrossValidation, crossValidate } from './cross-validation.js'
import { type MetricData, orientedObservations } from './metric-data.js'
import { completeParams, SURROGATES, surrogateNamed } from './registry.js'
import type { SurrogateName } from './types.js'

const CONTROL: SurrogateName = 'single-domain'

export interface ComparisonEntry {
  readonly surrogate: SurrogateName
  /** Whether there are enough distinct mixtures to fit it at all. */
  readonly fittable: boolean
  /** Null when cross-validation, or the fit itself, is impossible; `reason` says why. */
  readonly crossValidation: CrossValidation | null
  /** Why it was or was not chosen. */
  readonly reason: string
}

export interface Comparison {
  /** One a surrogate, from simple to complex, and the control last. */
  readonly entries: readonly ComparisonEntry[]
  readonly chosen: SurrogateName
  readonly reason: string
}

export interface ComparisonInput {
  readonly data: MetricData
  /**
   * The surrogates to choose among; all are compared. Default: every one but the control, which is
   * chosen only when it is the only one named.
   */
  readonly eligible?: readonly SurrogateName[]
  /** What differs from each surrogate's defaults. */
  readonly params?: Readonly<Partial<Record<SurrogateName, Record<string, unknown>>>>
  readonly folds?: number
  readonly rng: Rng
  readonly onProgress?: ProgressListener
}

interface Trial {
  readonly surrogate: SurrogateName
  readonly fittable: boolean
  readonly crossValidation: CrossValidation | null
  readonly obstacle: string
}

/** A trial with a cross-validated error. */
interface Rated {
  readonly surrogate: SurrogateName
  readonly residuals: Float64Array
  readonly rmse: number
  readonly r2: number | null
}

/**
 * Compares all surrogates on one metric by cross-validation, on the same folds, and chooses one by
 * RMSE. A simpler eligible surrogate is preferred to the best one when its mean squared error
 * exceeds the best by no more than one standard error of their paired differences over the runs;
 * simplicity is the registry's order: ridge, least squares, log-linear law, trees. RMSE and not
 * rank correlation decides, because optimisers use the predicted values and not their order alone.
 * @throws InvalidInputError when none of the eligible can be fitted to the runs
 */
export function compareSurrogates(input: ComparisonInput): Comparison {
  const eligible = eligibleOf(input)
  const groups = groupReplicates(input.data.normalised)
  const trials = [...SURROGATES.keys()].map((name, position) =>
    runTrial(input, name, position, groups),
  )
  const candidates = trials.filter(({ surrogate }) => eligible.has(surrogate))
  const rated = trials.flatMap(rate)
  const ratedCandidates = rated.filter(({ surrogate }) => eligible.has(surrogate))
  const { chosen, reason } =
    ratedCandidates.length > 0
      ? chooseRated(ratedCandidates, rated)
      : chooseUnrated(candidates, input.data)
  return {
    chosen,
    reason,
    entries: trials.map((trial) => ({
      surrogate: trial.surrogate,
      fittable: trial.fittable,
      crossValidation: trial.crossValidation,
      reason: trial.surrogate === chosen ? reason : whyNot(trial, chosen, rated, eligible),
    })),
  }
}

function eligibleOf({ eligible }: ComparisonInput): Set<SurrogateName> {
  const names = new Set(eligible ?? SURROGATES.keys())
  if (names.size > 1) names.delete(CONTROL)
  return names
}

function runTrial(
  { data, params, folds = 5, rng, onProgress }: ComparisonInput,
  name: SurrogateName,
  position: number,
  { groupOf, count }: ReturnType<typeof groupReplicates>,
): Trial {
  const surrogate = surrogateNamed(name)
  const complete = completeParams(surrogate, params?.[name])
  const report = (share: number, message: string) =>
    onProgress?.({
      done: Math.round((position + share) * folds),
      total: SURROGATES.size * folds,
      message: `${data.metric}: ${message}`,
    })
  const needed = surrogate.minimumRuns(data.raw.columns, complete)
  if (count < needed) {
    report(1, `${surrogate.title} left out`)
    const obstacle = `It needs ${needed} distinct mixtures and there are ${count}.`
    return { surrogate: name, fittable: false, crossValidation: null, obstacle }
  }
  const { result, reason } = crossValidate({
    surrogate,
    params: complete,
    observations: orientedObservations(data, name).observations,
    folds,
    rng,
    groups: groupOf,
    onFold: (done, total) => report(done / total, `${surrogate.title}, fold ${done} of ${total}`),
  })
  if (!result) report(1, `${surrogate.title} without cross-validation`)
  return { surrogate: name, fittable: true, crossValidation: result, obstacle: reason ?? '' }
}

function rate({ surrogate, crossValidation }: Trial): Rated[] {
  const rmse = crossValidation?.scores.rmse
  if (!crossValidation || rmse === undefined || rmse === null) return []
  const { residuals, scores } = crossValidation
  return [{ surrogate, residuals, rmse, r2: scores.r2 }]
}

function chooseRated(candidates: Rated[], all: Rated[]) {
  const best = bestOf(candidates)
  const chosen = candidates.find((candidate) => withinOneStandardError(candidate, best)) ?? best
  const reasons = [comparison(chosen, best, candidates)]
  const control = all.find(({ surrogate }) => surrogate === CONTROL)
  if (control && control.rmse < best.rmse) {
    reasons.push(
      `The ${CONTROL} control does better, ${figure(control.rmse)}: ` +
        'one domain’s weight predicts this metric better than the surrogate.',
    )
  }
  const outside = all.filter((other) => other !== control && !candidates.includes(other))
  const better = outside.length > 0 ? bestOf(outside) : best
  if (better.rmse < best.rmse) {
    reasons.push(`${better.surrogate}, not eligible here, has ${figure(better.rmse)}.`)
  }
  if (chosen.r2 !== null && chosen.r2 <= 0) {
    reasons.push('It predicts unseen runs no better than the mean of the runs does.')
  }
  return { chosen: chosen.surrogate, reason: reasons.join(' ') }
}

function bestOf(rated: Rated[]): Rated {
  return rated.reduce((kept, other) => (other.rmse < kept.rmse ? other : kept))
}

function comparison(chosen: Rated, best: Rated, rated: Rated[]): string {
  const head = `${chosen.surrogate}: cross-validated RMSE ${figure(chosen.rmse)}`
  if (chosen !== best) {
    return `${head} is within one standard error of the best, ${figure(best.rmse)} of ${best.surrogate}, and it is the simpler model.`
  }
  const others = rated
    .filter((candidate) => candidate !== chosen)
    .sort((a, b) => a.rmse - b.rmse)
    .map((other) => `${figure(other.rmse)} of ${other.surrogate}`)
  return others.length > 0
    ? `${head} against ${others.join(', ')}.`
    : `${head}; there was no other to choose from.`
}

/** Whether the mean excess of squared errors over the best is within its own standard error. */
function withinOneStandardError(candidate: Rated, best: Rated): boolean {
  const n = best.residuals.length
  const excess = best.residuals.map((residual, i) => candidate.residuals[i] ** 2 - residual ** 2)
  const meanExcess = excess.reduce((sum, value) => sum + value, 0) / n
  const variance =
    excess.reduce((sum, value) => sum + (value - meanExcess) ** 2, 0) / Math.max(1, n - 1)
  return meanExcess <= Math.sqrt(variance / n)
}

function chooseUnrated(candidates: Trial[], data: MetricData) {
  const chosen = candidates.find(({ fittable }) => fittable)
  if (!chosen) {
    throw new InvalidInputError(
      `no surrogate can be fitted to the runs of ${data.metric}`,
      candidates.map(({ surrogate, obstacle }) => ({
        pointer: '',
        detail: `${data.metric}: ${surrogate} cannot be fitted. ${obstacle}`,
      })),
    )
  }
  return {
    chosen: chosen.surrogate,
    reason: `${chosen.surrogate}: the simplest candidate that can be fitted. ${chosen.obstacle}`,
  }
}

function whyNot(
  trial: Trial,
  chosen: SurrogateName,
  rated: Rated[],
  eligible: Set<SurrogateName>,
): string {
  const own = rated.find(({ surrogate }) => surrogate === trial.surrogate)
  const other = rated.find(({ surrogate }) => surrogate === chosen)
  const role = trial.surrogate === CONTROL ? 'The control. ' : 'Not eligible here. '
  const prefix = eligible.has(trial.surrogate) ? '' : role
  if (!own) return prefix + trial.obstacle
  const against = other ? ` against ${figure(other.rmse)} of ${chosen}` : ''
  const simpler =
    other && own.rmse < other.rmse && !prefix
      ? ', which is simpler and within one standard error'
      : ''
  return `${prefix}Cross-validated RMSE ${figure(own.rmse)}${against}${simpler}.`
}

/** Three significant digits without an exponent where that is readable. */
function figure(value: number): string {
  return String(Number(value.toPrecision(3)))
}
