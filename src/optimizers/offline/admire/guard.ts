import { MixtureSet, SAME_MIXTURE } from '../../mixture/index.js'
import { Z_90 } from '../../normal-distribution.js'
import type { Rng } from '../../random.js'
import { rowOf } from '../../row-matrix.js'
import {
  type GpObservations,
  GpPosterior,
  type InputMap,
  leaveOneOut,
} from '../../surrogates/gaussian-process/index.js'
import { spearman } from '../../surrogates/statistics.js'
import { type PlainPredictor, plainPredictor } from './plain-predictor.js'
import { type Runs, rowsAt } from './runs.js'

/** A rank correlation of few pairs, drawn towards what scales of one training recipe usually show. */
export interface RankAgreement {
  /** Spearman's, of the pairs alone; null where they are too few or constant. */
  readonly measured: number | null
  readonly pairs: number
  /** With what is expected beforehand: the median, and a 90 % interval. */
  readonly estimate: number
  readonly lower: number
  readonly upper: number
}

/** What a fidelity below the target is worth to the model. */
export interface FidelityJudgement {
  readonly fidelity: string
  readonly runs: number
  /** Mixtures that were run at the target, too. */
  readonly shared: number
  /** Scores of the fidelity, at the mixtures that were run at the target, with those of the target. */
  readonly withTarget: RankAgreement
  /** Its own scores, each with what the others predict. */
  readonly withItself: RankAgreement
  /** Best agreement with another fidelity below the target. */
  readonly withOthers: RankAgreement | null
  readonly kept: boolean
}

/** Runs for each domain from which on a fidelity's predictions are taken at their word: with fewer it knows little of the space. */
const TELLING_PER_DOMAIN = 2.5

/** artanh of a correlation, beforehand: the prior of the coregionalisation, too. */
const EXPECTED = Math.atanh(0.7)
const EXPECTED_PRECISION = 1 / 0.6 ** 2
const MOST_CORRELATED = 0.999

/**
 * The guard: which fidelities inform. One that is unlike the target misleads; and one whose scores nothing can be predicted from, not
 * even by each other, is noise. A score at a mixture that was not run is what the fidelity's own runs predict, so that scales can be
 * compared before they share mixtures; where they do it is the score itself, up to its noise. Predictions of few runs fail for lack of
 * runs, not of agreement: they count for less.
 * @param least `leastCorrelation`: a fidelity is dropped when an estimate is below it
 */
export function judgeFidelities(
  runs: Runs,
  map: InputMap,
  least: number,
  rng: Rng,
): FidelityJudgement[] {
  const last = runs.fidelities.length - 1
  const predictors = runs.fidelities.map((_, m) =>
    plainPredictor(runs, m, map, rng.fork('part', m)),
  )
  const target = predictors[last]
  const lower = predictors.slice(0, last)
  const own = lower.map(agreementWithItself)
  const isStructured = own.map(({ estimate }) => estimate >= least)
  return lower.map((predictor, m) => {
    const shared = sharedMixtures(runs, m)
    const withTarget = crossAgreement(predictor, target, shared)
    const others = lower.flatMap((other, k) =>
      k !== m && isStructured[k] ? [crossAgreement(other, predictor, 0)] : [],
    )
    const withOthers = others.toSorted((a, b) => b.estimate - a.estimate)[0] ?? null
    const structure = together([own[m], ...(withOthers ? [withOthers] : [])])
    return {
      fidelity: runs.fidelities[m],
      runs: predictor.observations.values.length,
      shared,
      withTarget,
      withItself: own[m],
      withOthers,
      kept: withTarget.estimate >= least && structure >= least,
    }
  })
}

function agreementWithItself({
  specification,
  values,
  observations,
}: PlainPredictor): RankAgreement {
  if (observations.values.length < 2) return agreementOf([], [])
  const { means } = leaveOneOut(specification, values, observations)
  return agreementOf(means, observations.values, observations.values.length * wordOf(observations))
}

/**
 * What one fidelity predicts at the mixtures of another, with the scores there.
 * @param shared how many of these it ran itself
 */
function crossAgreement(
  from: PlainPredictor,
  { observations: to }: PlainPredictor,
  shared: number,
): RankAgreement {
  const { specification, values, observations } = from
  if (observations.values.length === 0 || to.values.length < 2) return agreementOf([], [])
  const posterior = new GpPosterior(specification, values, observations)
  const { means } = posterior.at({ points: to.points, fidelity: to.fidelity })
  const foretold = Math.max(0, to.values.length - shared) * wordOf(observations)
  return agreementOf(means, to.values, Math.min(shared, to.values.length) + foretold)
}

/** How far predictions of a fidelity are taken at their word, from 0 to 1. */
function wordOf({ points }: GpObservations): number {
  return Math.min(1, points.rows / (TELLING_PER_DOMAIN * points.columns))
}

/**
 * By Fisher's transform, whose variance for rank correlations is 1.06/(n − 3) (Fieller, Hartley and Pearson 1957).
 * @param worth how many pairs they count for; default all
 */
export function agreementOf(
  predicted: ArrayLike<number>,
  scores: ArrayLike<number>,
  worth = scores.length,
): RankAgreement {
  const measured = spearman(predicted, scores)
  const pairs = scores.length
  // Constant predictions agree with nothing.
  const seen = Math.max(-MOST_CORRELATED, Math.min(MOST_CORRELATED, measured ?? 0))
  const precision = Math.max(0, worth - 3) / 1.06
  const total = EXPECTED_PRECISION + precision
  const z = (EXPECTED * EXPECTED_PRECISION + Math.atanh(seen) * precision) / total
  const spread = Z_90 / Math.sqrt(total)
  return {
    measured,
    pairs,
    estimate: Math.tanh(z),
    lower: Math.tanh(z - spread),
    upper: Math.tanh(z + spread),
  }
}

/** The estimate from several independent ones, whose expectation beforehand is one and the same. */
function together(agreements: readonly RankAgreement[]): number {
  let total = EXPECTED_PRECISION
  let sum = EXPECTED * EXPECTED_PRECISION
  for (const { estimate, lower } of agreements) {
    const z = Math.atanh(estimate)
    const all = (Z_90 / (z - Math.atanh(lower))) ** 2
    total += all - EXPECTED_PRECISION
    sum += z * all - EXPECTED * EXPECTED_PRECISION
  }
  return Math.tanh(sum / total)
}

/** Different mixtures of a fidelity that were run at the target, too. */
function sharedMixtures(runs: Runs, m: number): number {
  const own = new MixtureSet(SAME_MIXTURE)
  for (const i of rowsAt(runs, m)) own.add(rowOf(runs.weights, i))
  const shared = new MixtureSet(SAME_MIXTURE)
  for (const i of rowsAt(runs, runs.fidelities.length - 1)) {
    const row = rowOf(runs.weights, i)
    if (own.has(row) && !shared.has(row)) shared.add(row)
  }
  return shared.size
}
