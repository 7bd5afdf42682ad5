import { groupReplicates } from '../distinct-mixtures.js'
import { permutation, type Rng } from '../random.js'
import type { Scores } from '../recommendation.js'
import { selectRows } from '../row-matrix.js'
import { scores } from './statistics.js'
import type { Observations, Surrogate } from './types.js'

export interface CrossValidation {
  readonly folds: number
  /** Pooled over all folds: every run is predicted once, by a fit that has not seen its mixture. */
  readonly scores: Scores
  /** n predictions, oriented. */
  readonly outOfFold: Float64Array
  /** n residuals: measured − predicted. */
  readonly residuals: Float64Array
}

/** Either the result, or why there is none. */
export type CrossValidationOutcome =
  | { readonly result: CrossValidation; readonly reason: null }
  | { readonly result: null; readonly reason: string }

export interface CrossValidationInput {
  readonly surrogate: Surrogate
  /** Complete parameters. */
  readonly params: Record<string, unknown>
  readonly observations: Observations
  /** Default 5; fewer when there are fewer distinct mixtures. */
  readonly folds?: number
  readonly rng: Rng
  /** n labels of what must stay together; default: one a distinct mixture. */
  readonly groups?: Int32Array
  /** Called after each fold. */
  readonly onFold?: (done: number, total: number) => void
}

/**
 * K-fold cross-validation over distinct mixtures: replicates of a mixture share a fold, so that no
 * run is predicted by a fit that has seen its mixture. Equal generators give equal folds, so
 * surrogates can be compared run by run.
 */
export function crossValidate(input: CrossValidationInput): CrossValidationOutcome {
  const { surrogate, params, observations, rng, onFold } = input
  const groupOf = input.groups ?? groupReplicates(observations.normalised).groupOf
  const { foldOf, folds, groupsOutside } = assignFolds(groupOf, input.folds ?? 5, rng.fork('folds'))
  if (folds < 2) {
    return { result: null, reason: 'Cross-validation needs at least two distinct mixtures.' }
  }
  const needed = surrogate.minimumRuns(observations.raw.columns, params)
  const available = Math.min(...groupsOutside)
  if (available < needed) {
    return {
      result: null,
      reason:
        `Cross-validation in ${folds} folds would fit to ${available} distinct mixtures; ` +
        `this surrogate needs ${needed}.`,
    }
  }
  const outOfFold = new Float64Array(observations.values.length)
  for (let fold = 0; fold < folds; fold++) {
    const inside = indicesWhere(foldOf, (other) => other === fold)
    const training = selectObservations(
      observations,
      indicesWhere(foldOf, (other) => other !== fold),
    )
    const fitted = surrogate.fit(training, params, rng.fork('fit', fold))
    const predicted = fitted.predictMean(selectRows(observations[fitted.rows], inside))
    inside.forEach((i, k) => {
      outOfFold[i] = predicted[k]
    })
    onFold?.(fold + 1, folds)
  }
  return {
    result: {
      folds,
      scores: scores(outOfFold, observations.values),
      outOfFold,
      residuals: observations.values.map((value, i) => value - outOfFold[i]),
    },
    reason: null,
  }
}

/** The named rows of all members. */
export function selectObservations(observations: Observations, indices: Int32Array): Observations {
  return {
    raw: selectRows(observations.raw, indices),
    normalised: selectRows(observations.normalised, indices),
    values: Float64Array.from(indices, (i) => observations.values[i]),
  }
}

/** Shuffled groups go one by one to the fold with the fewest runs. */
function assignFolds(groupOf: Int32Array, wanted: number, rng: Rng) {
  const sizes = new Map<number, number>()
  for (const group of groupOf) sizes.set(group, (sizes.get(group) ?? 0) + 1)
  const groups = [...sizes.keys()]
  const folds = Math.min(wanted, groups.length)
  const runs = new Int32Array(folds)
  const groupsInside = new Int32Array(folds)
  const foldOfGroup = new Map<number, number>()
  for (const index of permutation(groups.length, rng)) {
    const fold = runs.indexOf(Math.min(...runs))
    foldOfGroup.set(groups[index], fold)
    runs[fold] += sizes.get(groups[index]) ?? 0
    groupsInside[fold]++
  }
  return {
    folds,
    foldOf: Int32Array.from(groupOf, (group) => foldOfGroup.get(group) ?? 0),
    groupsOutside: groupsInside.map((inside) => groups.length - inside),
  }
}

function indicesWhere(labels: Int32Array, keep: (label: number) => boolean): Int32Array {
  const indices: number[] = []
  labels.forEach((label, i) => {
    if (keep(label)) indices.push(i)
  })
  return Int32Array.from(indices)
}
