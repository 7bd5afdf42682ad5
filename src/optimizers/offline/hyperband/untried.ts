import { MixtureSet, REGMIX_SAMPLING, SAME_MIXTURE } from '../../mixture/index.js'
import { createRowMatrix, type RowMatrix, rowMatrixFrom, rowOf } from '../../row-matrix.js'
import type { SuggestInput, Suggestion } from '../../types.js'
import { suggestSwarm } from '../swarm.js'

/** A mixture for a bracket to start with. */
export interface NewMixture {
  /** (m) within all constraints, or a row of the candidates. */
  weights: Float64Array
  /** Why this one, for people. */
  reason: string
}

export interface ChosenMixture extends NewMixture {
  /** Its row among the candidates at the fidelity. */
  row: number
}

/** The different mixtures that were tried or are being tried at any fidelity. */
export class KnownMixtures {
  readonly #rows: Float64Array[] = []
  readonly #set = new MixtureSet(SAME_MIXTURE)

  constructor({ completed, active, avoid = [] }: SuggestInput<unknown>) {
    for (const { normalised } of [...completed, ...avoid, ...active])
      for (let i = 0; i < normalised.rows; i++) this.add(rowOf(normalised, i))
  }

  get size(): number {
    return this.#rows.length
  }

  has(weights: Float64Array): boolean {
    return this.#set.has(weights)
  }

  /** Does nothing when it is known. */
  add(weights: Float64Array): void {
    if (this.has(weights)) return
    this.#set.add(weights)
    this.#rows.push(weights)
  }

  toMatrix(columns: number): RowMatrix {
    return rowMatrixFrom(this.#rows, columns)
  }
}

/**
 * Mixtures of RegMix's swarm (`suggestSwarm`) that are not known, fewer than asked for where the space has no more. The i-th new
 * mixture of a study comes from a stream of its own, so it does not matter how many are asked for at once, nor what is promoted meanwhile.
 */
export function drawFromSwarm<P>(
  input: SuggestInput<P>,
  known: KnownMixtures,
  count: number,
): NewMixture[] {
  const { names } = input.compiled.space
  const [fidelity] = input.fidelities
  const drawn = suggestSwarm(
    {
      ...input,
      candidates: undefined,
      completed: [],
      avoid: [],
      active: [{ fidelity, normalised: known.toMatrix(names.length) }],
      count,
    },
    REGMIX_SAMPLING,
  )
  return drawn.map(({ weights, reason }) => ({
    weights: Float64Array.from(names, (name) => weights[name]),
    reason: reason.replace(/\.$/, '').replace(/^./, (first) => first.toLowerCase()),
  }))
}

/** The rows of replayed tables that are left at each fidelity once some were suggested. */
export class CandidatesLeft {
  readonly #candidates: ReadonlyMap<string, RowMatrix>
  readonly #taken = new Map<string, Set<number>>()

  constructor(candidates: ReadonlyMap<string, RowMatrix>, suggested: readonly Suggestion[]) {
    this.#candidates = candidates
    for (const { fidelity, row } of suggested) if (row !== undefined) this.take(fidelity, row)
  }

  at(fidelity: string): { rows: RowMatrix; left: number[] } {
    const rows = this.#candidates.get(fidelity) ?? createRowMatrix(0, 0)
    const taken = this.#taken.get(fidelity)
    const left = Array.from({ length: rows.rows }, (_, row) => row)
    return { rows, left: taken ? left.filter((row) => !taken.has(row)) : left }
  }

  take(fidelity: string, row: number): void {
    const taken = this.#taken.get(fidelity) ?? new Set<number>()
    this.#taken.set(fidelity, taken.add(row))
  }
}
