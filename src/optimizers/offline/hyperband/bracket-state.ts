import { createRowMatrix, type RowMatrix, rowMatrixFrom } from '../../row-matrix.js'
import type { SuggestInput } from '../../types.js'
import { isSameMixture, nearestMixture } from './nearest-mixture.js'
import { rungFidelities, type TriedMixture, triedAt } from './rungs.js'

/** A mixture at a rung, and how it stands in its bracket. */
export interface Member extends TriedMixture {
  /** The lowest rung at which it was tried: the bracket it belongs to. */
  entry: number
  /** Whether it was tried, or is being tried, at a higher rung. */
  isPromoted: boolean
  /** In a replay: the candidate that stands for it at the next rung, and its Hellinger distance. */
  next?: { row: number; distance: number }
}

export interface Rung {
  readonly fidelity: string
  /** Whether suggestions may be for it. */
  readonly isOffered: boolean
  readonly members: readonly Member[]
}

export interface BracketState {
  /** The closest to the target last. */
  readonly rungs: readonly Rung[]
  /** Runs made or being made at all rungs. */
  readonly runs: number
}

/**
 * The state of the brackets, from nothing but what was tried: a mixture belongs to the bracket of the lowest rung at which it was
 * tried, whoever asked for it, and it was promoted when it was tried at a higher one.
 *
 * In a replay the tables of two fidelities may share no mixture. There, the run that a mixture is promoted to is the one nearest to
 * it (Hellinger) in the whole table of the next rung, among rows already taken and rows left; of equally near ones a taken one, then
 * the first. So one run may stand for several mixtures of the rung below: once it is made, all of them count as promoted, because
 * what their promotion would show is known. It belongs to the lowest of their brackets.
 */
export function rebuildBrackets<P>(input: SuggestInput<P>): BracketState {
  let runs = 0
  const rungs: Rung[] = rungFidelities(input).map((fidelity, entry) => {
    const tried = triedAt(input, fidelity)
    runs += tried.runs
    return {
      fidelity,
      isOffered: input.fidelities.includes(fidelity),
      members: tried.mixtures.map((mixture) => ({ ...mixture, entry, isPromoted: false })),
    }
  })
  rungs.forEach((rung, k) => {
    const { candidates } = input
    if (!candidates) for (const higher of rungs.slice(k + 1)) linkSame(rung, higher)
    else if (k + 1 < rungs.length) linkNearest(rung, rungs[k + 1], candidates)
  })
  return { rungs, runs }
}

function linkSame(lower: Rung, higher: Rung): void {
  for (const member of lower.members) {
    const same = higher.members.find(({ weights }) => isSameMixture(weights, member.weights))
    if (same) promote(member, same)
  }
}

function linkNearest(lower: Rung, higher: Rung, candidates: ReadonlyMap<string, RowMatrix>): void {
  const taken = rowMatrixFrom(higher.members.map(({ weights }) => weights))
  const left = candidates.get(higher.fidelity) ?? createRowMatrix(0, 0)
  for (const member of lower.members) {
    const run = nearestMixture(taken, member.weights)
    const candidate = nearestMixture(left, member.weights)
    if (candidate && !(run && run.distance <= candidate.distance)) member.next = candidate
    else if (run) promote(member, higher.members[run.row])
  }
}

function promote(member: Member, run: Member): void {
  member.isPromoted = true
  run.entry = Math.min(run.entry, member.entry)
}
