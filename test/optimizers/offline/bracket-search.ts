import { compileProblem } from '../../../src/optimizers/complete-problem.js'
import type { Domain, Group } from '../../../src/optimizers/problem.js'
import { createRng } from '../../../src/optimizers/random.js'
import { type RowMatrix, rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'
import type {
  ActiveTable,
  CompiledProblem,
  Optimizer,
  RunTable,
  SuggestInput,
  Suggestion,
} from '../../../src/optimizers/types.js'

/** A problem with one metric, `loss`, and fidelities f0, f1, … that cost 1, 3, 9, … */
export function ladder(fidelities: number, domains = 4, groups: Group[] = []): CompiledProblem {
  return ladderOver(
    Array.from({ length: domains }, (_, j) => ({ name: `d${j}` })),
    fidelities,
    groups,
  )
}

export function ladderOver(
  domains: Domain[],
  fidelities: number,
  groups: Group[] = [],
): CompiledProblem {
  return compileProblem({
    domains,
    groups,
    metrics: [{ name: 'loss' }],
    fidelities: Array.from({ length: fidelities }, (_, k) => ({
      name: `f${k}`,
      evaluator: 'table' as const,
      cost: 3 ** k,
    })),
  })
}

/** Runs of a table with these losses. */
export function runTable(
  fidelity: string,
  rows: readonly ArrayLike<number>[],
  losses: readonly number[],
): RunTable {
  const normalised = rowMatrixFrom(rows)
  const runIds = rows.map((_, i) => `${fidelity}/${i}`)
  const values = new Map([['loss', Float64Array.from(losses)]])
  return { name: '', fidelity, runIds, raw: normalised, normalised, values }
}

export interface Run {
  weights: Float64Array
  fidelity: string
  suggestion: Suggestion
  /** Undefined while it is being made; NaN when it failed. */
  loss?: number
}

export type Method<P> = Pick<Optimizer<P>, 'suggest'>

/** A study of one method: what it asked for, and what became of it. The method is given nothing else. */
export class BracketSearch<P> {
  readonly runs: Run[] = []
  readonly imported: RunTable[] = []
  readonly #method: Method<P>
  readonly #input: Pick<SuggestInput<P>, 'compiled' | 'params' | 'fidelities'>
  readonly #seed: number

  constructor(method: Method<P>, compiled: CompiledProblem, params: P, seed = 1) {
    const fidelities = compiled.problem.fidelities.map(({ name }) => name)
    this.#method = method
    this.#input = { compiled, params, fidelities }
    this.#seed = seed
  }

  /** What it would try; nothing is written down. */
  suggest(count: number, overrides: Partial<SuggestInput<P>> = {}): Suggestion[] {
    const rng = createRng(this.#seed, 'suggest')
    return this.#method.suggest({ ...this.#input, ...this.tables(), count, rng, ...overrides })
  }

  /** Runs that are being made from now on. */
  ask(count: number): Run[] {
    const { names } = this.#input.compiled.space
    const asked = this.suggest(count).map((suggestion) => ({
      weights: Float64Array.from(names, (name) => suggestion.weights[name]),
      fidelity: suggestion.fidelity,
      suggestion,
    }))
    this.runs.push(...asked)
    return asked
  }

  tables(): { completed: RunTable[]; active: ActiveTable[] } {
    const fidelities = this.#input.compiled.problem.fidelities.map(({ name }) => name)
    const own = fidelities.map((fidelity) => {
      const here = this.runs.filter((run) => run.fidelity === fidelity)
      const done = here.filter(({ loss }) => loss !== undefined)
      const pending = here.filter(({ loss }) => loss === undefined)
      const rows = (runs: Run[]) => runs.map(({ weights }) => weights)
      return {
        completed: runTable(
          fidelity,
          rows(done),
          done.map(({ loss }) => loss as number),
        ),
        active: { fidelity, normalised: rowMatrixFrom(rows(pending)) },
      }
    })
    return {
      completed: [...this.imported, ...own.map(({ completed }) => completed)].filter(hasRows),
      active: own.map(({ active }) => active).filter(hasRows),
    }
  }
}

function hasRows({ normalised }: { normalised: RowMatrix }): boolean {
  return normalised.rows > 0
}

/** Hellinger distance, by its definition. */
export function hellinger(p: ArrayLike<number>, q: ArrayLike<number>): number {
  return Math.sqrt(
    Array.from(p, (value, j) => (Math.sqrt(value) - Math.sqrt(q[j])) ** 2).reduce((a, b) => a + b) /
      2,
  )
}
