import {
  MixtureSet,
  type RegmixSamplingOptions,
  regmixDrawer,
  SAME_MIXTURE,
  toMixture,
} from '../mixture/index.js'
import { permutation, type Rng } from '../random.js'
import { createRowMatrix, rowOf } from '../row-matrix.js'
import type { SuggestInput, Suggestion } from '../types.js'

/** Vectors drawn for one mixture before the space counts as exhausted: few of them may be within all bounds. */
const MOST_DRAWS = 1000

/**
 * Mixtures to try, by RegMix's Step A sampler within the constraints, without those already tried or being tried
 * (`suggestDrawn`). Weights sum to 1.
 */
export function suggestSwarm<P>(
  input: SuggestInput<P>,
  options: Partial<RegmixSamplingOptions>,
): Suggestion[] {
  if (input.candidates) return drawCandidates(input)
  return suggestDrawn(input, {
    fidelity: cheapestFidelity(input),
    purpose: 'swarm',
    draw: regmixDrawer(input.compiled.space, { ...options, renormalise: true }),
    reason: 'One of a swarm drawn around the natural mixture (RegMix, Step A).',
  })
}

/** How mixtures that depend on no result are drawn. */
export interface Drawing {
  fidelity: string
  /** Names the streams. */
  purpose: string
  /** m weights that meet all constraints, or undefined when the draw was rejected. */
  draw: (rng: Rng) => Float64Array | undefined
  reason: string
}

/**
 * Mixtures drawn one after another, without those already tried or being tried. The i-th mixture of a study is drawn from a stream of
 * its own, named by how many there are before it, so it is the same whether the mixtures are asked for one by one or many at
 * once. They are fewer than asked for when the space has no more.
 */
export function suggestDrawn<P>(
  { compiled, completed, active, avoid = [], count, rng }: SuggestInput<P>,
  { fidelity, purpose, draw, reason }: Drawing,
): Suggestion[] {
  const known = new MixtureSet(SAME_MIXTURE)
  for (const { normalised } of [...completed, ...active, ...avoid])
    for (let i = 0; i < normalised.rows; i++) known.add(rowOf(normalised, i))
  const suggestions: Suggestion[] = []
  while (suggestions.length < count) {
    const row = drawNew(draw, rng.fork(purpose, known.size), known)
    if (!row) break
    known.add(row)
    suggestions.push({ weights: toMixture(compiled.space, row), fidelity, reason })
  }
  return suggestions
}

/** Of the fidelities that suggestions may be for. */
export function cheapestFidelity<P>({ compiled, fidelities }: SuggestInput<P>): string {
  const offered = compiled.problem.fidelities.filter(({ name }) => fidelities.includes(name))
  return offered.toSorted((a, b) => a.cost - b.cost)[0].name
}

/** Candidates at random, without replacement, at the cheapest fidelity. */
export function drawCandidates<P>(input: SuggestInput<P>): Suggestion[] {
  const { compiled, completed, active, count, rng } = input
  const fidelity = cheapestFidelity(input)
  const rows = input.candidates?.get(fidelity) ?? createRowMatrix(0, 0)
  const tried = [...completed, ...active].reduce((sum, { normalised }) => sum + normalised.rows, 0)
  return [...permutation(rows.rows, rng.fork('candidates', tried))].slice(0, count).map((row) => ({
    weights: toMixture(compiled.space, rowOf(rows, row)),
    fidelity,
    reason: 'One of the candidates, at random.',
    row,
  }))
}

function drawNew(
  draw: (rng: Rng) => Float64Array | undefined,
  rng: Rng,
  known: MixtureSet,
): Float64Array | undefined {
  for (let i = 0; i < MOST_DRAWS; i++) {
    const row = draw(rng)
    if (row && !known.has(row)) return row
  }
  return undefined
}
