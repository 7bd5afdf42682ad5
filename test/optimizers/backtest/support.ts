import { Type } from 'typebox'
import type {
  BacktestEntry,
  BacktestTable,
  Replay,
} from '../../../src/optimizers/backtest/index.js'
import { compileProblem } from '../../../src/optimizers/complete-problem.js'
import type { Problem } from '../../../src/optimizers/problem.js'
import { createRng } from '../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'
import type { Optimizer, PickInput, RunTable, SuggestInput } from '../../../src/optimizers/types.js'

const DOMAINS = ['a', 'b', 'c']

/** Runs at a fidelity with these losses, and an accuracy and a standard error that tell them apart. */
export function runsWith(fidelity: string, losses: readonly number[], seed = 1): RunTable {
  const rng = createRng(seed, 'mixtures').fork(fidelity)
  const rows = losses.map(() => {
    const row = DOMAINS.map(() => -Math.log(rng.uniformOpen()))
    const sum = row.reduce((total, weight) => total + weight, 0)
    return row.map((weight) => weight / sum)
  })
  const mixtures = rowMatrixFrom(rows, DOMAINS.length)
  return {
    name: '',
    fidelity,
    runIds: losses.map((_, i) => `${fidelity}-${i}`),
    raw: mixtures,
    normalised: mixtures,
    values: new Map([
      ['loss', Float64Array.from(losses)],
      ['accuracy', Float64Array.from(losses, (loss) => 10 - loss)],
    ]),
    standardErrors: new Map([['loss', Float64Array.from(losses, (loss) => loss / 100)]]),
  }
}

/** A backtest whose objective is the loss; `costs` by fidelity, the first is the lowest. */
export function backtestTable(
  tables: readonly RunTable[],
  {
    costs = {},
    target,
    ...problem
  }: Partial<Problem> & { costs?: Record<string, number>; target: string },
): BacktestTable {
  const compiled = compileProblem({
    domains: DOMAINS.map((name) => ({ name })),
    metrics: [{ name: 'loss' }],
    fidelities: tables.map(({ fidelity }) => ({
      name: fidelity,
      evaluator: 'table',
      cost: costs[fidelity] ?? 1,
    })),
    ...problem,
  })
  return { compiled, tables, target }
}

/** A method made for a test; by default it takes the first candidate of the first fidelity that has any, and picks nothing. */
export function methodOf(
  {
    suggest = firstCandidate,
    pick = () => undefined,
  }: Partial<Pick<Optimizer, 'suggest' | 'pick'>>,
  name = 'made-up',
): Optimizer {
  return {
    name,
    title: name,
    summary: name,
    citation: { authors: '', title: '', year: 2024, url: '' },
    capabilities: { fidelities: true, pending: false, multiObjective: false, adaptive: true },
    paramsSchema: Type.Object({}),
    surrogates: [],
    needsRuns: false,
    validate: () => [],
    suggest,
    pick,
    recommend: () => {
      throw new Error('not part of a backtest')
    },
  }
}

export const entryOf = (method: Optimizer, rest: Partial<BacktestEntry> = {}): BacktestEntry => ({
  label: method.name,
  method,
  params: {},
  ...rest,
})

type Input = SuggestInput<Record<string, unknown>>

export const candidatesAt = ({ candidates }: Input, fidelity: string) =>
  candidates?.get(fidelity)?.rows ?? 0

export function suggestion(fidelity: string, row?: number) {
  return [{ weights: {}, fidelity, reason: 'for a test', row }]
}

export function firstCandidate(input: Input) {
  const fidelity = input.fidelities.find((name) => candidatesAt(input, name) > 0)
  return fidelity ? suggestion(fidelity, 0) : []
}

/** Any candidate of any fidelity, and any pick or none: what a replay has to cope with. */
export const anything = methodOf(
  {
    suggest(input) {
      const rng = input.rng.fork('anything', runsSoFar(input))
      const open = input.fidelities.filter((name) => candidatesAt(input, name) > 0)
      const fidelity = open[rng.integer(open.length)]
      return suggestion(fidelity, rng.integer(candidatesAt(input, fidelity)))
    },
    pick(input) {
      const rng = input.rng.fork('anything', runsSoFar(input))
      return rng.uniform() < 0.3 ? undefined : rng.integer(input.candidates.rows)
    },
  },
  'anything',
)

export function runsSoFar({ completed }: Pick<PickInput<unknown>, 'completed'>): number {
  return completed.reduce((sum, { normalised }) => sum + normalised.rows, 0)
}

export const costsOf = ({ steps }: Replay) => steps.map(({ cost }) => cost)
