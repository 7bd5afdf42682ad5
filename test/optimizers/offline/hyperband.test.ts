import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bracketsOf, entriesAfter } from '../../../src/optimizers/offline/hyperband/brackets.js'
import { hyperband } from '../../../src/optimizers/offline/hyperband/index.js'
import { createRng, permutation } from '../../../src/optimizers/random.js'
import { rowMatrixFrom, rowOf } from '../../../src/optimizers/row-matrix.js'
import type { CompiledProblem, RunTable } from '../../../src/optimizers/types.js'
import { randomMixtures } from '../../support/random-mixtures.js'
import { BracketSearch, ladder, type Run, runTable } from './bracket-search.js'

const PARAMS = { eta: 3, folds: 5, surrogates: {} }

/** Table 1 of Li et al. 2018 (R = 81, η = 3): n_i and r_i for s = 4, 3, 2, 1, 0. */
const TABLE_1 = [
  [81, 1, 27, 3, 9, 9, 3, 27, 1, 81],
  [34, 3, 11, 9, 3, 27, 1, 81],
  [15, 9, 5, 27, 1, 81],
  [8, 27, 2, 81],
  [5, 81],
]

function search(compiled: CompiledProblem, seed = 1, eta = 3) {
  return new BracketSearch(hyperband, compiled, { ...PARAMS, eta }, seed)
}

const isPromotion = ({ suggestion }: Run) => suggestion.reason.startsWith('Promoted')
const isSame = (p: ArrayLike<number>, q: ArrayLike<number>) =>
  Array.from(p).every((weight, j) => Math.abs(weight - q[j]) < 1e-6)
const keyOf = ({ weights }: Run) => weights.join()
const rungOf = ({ fidelity }: { fidelity: string }) => Number(fidelity.slice(1))

describe('brackets', () => {
  test('are those of the published table for R = 81 and η = 3', () => {
    const brackets = bracketsOf(5, 3)
    const cells = brackets.map(({ entry, sizes }) =>
      sizes.flatMap((size, i) => [size, 3 ** (entry + i)]),
    )
    expect(cells).toEqual(TABLE_1)
  })

  test('with one rung are one bracket, which is random search', () => {
    expect(bracketsOf(1, 3)).toEqual([{ entry: 0, sizes: [1] }])
    expect(entriesAfter(7, bracketsOf(1, 3))).toEqual([0])
  })

  test('take turns in the order of the algorithm, round after round', () => {
    const brackets = bracketsOf(3, 3)
    const turns = Array.from({ length: 44 }, (_, runs) => entriesAfter(runs, brackets)[0])
    const round = [...Array(13).fill(0), ...Array(6).fill(1), ...Array(3).fill(2)]
    expect(turns).toEqual([...round, ...round])
    expect(entriesAfter(14, brackets)).toEqual([1, 2, 0])
  })
})

