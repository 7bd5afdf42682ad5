import {
  largestViolation,
  MixtureSet,
  projectKl,
  SAME_MIXTURE,
  type Space,
  toMixture,
  VIOLATION_TOLERANCE,
} from '../../mixture/index.js'
import { type RowMatrix, rowOf } from '../../row-matrix.js'
import type { SuggestInput, Suggestion } from '../../types.js'
import type { BracketState, Member, Rung } from './bracket-state.js'
import { isSameMixture } from './nearest-mixture.js'

/**
 * All runs that asynchronous successive halving would now make of mixtures that did well (Li et al. 2020, MLSys, algorithm 2; also
 * known as ASHA): in each bracket and at each rung, the best ⌊n/η⌋ of the n mixtures whose runs have ended, unless they were
 * promoted before. Highest rungs first, then the bracket that starts lowest, then the best. Runs without a result rank last and are
 * never promoted, nor are pending ones, nor imported mixtures that break the constraints.
 */
export function promotions<P extends { eta: number }>(
  input: SuggestInput<P>,
  { rungs }: BracketState,
): Suggestion[] {
  const { candidates, compiled } = input
  const found: Suggestion[] = []
  for (let k = rungs.length - 2; k >= 0; k--) {
    const next = candidates ? rungs[k + 1] : rungs.slice(k + 1).find(({ isOffered }) => isOffered)
    if (!next?.isOffered) continue
    const rows = candidates?.get(next.fidelity)
    const taken = new MixtureSet(SAME_MIXTURE)
    for (const { member, standing } of promotable(rungs, k, input.params.eta)) {
      const at = rows ? candidateFor(member, rows) : feasible(compiled.space, member.weights)
      if (!at || taken.has(at.weights)) continue
      taken.add(at.weights)
      found.push({
        weights: toMixture(compiled.space, at.weights),
        fidelity: next.fidelity,
        reason: `Promoted to "${next.fidelity}": ${standing}.${at.note}`,
        ...(at.row !== undefined && { row: at.row }),
      })
    }
  }
  return found
}

interface Ranked {
  member: Member
  /** For people. */
  standing: string
}

function promotable(rungs: readonly Rung[], k: number, eta: number): Ranked[] {
  return rungs.slice(0, k + 1).flatMap(({ fidelity }, entry) => {
    const ended = rungs[k].members.filter((member) => member.entry === entry && member.hasEnded)
    const kept = Math.floor(ended.length / eta)
    const ranked = ended
      .filter(({ objective }) => Number.isFinite(objective))
      .toSorted((a, b) => a.objective - b.objective)
    const among = `of ${ended.length} at "${rungs[k].fidelity}" in the bracket that starts at "${fidelity}"`
    return ranked
      .slice(0, kept)
      .map((member, rank) => ({ member, standing: `number ${rank + 1} ${among}` }))
      .filter(({ member }) => !member.isPromoted)
  })
}

interface Place {
  weights: Float64Array
  row?: number
  note: string
}

function candidateFor({ next }: Member, rows: RowMatrix): Place | undefined {
  if (!next) return undefined
  const { row, distance } = next
  const note =
    distance === 0
      ? ''
      : ` The nearest mixture of the table stands in its place, at a Hellinger distance of ${distance.toPrecision(2)}.`
  return { weights: rowOf(rows, row), row, note }
}

/** Imported weights are rounded; what is further outside than that is another mixture inside. */
function feasible(space: Space, weights: Float64Array): Place | undefined {
  if (largestViolation(space, weights) <= VIOLATION_TOLERANCE) return { weights, note: '' }
  const inside = projectKl(space, weights)
  return isSameMixture(inside, weights) ? { weights: inside, note: '' } : undefined
}
