import { proposeCandidates } from '../../acquisition/index.js'
import {
  largestViolation,
  MixtureSet,
  SAME_MIXTURE,
  VIOLATION_TOLERANCE,
} from '../../mixture/index.js'
import { uniformMixture } from '../../mixture/reference-mixtures.js'
import type { Rng } from '../../random.js'
import { createRowMatrix, type RowMatrix, rowOf, selectRows, stackRows } from '../../row-matrix.js'
import { triedAt } from './design.js'
import { type Model, pointsOf } from './model.js'
import type { AdmireParams } from './params.js'
import { rowsAt } from './runs.js'
import type { Situation } from './situation.js'
import type { Choices } from './utilities.js'

/** What could be run next. */
export interface Offer extends Choices {
  /** Places in the table of the fidelity, where only a table can be run. */
  readonly rows: Int32Array | undefined
  /** (· × m) mixtures among which the best one at the target is sought. */
  readonly sought: RowMatrix
  /** Fidelity whose mixtures are to be run as they are, because others ran them, too. */
  readonly shared?: number
}

/** Mixtures with the best means that new ones are drawn around. */
const AROUND = 3

/** Every row that is left, at every fidelity that can be run. */
export function tableOffer(
  situation: Situation,
  candidates: ReadonlyMap<string, RowMatrix>,
): Offer {
  const { runs, offered } = situation
  const m = situation.compiled.space.names.length
  const target = runs.fidelities.length - 1
  const parts = offered.map((place) => ({
    place,
    rows: candidates.get(runs.fidelities[place]) ?? createRowMatrix(0, m),
  }))
  const weights = stackRows(
    parts.map(({ rows }) => rows),
    m,
  )
  const left = parts.find(({ place }) => place === target)?.rows
  const run = selectRows(runs.weights, rowsAt(runs, target))
  return {
    weights,
    fidelity: Int32Array.from(parts.flatMap(({ place, rows }) => Array(rows.rows).fill(place))),
    rows: Int32Array.from(parts.flatMap(({ rows }) => [...Array(rows.rows).keys()])),
    sought: left ? stackRows([left, run], m) : stackRows([weights, runs.weights], m),
  }
}

/** Candidates from all over the space and around the best, at every fidelity that can be run and has not tried them. */
export function spaceOffer(
  situation: Situation,
  model: Model,
  params: AdmireParams,
  rng: Rng,
): Offer {
  const { space } = situation.compiled
  const candidates = proposeCandidates(space, {
    count: params.candidates,
    best: bestMeans(model, AROUND),
    references: [space.prior, uniformMixture(space)],
    rng: rng.fork('candidates'),
  })
  const { runs, pending, offered } = situation
  const sought = stackRows([candidates, runs.weights, pending.weights], space.names.length)
  const shared = offered.find((place) => isLackingShared(situation, params, place))
  const parts = offered.map((place) => {
    const rows =
      place === shared
        ? runBelow(situation, place).map((i) => candidates.rows + i)
        : [...Array(candidates.rows).keys()]
    return { place, rows: untried(sought, rows, triedAt(situation, place)) }
  })
  const places = Int32Array.from(parts.flatMap(({ rows }) => rows))
  return {
    weights: selectRows(sought, places),
    fidelity: Int32Array.from(parts.flatMap(({ place, rows }) => rows.map(() => place))),
    rows: undefined,
    sought,
    places,
    shared,
  }
}

/** The mixtures run so far that the model thinks best at the target. */
function bestMeans(model: Model, count: number): Float64Array[] {
  const { weights } = model.runs
  const { means } = model.posterior.at(pointsOf(model, weights, model.target))
  const ranked = [...means.keys()].sort((a, b) => means[b] - means[a])
  const best = new MixtureSet(SAME_MIXTURE)
  const chosen: Float64Array[] = []
  for (const i of ranked) {
    const row = rowOf(weights, i)
    if (chosen.length === count) break
    if (best.has(row)) continue
    best.add(row)
    chosen.push(row)
  }
  return chosen
}

/** Whether the target has too few runs of mixtures that were run below it, and there are more of these. */
function isLackingShared(
  situation: Situation,
  { sharedRuns }: AdmireParams,
  place: number,
): boolean {
  const { runs, pending } = situation
  const target = runs.fidelities.length - 1
  if (place !== target || target === 0) return false
  const waiting = pending.fidelity.filter((m) => m === target).length
  if (rowsAt(runs, target).length + waiting >= sharedRuns) return false
  return untried(runs.weights, runBelow(situation, place), triedAt(situation, place)).length > 0
}

/** Runs at a fidelity below of mixtures within all constraints. */
function runBelow({ runs, compiled }: Situation, place: number): number[] {
  return [...runs.fidelity.keys()].filter(
    (i) =>
      runs.fidelity[i] < place &&
      largestViolation(compiled.space, rowOf(runs.weights, i)) <= VIOLATION_TOLERANCE,
  )
}

/** Those of the rows that are not known, each mixture once. */
function untried(all: RowMatrix, rows: readonly number[], known: MixtureSet): number[] {
  return rows.filter((k) => {
    const row = rowOf(all, k)
    if (known.has(row)) return false
    known.add(row)
    return true
  })
}
