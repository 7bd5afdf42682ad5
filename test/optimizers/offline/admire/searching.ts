import { largestViolation, MixtureSet } from '../../../../src/optimizers/mixture/index.js'
import type { AdmireParams } from '../../../../src/optimizers/offline/admire/params.js'
import { suggest } from '../../../../src/optimizers/offline/admire/suggest.js'
import { createRng } from '../../../../src/optimizers/random.js'
import { rowOf } from '../../../../src/optimizers/row-matrix.js'
import type { CompiledProblem, Memo } from '../../../../src/optimizers/types.js'
import { runTable, tried } from './support.js'

export interface Tried {
  fidelity: string
  row: number[]
}

/** What became of a trial: a loss (NaN when it was not measured), or nothing. */
export type Outcome = number | 'failed' | 'under way'

/** Suggestions one call after the other, with what became of them: what a study would ask of the method. */
export class Search {
  readonly trials: (Tried & { outcome: Outcome })[] = []
  readonly #compiled: CompiledProblem
  readonly #params: AdmireParams
  readonly #seed: number
  readonly #memo: Memo | undefined

  constructor(compiled: CompiledProblem, params: AdmireParams, seed = 1, memo?: Memo) {
    this.#compiled = compiled
    this.#params = params
    this.#seed = seed
    this.#memo = memo
  }

  get names(): string[] {
    return this.#compiled.problem.fidelities.map(({ name }) => name)
  }

  ask(count: number, fidelities = this.names): Tried[] {
    const measured = (outcome: Outcome) => typeof outcome === 'number'
    const suggestions = suggest({
      compiled: this.#compiled,
      params: this.#params,
      completed: this.#tables(measured, (name, rows, losses) => runTable(name, rows, losses)),
      active: this.#tables((outcome) => outcome === 'under way', tried),
      avoid: this.#tables((outcome) => outcome === 'failed', tried),
      fidelities,
      count,
      rng: createRng(this.#seed, 'suggest'),
      memo: this.#memo,
    })
    const { names } = this.#compiled.space
    return suggestions.map(({ fidelity, weights }) => ({
      fidelity,
      row: names.map((name) => weights[name]),
    }))
  }

  add(trial: Tried, outcome: Outcome): void {
    this.trials.push({ ...trial, outcome })
  }

  /** Asks for one run after the other until there are so many, or none is suggested. */
  run(steps: number, loss: (row: number[], fidelity: string) => number): 'stopped' | 'steps' {
    while (this.trials.length < steps) {
      const [next] = this.ask(1)
      if (!next) return 'stopped'
      this.add(next, loss(next.row, next.fidelity))
    }
    return 'steps'
  }

  at(fidelity: string): number[][] {
    return this.trials.filter((one) => one.fidelity === fidelity).map(({ row }) => row)
  }

  #tables<T>(
    is: (outcome: Outcome) => boolean,
    make: (fidelity: string, rows: number[][], losses: number[]) => T,
  ): T[] {
    return this.names.flatMap((name) => {
      const own = this.trials.filter(({ fidelity, outcome }) => fidelity === name && is(outcome))
      if (own.length === 0) return []
      return [
        make(
          name,
          own.map(({ row }) => row),
          own.map(({ outcome }) => Number(outcome)),
        ),
      ]
    })
  }
}

/** How far the trials violate the constraints, and how many have been there before at their fidelity. */
export function faultsOf({ space }: CompiledProblem, trials: readonly Tried[]) {
  const known = new Map<string, MixtureSet>()
  let duplicates = 0
  let violation = 0
  for (const { fidelity, row } of trials) {
    const own = known.get(fidelity) ?? new MixtureSet(1e-3)
    known.set(fidelity, own)
    if (own.has(row)) duplicates += 1
    own.add(row)
    violation = Math.max(violation, largestViolation(space, Float64Array.from(row)))
  }
  return { duplicates, violation }
}

/** How far the weights are from multiples of 1/1000. */
export const offGrid = (row: readonly number[]): number =>
  Math.max(...row.map((weight) => Math.abs(weight * 1000 - Math.round(weight * 1000)))) / 1000

export const rowsIn = (table: { normalised: Parameters<typeof rowOf>[0] }): number[][] =>
  Array.from({ length: table.normalised.rows }, (_, i) => Array.from(rowOf(table.normalised, i)))