describe('a search', () => {
  test('whose runs all end before more are asked for makes the runs of the table, and promotes exactly the best', () => {
    const study = search(ladder(5))
    const rng = createRng(3, 'losses')
    TABLE_1.forEach((cells, entry) => {
      let before: Run[] = []
      for (let i = 0; 2 * i < cells.length; i++) {
        const stage = study.ask(cells[2 * i])
        expect(stage.map(rungOf)).toEqual(Array(cells[2 * i]).fill(entry + i))
        expect(stage.every(isPromotion)).toBe(i > 0)
        if (i > 0) {
          const best = before.toSorted((a, b) => (a.loss as number) - (b.loss as number))
          expect(stage.map(({ weights }) => [...weights])).toEqual(
            best.slice(0, stage.length).map(({ weights }) => [...weights]),
          )
        }
        for (const run of stage) run.loss = rng.normal()
        before = stage
      }
    })
    const [next] = study.ask(1)
    expect([rungOf(next), isPromotion(next)]).toEqual([0, false])
  })

  const schedule = fc.record({
    seed: fc.integer({ min: 0, max: 1000 }),
    rungs: fc.integer({ min: 1, max: 4 }),
    eta: fc.constantFrom(2, 2.5, 3, 4),
    workers: fc.integer({ min: 1, max: 9 }),
    /** Few different losses make ties. */
    losses: fc.constantFrom(1, 3, 1000),
    failures: fc.constantFrom(0, 0.2, 1),
  })

  test('at any parallelism promotes who is among the best 1/η and was not promoted, and starts new mixtures when nobody is', () => {
    fc.assert(
      fc.property(schedule, ({ seed, rungs, eta, workers, losses, failures }) => {
        const study = search(ladder(rungs), seed, eta)
        const rng = createRng(seed, 'schedule')
        for (let step = 0; step < 40; step++) {
          const known = new Set(study.runs.map(keyOf))
          const due = dueByDefinition(study.runs, rungs, eta)
          const asked = study.ask(1 + rng.integer(workers))
          const promoted = asked.slice(0, due.length)
          expect(promoted.map((run) => `${run.fidelity} ${keyOf(run)}`)).toEqual(
            due.slice(0, asked.length).map((run) => `f${rungOf(run) + 1} ${keyOf(run)}`),
          )
          for (const run of asked.slice(due.length)) {
            expect([isPromotion(run), known.has(keyOf(run))]).toEqual([false, false])
            known.add(keyOf(run))
          }
          const pending = study.runs.filter(({ loss }) => loss === undefined)
          const order = permutation(pending.length, rng)
          for (const i of order.subarray(0, rng.integer(workers + 1))) {
            pending[i].loss = rng.uniform() < failures ? Number.NaN : rng.integer(losses)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  /** Who goes on now, by the definition of ASHA in brackets named by where a mixture started; equals in the order of the runs. */
  function dueByDefinition(runs: readonly Run[], rungs: number, eta: number): Run[] {
    const started = new Map<string, number>()
    const tried = new Set<string>()
    for (const run of runs) {
      if (!started.has(keyOf(run))) started.set(keyOf(run), rungOf(run))
      tried.add(`${rungOf(run)} ${keyOf(run)}`)
    }
    const due: Run[] = []
    for (let rung = rungs - 2; rung >= 0; rung--) {
      for (let bracket = 0; bracket <= rung; bracket++) {
        const ended = runs.filter(
          (run) =>
            rungOf(run) === rung && started.get(keyOf(run)) === bracket && run.loss !== undefined,
        )
        const lossOf = ({ loss = 0 }: Run) => (Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss)
        const best = ended
          .toSorted((a, b) => lossOf(a) - lossOf(b) || ended.indexOf(a) - ended.indexOf(b))
          .slice(0, Math.floor(ended.length / eta))
        due.push(
          ...best.filter(
            (run) => !Number.isNaN(run.loss) && !tried.has(`${rung + 1} ${keyOf(run)}`),
          ),
        )
      }
    }
    return due
  }

  test('starts the same mixtures whether they are asked for at once or one by one', () => {
    const atOnce = search(ladder(3)).ask(30)
    const oneByOne = search(ladder(3))
    for (let i = 0; i < 30; i++) oneByOne.ask(1)
    expect(oneByOne.runs.map(({ suggestion }) => suggestion)).toEqual(
      atOnce.map(({ suggestion }) => suggestion),
    )
    const other = search(ladder(3), 2).ask(30)
    expect(other.map(({ weights }) => weights)).not.toEqual(atOnce.map(({ weights }) => weights))
  })

  test('of four workers brings the best mixture that it started to the target, where all fidelities agree', () => {
    let found = 0
    for (let seed = 0; seed < 20; seed++) {
      const study = search(ladder(3), seed)
      const rng = createRng(seed, 'workers')
      const loss = ({ weights }: Run) => (weights[0] - 0.3) ** 2 + (weights[1] - 0.4) ** 2
      study.ask(4)
      for (let step = 0; step < 150; step++) {
        const pending = study.runs.filter((run) => run.loss === undefined)
        const done = pending[rng.integer(pending.length)]
        done.loss = loss(done)
        study.ask(1)
      }
      for (let left = study.runs.length; left > 0; left = finish(study, loss)) {}
      const best = study.runs.toSorted((a, b) => loss(a) - loss(b))[0]
      const atTarget = study.runs.filter(({ fidelity }) => fidelity === 'f2')
      expect(atTarget.length).toBeLessThan(study.runs.length / 2)
      if (atTarget.some(({ weights }) => isSame(weights, best.weights))) found++
    }
    expect(found).toBeGreaterThanOrEqual(19)
  })

  /** Ends all runs and makes the promotions that follow; how many these are. */
  function finish(study: ReturnType<typeof search>, loss: (run: Run) => number): number {
    for (const run of study.runs) run.loss ??= loss(run)
    const promoted = study.suggest(50).filter(({ reason }) => reason.startsWith('Promoted'))
    return study.ask(promoted.length).length
  }

  test('promotes nobody while runs are pending, and goes on when they have failed', () => {
    const study = search(ladder(3))
    const runs = study.ask(9)
    for (const run of runs.slice(0, 2)) run.loss = 1
    expect(isPromotion(study.ask(1)[0])).toBe(false)
    for (const run of runs.slice(2)) run.loss = Number.NaN
    // The best 3 of 9 would go on, but only two have a result.
    expect(study.ask(3).map(isPromotion)).toEqual([true, true, false])
  })

  test('counts runs that were given up as the worst and suggests their mixtures no more', () => {
    const study = search(ladder(3))
    const [one, two, three] = study.ask(3)
    study.runs.splice(0, 3, one)
    one.loss = 5
    const avoid = [{ fidelity: 'f0', normalised: rowMatrixFrom([two.weights, three.weights]) }]
    const [next, fresh] = study.suggest(2, { avoid })
    expect(next.weights).toEqual(one.suggestion.weights)
    expect(next.fidelity).toBe('f1')
    for (const { suggestion } of [two, three]) {
      expect(fresh.weights).not.toEqual(suggestion.weights)
    }
  })

  test('takes one run only, equal losses, and none but failed runs', () => {
    const one = search(ladder(3))
    one.ask(1)[0].loss = 1
    expect(isPromotion(one.ask(1)[0])).toBe(false)
    const equal = search(ladder(3))
    for (const run of equal.ask(9)) run.loss = 1
    const first = equal.runs.slice(0, 3).map(({ suggestion }) => suggestion.weights)
    expect(equal.suggest(3).map(({ weights }) => weights)).toEqual(first)
    const failed = search(ladder(3))
    for (const run of failed.ask(9)) run.loss = Number.NaN
    expect(failed.ask(5).map(isPromotion)).toEqual(Array(5).fill(false))
  })

  test('with one fidelity is a swarm, without repetitions', () => {
    const study = search(ladder(1))
    for (const run of study.ask(20)) run.loss = 1
    study.ask(20)
    expect(new Set(study.runs.map(({ weights }) => weights.join())).size).toBe(40)
  })
})

describe('the pick', () => {
  const compiled = ladder(3)
  const candidates = rowMatrixFrom([
    [0.4, 0.2, 0.2, 0.2],
    [0.2, 0.4, 0.2, 0.2],
    [0.2, 0.2, 0.4, 0.2],
  ])
  const pick = (completed: RunTable[]) =>
    hyperband.pick({
      compiled,
      params: PARAMS,
      completed,
      active: [],
      rng: createRng(1),
      target: 'f2',
      candidates,
    })

  test('is the best candidate measured at the target', () => {
    const low = runTable('f0', [rowOf(candidates, 2)], [-9])
    const target = runTable('f2', [rowOf(candidates, 0), rowOf(candidates, 1)], [2, 1])
    expect(pick([low, target])).toBe(1)
  })

  test('is the candidate nearest to the best at the highest fidelity with a result, where the target has none', () => {
    const low = runTable('f0', [rowOf(candidates, 0)], [-9])
    const middle = runTable(
      'f1',
      [
        [0.1, 0.1, 0.7, 0.1],
        [0.1, 0.7, 0.1, 0.1],
      ],
      [1, Number.NaN],
    )
    const target = runTable('f2', [rowOf(candidates, 1)], [Number.NaN])
    expect(pick([low, middle, target])).toBe(2)
    expect(pick([low])).toBe(0)
    expect(pick([])).toBeUndefined()
  })
})

test('the recommendation is the best run of the target, in the name of the method', () => {
  const compiled = ladder(2)
  const rows = randomMixtures(8, 4, createRng(9, 'runs'))
  const losses = [4, 3, 2, 1, 5, 6, 7, 8]
  const completed = runTable(
    'f1',
    Array.from({ length: 8 }, (_, i) => rowOf(rows, i)),
    losses,
  )
  const { recommendation } = hyperband.recommend({
    compiled,
    params: PARAMS,
    completed: { ...completed },
    holdouts: [],
    surrogate: 'least-squares',
    seed: 1,
  })
  expect([recommendation.method, recommendation.params]).toEqual(['hyperband', PARAMS])
  expect(Object.values(recommendation.weights)).toEqual([...rowOf(rows, 3)])
})
