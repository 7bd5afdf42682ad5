import { toMixture } from '../../mixture/index.js'
import type { Rng } from '../../random.js'
import { createRowMatrix } from '../../row-matrix.js'
import type { Memo, SuggestInput, Suggestion } from '../../types.js'
import { placesLeft, rowsLeft, withoutPlace } from './candidates-left.js'
import { type Offer, spaceOffer, tableOffer } from './choices.js'
import { drawnCandidate, nextDesigned, unfinishedDesign } from './design.js'
import { memoKey } from './memo-key.js'
import type { Model } from './model.js'
import { bestOfSpace, bestOfTable, type NextRun } from './next-run.js'
import { imaginePending } from './outlook.js'
import type { AdmireParams } from './params.js'
import { asPublished } from './replication.js'
import { assess, type Situation } from './situation.js'
import { hasConverged, tellsTooLittle } from './stopping.js'
import { fitGuarded } from './surrogate.js'

type Input = SuggestInput<AdmireParams>

/**
 * The next runs, one after the other: each counts as under way for those after it. First those of the initial design, then what the
 * model expects most of. None where nothing more is to be expected.
 */
export function suggest(input: Input): Suggestion[] {
  const memo = input.memo ?? ownMemo()
  const params = asPublished(input.params)
  const suggestions: Suggestion[] = []
  let left = input.candidates && placesLeft(input.candidates, input.avoid ?? [])
  let { active } = input
  while (suggestions.length < input.count) {
    if (suggestions.length > 0 && input.isEnough?.()) break
    const next = suggestOne({ ...input, params, memo, active, candidates: left && rowsLeft(left) })
    if (!next) break
    const normalised = { data: next.weights, rows: 1, columns: next.weights.length }
    active = [...active, { fidelity: next.fidelity, normalised }]
    const row = next.row === undefined ? undefined : left?.get(next.fidelity)?.places[next.row]
    suggestions.push({
      weights: toMixture(input.compiled.space, next.weights),
      fidelity: next.fidelity,
      reason: next.reason,
      ...(row === undefined ? {} : { row }),
    })
    if (left && next.row !== undefined) left = withoutPlace(left, next.fidelity, next.row)
  }
  return suggestions
}

interface FoundRun {
  weights: Float64Array
  fidelity: string
  reason: string
  row?: number
}

function suggestOne(input: Input): FoundRun | undefined {
  const situation = assess({ ...input, ...aimOf(input) })
  const found = nextOf(situation, input)
  return found && { ...found, reason: found.reason + whatIsLeftOut(situation) }
}

/** Whoever offers fidelities has to hear why some are never run. */
function whatIsLeftOut({ runs: { fidelities }, dear }: Situation): string {
  if (dear.length === 0) return ''
  const names = dear.map((m) => fidelities[m]).join(', ')
  return ` A run at ${names} costs no less than one at ${fidelities.at(-1)}, so none is made: give each fidelity its cost.`
}

function nextOf(situation: Situation, input: Input): FoundRun | undefined {
  const { params, rng, memo } = input
  const designed = designedRun(situation, input)
  if (designed) return designed
  if (situation.runs.scores.length === 0) return withoutResults(situation, input)
  const { model, situation: guarded } = fitGuarded(situation, params, rng, memo)
  // Without the fidelities that the guard dropped the target needs a design of its own.
  const instead =
    model === undefined || guarded !== situation
      ? designedRun(guarded, withoutCount(input))
      : undefined
  if (instead || !model) return instead
  return modelled(guarded, model, input)
}

/** What can be run, and what for. */
function aimOf({ fidelities, target, params }: Input) {
  if (target === undefined || !fidelities.includes(target)) {
    return { offered: fidelities, target: undefined }
  }
  return params.form === 'bo'
    ? { offered: [target], target: undefined }
    : { offered: fidelities, target }
}

/** `initialRuns` is of the cheapest fidelity, not of what takes its place. */
const withoutCount = (input: Input): Input => ({
  ...input,
  params: { ...input.params, initialRuns: null },
})

function designedRun(situation: Situation, input: Input): FoundRun | undefined {
  const fidelity = unfinishedDesign(situation, input.params)
  return fidelity === undefined ? undefined : drawAt(situation, fidelity, input)
}

/** Everything of the design is under way and nothing has come back: more of the same, at the cheapest fidelity. */
function withoutResults(situation: Situation, input: Input): FoundRun | undefined {
  const { offered, costs } = situation
  for (const m of offered.toSorted((a, b) => costs[a] - costs[b])) {
    const drawn = drawAt(situation, m, input)
    if (drawn) return drawn
  }
  return undefined
}

function drawAt(
  situation: Situation,
  place: number,
  { candidates, params, rng, memo }: Input,
): FoundRun | undefined {
  const fidelity = situation.runs.fidelities[place]
  const table = candidates?.get(fidelity) ?? createRowMatrix(0, 0)
  const drawn = candidates
    ? drawnCandidate(situation, place, table, rng)
    : nextDesigned(situation, place, params, rng, memo)
  const reason = `Initial design at ${fidelity}: no result has a part in it.`
  return drawn && { weights: drawn.weights, row: drawn.row, fidelity, reason }
}

function modelled(situation: Situation, model: Model, input: Input): FoundRun | undefined {
  const { params, candidates } = input
  const rng = input.rng.fork('next', situation.runs.scores.length)
  const offer = candidates
    ? tableOffer(situation, candidates)
    : spaceOffer(situation, model, params, rng)
  if (offer.weights.rows === 0) return undefined
  if (params.stop && isDone(situation, model, input, offer, rng.fork('stop'))) return undefined
  const outlook = imaginePending(model, situation, params, rng.fork('pending'))
  const best = candidates ? bestOfTable : bestOfSpace
  const next = best(outlook, offer, params, rng)
  if (!next || tellsTooLittle(model, situation, next.utility, params)) return undefined
  return { ...next, ...described(model, situation, next) }
}

/** Asked once for the same runs, also where several mixtures are asked for. */
function isDone(
  situation: Situation,
  model: Model,
  { memo }: Input,
  offer: Offer,
  rng: Rng,
): boolean {
  const look = () => hasConverged(model, situation, offer, rng)
  if (!memo) return look()
  const { weights, fidelity, scores } = situation.runs
  const data = [weights.data, fidelity, scores, model.hyperparameters]
  return memo.get(memoKey('stop', data, situation.runs.fidelities, rng), look)
}

function described(model: Model, situation: Situation, next: NextRun) {
  const fidelity = situation.runs.fidelities[next.fidelity]
  const known = model.runs.scores.length
  const reason = `Promises most, by a Gaussian process over ${known} run${known === 1 ? '' : 's'}${model.target > 0 ? `, for what a run at ${fidelity} costs` : ''}.`
  return { fidelity, reason }
}

/** Within one call the same runs need one fit. */
function ownMemo(): Memo {
  const values = new Map<string, unknown>()
  return {
    get<T>(key: string, make: () => T): T {
      if (!values.has(key)) values.set(key, make())
      return values.get(key) as T
    },
  }
}
