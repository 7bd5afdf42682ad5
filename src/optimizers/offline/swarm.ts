import {
  MixtureSet,
  OLMIX_SAMPLING,
  type RegmixSamplingOptions,
  regmixDrawer,
  SAME_MIXTURE,
  type Space,
  toMixture,
  uniformDrawer,
} from '../mixture/index.js'
import { createRng, permutation, type Rng } from '../random.js'
import { createRowMatrix, rowOf } from '../row-matrix.js'
import type { SuggestInput, Suggestion } from '../types.js'

/** Vectors drawn for one mixture before the space counts as exhausted: few of them may be within all bounds. */
const MOST_DRAWS = 1000

/**
 * Mixtures to try, by RegMix's Step A sampler within the constraints, without those already tried or being tried
 * (`suggestDrawn`). Where it finds none, as among hundreds of domains or with narrow groups, Olmix's options take the place of the
 * given ones, and then uniform draws. Weights sum to 1.
 */
export function suggestSwarm<P>(
  input: SuggestInput<P>,
  options: Partial<RegmixSamplingOptions>,
): Suggestion[] {
  if (input.candidates) return drawCandidates(input)
  const { space } = input.compiled
  const around = (own: Partial<RegmixSamplingOptions>): Sampler => ({
    draw: regmixDrawer(space, { ...own, renormalise: true }),
    reason: 'One of a swarm drawn around the natural mixture (RegMix, Step A).',
  })
  return suggestDrawn(input, {
    fidelity: cheapestFidelity(input),
    purpose: 'swarm',
    samplers: [...new Set([options, OLMIX_SAMPLING])]
      .map(around)
      .filter(findsAny)
      .concat(uniform(space)),
  })
}

/** Uniform on all mixtures of the space. */
export const uniform = (space: Space): Sampler => ({
  draw: uniformDrawer(space),
  reason: 'Drawn uniformly from all mixtures that meet the constraints.',
})

/** The same for all mixtures of a space, so that none is drawn in another way than its neighbours. */
function findsAny({ draw }: Sampler): boolean {
  const rng = createRng(0, 'probe')
  for (let i = 0; i < MOST_DRAWS; i++) if (draw(rng)) return true
  return false
}

/** How mixtures are drawn. */
export interface Sampler {
  /** m weights that meet all constraints, or undefined when the draw was rejected. */
  draw: (rng: Rng) => Float64Array | undefined
  reason: string
}

/** How mixtures that depend on no result are drawn. */
export interface Drawing {
  fidelity: string
  /** Names the streams. */
  purpose: string
  /** Each is taken where those before it find nothing new. */
  samplers: readonly Sampler[]
}

/**
 * Mixtures drawn one after another, without those already tried or being tried. The i-th mixture of a study is drawn from a stream of
 * its own, named by how many there are before it, so it is the same whether the mixtures are asked for one by one or many at
 * once. They are fewer than asked for when the space has no more.
 */
export function suggestDrawn<P>(
  { compiled, completed, active, avoid = [], count, rng }: SuggestInput<P>,
  { fidelity, purpose, samplers }: Drawing,
): Suggestion[] {
  const known = new MixtureSet(SAME_MIXTURE)
  for (const { normalised } of [...completed, ...active, ...avoid])
    for (let i = 0; i < normalised.rows; i++) known.add(rowOf(normalised, i))
  const suggestions: Suggestion[] = []
  while (suggestions.length < count) {
    const drawn = drawNew(samplers, rng.fork(purpose, known.size), known)
    if (!drawn) break
    known.add(drawn.row)
    const weights = toMixture(compiled.space, drawn.row)
    suggestions.push({ weights, fidelity, reason: drawn.reason })
  }
  return suggestions
}

/** Of the fidelities that suggestions may be for; in a replay, of those that have candidates left. */
export function cheapestFidelity<P>({ compiled, fidelities, candidates }: SuggestInput<P>): string {
  const offered = compiled.problem.fidelities
    .filter(({ name }) => fidelities.includes(name))
    .toSorted((a, b) => a.cost - b.cost)
  const left = offered.find(({ name }) => (candidates?.get(name)?.rows ?? 0) > 0)
  return (left ?? offered[0]).name
}

/** Candidates at random, without replacement, at the cheapest fidelity that has some. */
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
  samplers: readonly Sampler[],
  rng: Rng,
  known: MixtureSet,
): { row: Float64Array; reason: string } | undefined {
  for (const { draw, reason } of samplers) {
    for (let i = 0; i < MOST_DRAWS; i++) {
      const row = draw(rng)
      if (row && !known.has(row)) return { row, reason }
    }
  }
  return undefined
}
