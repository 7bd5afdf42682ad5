import { toMixture } from '../../mixture/index.js'
import { rowOf } from '../../row-matrix.js'
import type { SuggestInput, Suggestion } from '../../types.js'
import { rebuildBrackets } from './bracket-state.js'
import { bracketsOf, entriesAfter } from './brackets.js'
import { promotions } from './promotions.js'
import {
  CandidatesLeft,
  type ChosenMixture,
  drawFromSwarm,
  KnownMixtures,
  type NewMixture,
} from './untried.js'

/** How a method comes by the mixtures that brackets start with. */
export interface NewMixtures<P> {
  /** Mixtures of the space that differ from the known ones and from each other; fewer than `count` where there are no more. */
  draw(input: SuggestInput<P>, known: KnownMixtures, count: number): NewMixture[]
  /**
   * In a replay, one of the candidates that are left at the fidelity, at least one.
   * @param position how many runs there are before it
   */
  choose(
    input: SuggestInput<P>,
    left: CandidatesLeft,
    fidelity: string,
    position: number,
  ): ChosenMixture
}

/**
 * What an asynchronous Hyperband tries next: all promotions that are due, then new mixtures, each in the bracket whose turn it is.
 * The turn follows from the number of runs, as if brackets were worked through one after another; a bracket that can start no more
 * leaves its turn to those after it.
 */
export function suggestInBrackets<P extends { eta: number }>(
  input: SuggestInput<P>,
  newMixtures: NewMixtures<P>,
): Suggestion[] {
  const state = rebuildBrackets(input)
  const brackets = bracketsOf(state.rungs.length, input.params.eta)
  const promoted = promotions(input, state).slice(0, input.count)
  const turns: Turns = {
    first: state.runs + promoted.length,
    startsOf: (position) =>
      entriesAfter(position, brackets)
        .map((entry) => state.rungs[entry])
        .filter(({ isOffered }) => isOffered)
        .map(({ fidelity }) => fidelity),
  }
  const count = input.count - promoted.length
  const left = input.candidates && new CandidatesLeft(input.candidates, promoted)
  const started = left
    ? chooseStarts({ ...input, count }, newMixtures, left, turns)
    : drawStarts({ ...input, count }, newMixtures, turns)
  return [...promoted, ...started]
}

interface Turns {
  /** Position of the first new mixture: how many runs there are before it. */
  first: number
  /** The fidelities at which the mixture at a position may start, the preferred one first. */
  startsOf(position: number): string[]
}

function drawStarts<P>(
  input: SuggestInput<P>,
  newMixtures: NewMixtures<P>,
  { first, startsOf }: Turns,
): Suggestion[] {
  return newMixtures
    .draw(input, new KnownMixtures(input), input.count)
    .map((mixture, i) => startOf(input, mixture, startsOf(first + i)[0]))
}

function chooseStarts<P>(
  input: SuggestInput<P>,
  newMixtures: NewMixtures<P>,
  left: CandidatesLeft,
  { first, startsOf }: Turns,
): Suggestion[] {
  const started: Suggestion[] = []
  while (started.length < input.count) {
    const position = first + started.length
    const fidelity = startsOf(position).find((name) => left.at(name).left.length > 0)
    const chosen = fidelity && newMixtures.choose(input, left, fidelity, position)
    if (!chosen) break
    left.take(fidelity, chosen.row)
    started.push(startOf(input, chosen, fidelity))
  }
  return started
}

function startOf<P>(
  { compiled }: SuggestInput<P>,
  { weights, reason, row }: NewMixture & { row?: number },
  fidelity: string,
): Suggestion {
  return {
    weights: toMixture(compiled.space, weights),
    fidelity,
    reason: `New in the bracket that starts at "${fidelity}": ${reason}.`,
    ...(row !== undefined && { row }),
  }
}

/** Hyperband's own new mixtures: random ones. */
export const randomMixtures: NewMixtures<unknown> = {
  draw: drawFromSwarm,
  choose({ rng }, candidates, fidelity, position) {
    const { rows, left } = candidates.at(fidelity)
    const row = left[rng.fork('candidate', position).integer(left.length)]
    return { weights: rowOf(rows, row), row, reason: 'one of the candidates, at random' }
  },
}
