import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AdmireParams } from '../../../../src/optimizers/offline/admire/params.js'
import { suggest } from '../../../../src/optimizers/offline/admire/suggest.js'
import { createRng } from '../../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import type { CompiledProblem, RunTable, SuggestInput } from '../../../../src/optimizers/types.js'
import { anchoredSpaces } from '../../mixture/random-spaces.js'
import { faultsOf, offGrid, Search } from './searching.js'
import {
  bowl,
  drawnMixtures,
  paramsWith,
  problemOf,
  runTable,
  SMALL_AND_LARGE,
  tried,
} from './support.js'

/** As little work as a suggestion can be. */
const quick: Partial<AdmireParams> = {
  candidates: 100,
  fantasies: 2,
  maxima: 2,
  starts: 1,
  refinements: 1,
  initialRuns: 3,
  stop: false,
}

describe('suggestions', () => {
  test('are feasible and new at their fidelity, whatever the constraints and what became of those before', () => {
    const forms = fc.constantFrom<Partial<AdmireParams>>(
      {},
      { form: 'bo', acquisition: 'log-noisy-ei' },
      { acquisition: 'knowledge-gradient' },
      { pending: 'constant-liar', inputs: 'min-max' },
      { replicate: true },
    )
    fc.assert(
      fc.property(anchoredSpaces(2, 6), forms, fc.integer(), ({ space }, form, seed) => {
        const compiled = { problem: problemOf(2, SMALL_AND_LARGE).problem, space }
        const search = new Search(compiled, paramsWith({ ...quick, ...form }), seed)
        const rng = createRng(seed, 'outcomes')
        const loss = bowl(space.prior)
        for (let call = 0; call < 5; call++) {
          for (const trial of search.ask(1 + rng.integer(3))) {
            const fate = rng.uniform()
            if (fate < 0.1) search.add(trial, 'failed')
            else if (fate < 0.2) search.add(trial, Number.NaN)
            else if (fate < 0.4) search.add(trial, 'under way')
            else search.add(trial, loss(trial.row) + 0.1 * rng.normal())
          }
        }
        const { duplicates, violation } = faultsOf(compiled, search.trials)
        expect(duplicates).toBe(0)
        expect(violation).toBeLessThanOrEqual(1e-9)
        expect(search.trials.length).toBeGreaterThan(0)
      }),
      { numRuns: 40 },
    )
  })

  test.each([0, 3])(
    'are multiples of 1/1000 where the constraints have some, but for the natural and uniform mixture (%d climbs)',
    (refinements) => {
      const compiled = problemOf(4, SMALL_AND_LARGE, {
        domains: [
          { name: 'd0', minWeight: 0.05, maxWeight: 0.6, tokens: 5 },
          { name: 'd1', tokens: 3 },
          { name: 'd2', maxWeight: 0.25, tokens: 2 },
          { name: 'd3', tokens: 2 },
        ],
        groups: [{ name: 'some', domains: ['d1', 'd3'], minWeight: 0.3 }],
      })
      const search = new Search(compiled, paramsWith({ ...quick, refinements }))
      search.run(26, bowl([0.4, 0.3, 0.2, 0.1]))
      const isReference = (row: number[]) =>
        faultsOf(compiled, [{ fidelity: '', row }, ...references(compiled)]).duplicates > 0
      const others = search.trials.filter(({ row }) => !isReference(row))
      expect(others.length).toBeGreaterThan(18)
      for (const { row } of others) expect(offGrid(row)).toBeLessThan(1e-9)
      expect(faultsOf(compiled, search.trials)).toEqual({
        duplicates: 0,
        violation: expect.closeTo(0, 9),
      })
    },
  )

  test('begin at the target with mixtures that were run below it, unchanged', () => {
    const compiled = problemOf(3, SMALL_AND_LARGE)
    // Imported mixtures are no multiples of anything.
    const rows = drawnMixtures(12, 3, 3)
    const loss = bowl([0.5, 0.3, 0.2])
    const small = runTable(
      'small',
      rows,
      rows.map((row) => 1 + loss(row)),
    )
    const params = paramsWith({ ...quick, refinements: 4 })
    const large: number[][] = []
    for (let call = 0; call < 4; call++) {
      const completed: RunTable[] = [small]
      if (large.length > 0) completed.push(runTable('large', large, large.map(loss)))
      const [next] = suggest(inputOf(compiled, params, { completed, fidelities: ['large'] }))
      large.push(compiled.space.names.map((name) => next.weights[name]))
    }
    for (const row of large.slice(0, 3)) expect(rows).toContainEqual(row)
    expect(rows).not.toContainEqual(large[3])
  })

  test('never are imported mixtures that violate a constraint', () => {
    const compiled = problemOf(3, SMALL_AND_LARGE, {
      domains: [{ name: 'd0', maxWeight: 0.3 }, { name: 'd1' }, { name: 'd2' }],
    })
    const rows = drawnMixtures(12, 3, 3).filter(([weight]) => weight > 0.4)
    const small = runTable('small', rows, rows.map(bowl([0.9, 0.1, 0])))
    const given = { completed: [small], fidelities: ['large'], count: 3 }
    for (const { weights } of suggest(inputOf(compiled, paramsWith(quick), given))) {
      expect(weights.d0).toBeLessThanOrEqual(0.3 + 1e-9)
    }
  })

  test('keep off what was tried in vain, at its fidelity only', () => {
    const compiled = problemOf(2, SMALL_AND_LARGE, {
      domains: [{ name: 'd0', minWeight: 0.4, maxWeight: 0.41 }, { name: 'd1' }],
    })
    const inVain = [0.401, 0.402, 0.403, 0.404, 0.405].map((weight) => [weight, 1 - weight])
    const search = new Search(compiled, paramsWith({ ...quick, initialRuns: 5 }))
    for (const row of inVain) search.add({ fidelity: 'small', row }, 'failed')
    search.run(24, ([weight]) => weight)
    const known = search.trials.slice(5)
    expect(faultsOf(compiled, search.trials).duplicates).toBe(0)
    expect(known.some(({ fidelity }) => fidelity === 'large')).toBe(true)
  })

  test('are the same with a memo and without', () => {
    const compiled = problemOf(3, SMALL_AND_LARGE)
    const values = new Map<string, unknown>()
    let reused = 0
    const memo = {
      get<T>(key: string, make: () => T): T {
        if (values.has(key)) reused += 1
        else values.set(key, make())
        return values.get(key) as T
      },
    }
    const rows = drawnMixtures(10, 3, 3)
    const completed = [runTable('large', rows, rows.map(bowl([0.5, 0.3, 0.2])))]
    const given = { completed, fidelities: ['large'], count: 3 }
    const plain = suggest(inputOf(compiled, paramsWith(quick), given))
    expect(suggest({ ...inputOf(compiled, paramsWith(quick), given), memo })).toEqual(plain)
    expect(suggest({ ...inputOf(compiled, paramsWith(quick), given), memo })).toEqual(plain)
    expect(reused).toBeGreaterThan(0)
    expect(values.size).toBe(1)
  })
})

const references = ({ space }: CompiledProblem) => [
  { fidelity: '', row: Array.from(space.prior) },
  { fidelity: '', row: Array.from(space.prior, () => 1 / space.prior.length) },
]

function inputOf(
  compiled: CompiledProblem,
  params: AdmireParams,
  given: Partial<SuggestInput<AdmireParams>>,
): SuggestInput<AdmireParams> {
  return {
    compiled,
    params,
    completed: [],
    active: [],
    count: 1,
    fidelities: compiled.problem.fidelities.map(({ name }) => name),
    rng: createRng(1, 'suggest'),
    ...given,
  }
}

describe('with candidates', () => {
  const compiled = problemOf(3, SMALL_AND_LARGE)
  const loss = bowl([0.5, 0.3, 0.2])
  const rows = drawnMixtures(14, 3, 6)
  const candidates = new Map([
    ['small', rowMatrixFrom(rows)],
    ['large', rowMatrixFrom(rows.slice(4, 10))],
  ])
  const completed = [
    runTable(
      'small',
      drawnMixtures(6, 3, 7),
      drawnMixtures(6, 3, 7).map((row) => 1 + loss(row)),
    ),
    runTable('large', drawnMixtures(4, 3, 8), drawnMixtures(4, 3, 8).map(loss)),
  ]
  const all = suggest(
    inputOf(compiled, paramsWith({ ...quick, initialRuns: 8 }), {
      completed,
      candidates,
      count: 30,
    }),
  )

  test('suggests each of them once, by its row', () => {
    expect(all).toHaveLength(20)
    for (const { fidelity, row, weights } of all) {
      const own = fidelity === 'small' ? rows : rows.slice(4, 10)
      expect(compiled.space.names.map((name) => weights[name])).toEqual(own[row as number])
    }
    expect(new Set(all.map(({ fidelity, row }) => `${fidelity} ${row}`)).size).toBe(20)
    expect(all.slice(0, 2).map(({ reason }) => reason.slice(0, 14))).toEqual(
      Array(2).fill('Initial design'),
    )
  })

  test('does not suggest what was tried in vain', () => {
    const avoid = [tried('small', rows.slice(0, 3)), tried('large', rows.slice(5, 6))]
    const left = suggest(
      inputOf(compiled, paramsWith(quick), { completed, candidates, avoid, count: 30 }),
    )
    expect(left).toHaveLength(16)
    const taken = (name: string) =>
      left
        .filter(({ fidelity }) => fidelity === name)
        .map(({ row }) => row as number)
        .sort((a, b) => a - b)
    expect(taken('small')).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    expect(taken('large')).toEqual([0, 2, 3, 4, 5])
  })

  test('draws the initial design of a dearer fidelity from what a cheaper one ran or runs', () => {
    const scales = [{ name: 'tiny', evaluator: 'table' as const, cost: 0.05 }, ...SMALL_AND_LARGE]
    const problem = problemOf(3, scales)
    const table = new Map(scales.map(({ name }) => [name, rowMatrixFrom(rows)]))
    const given = { candidates: table, count: 12 }
    const design = suggest(inputOf(problem, paramsWith({ ...quick, initialRuns: 6 }), given))
    const rowsAt = (name: string) =>
      design.filter(({ fidelity }) => fidelity === name).map(({ row }) => row)
    expect(rowsAt('tiny').slice(0, 6)).toHaveLength(6)
    expect(rowsAt('small').length).toBeGreaterThanOrEqual(5)
    for (const row of rowsAt('small')) expect(rowsAt('tiny')).toContain(row)
  })
})

describe('the search ends', () => {
  /** Smooth, without noise. */
  const loss = bowl([0.37, 0.63])
  const both = (row: number[], fidelity: string) =>
    fidelity === 'large' ? loss(row) : 1 + 0.8 * loss(row) + 0.1 * row[0]

  test.each([1, 2, 3])(
    'with one fidelity, once the optimum is found and not before (seed %d)',
    (seed) => {
      const compiled = problemOf(2, SMALL_AND_LARGE.slice(1))
      const search = new Search(compiled, paramsWith({ candidates: 300 }), seed)
      expect(search.run(60, loss)).toBe('stopped')
      // Multiples of 1/1000 have the optimum among them.
      expect(Math.min(...search.at('large').map(loss))).toBeLessThan(2 + 1e-4)
      expect(search.trials.length).toBeGreaterThan(8)
    },
  )

  test.each([1, 2])('with two, too (seed %d)', (seed) => {
    const compiled = problemOf(2, SMALL_AND_LARGE)
    const search = new Search(compiled, paramsWith({ candidates: 300 }), seed)
    expect(search.run(60, both)).toBe('stopped')
    expect(Math.min(...search.at('large').map(loss))).toBeLessThan(2 + 1e-4)
    expect(search.at('small').length).toBeGreaterThanOrEqual(5)
  })

  test('among the rows of a table, when the best has been run and others can no longer be better', () => {
    const compiled = problemOf(3, SMALL_AND_LARGE.slice(1))
    const bowlOf3 = bowl([0.5, 0.3, 0.2])
    for (const seed of [1, 2, 3, 4]) {
      const rows = drawnMixtures(60, 3, seed)
      const left = new Set(rows.keys())
      const taken: number[] = []
      for (;;) {
        const places = [...left]
        const own = taken.map((k) => rows[k])
        const [next] = suggest(
          inputOf(compiled, paramsWith(), {
            completed: own.length > 0 ? [runTable('large', own, own.map(bowlOf3))] : [],
            candidates: new Map([['large', rowMatrixFrom(places.map((k) => rows[k]))]]),
          }),
        )
        if (!next) break
        taken.push(places[next.row as number])
        left.delete(places[next.row as number])
      }
      const ranked = [...rows.keys()].sort((a, b) => bowlOf3(rows[a]) - bowlOf3(rows[b]))
      expect(taken).toContain(ranked[0])
      expect(taken.length).toBeLessThan(30)
    }
  })

  test('when no run promises the information that is asked for, in nats for a target run', () => {
    const compiled = problemOf(2, SMALL_AND_LARGE)
    const ends = [1e-9, 0.1, 1, 100].map((leastInformation) => {
      const params = paramsWith({ ...quick, stop: false, leastInformation })
      const search = new Search(compiled, params, 1)
      return [search.run(30, both), search.trials.length] as const
    })
    expect(ends[0]).toEqual(['steps', 30])
    const counts = ends.map(([, count]) => count)
    expect(counts).toEqual(counts.toSorted((a, b) => b - a))
    expect(new Set(counts).size).toBeGreaterThan(2)
    // A bit of a score cannot be worth a hundred nats: after the design nothing is run.
    expect(ends[3]).toEqual(['stopped', quick.initialRuns])
    // The cost's unit does not matter.
    const dearer = SMALL_AND_LARGE.map((one) => ({ ...one, cost: 1000 * (one.cost ?? 1) }))
    const again = new Search(
      problemOf(2, dearer),
      paramsWith({ ...quick, stop: false, leastInformation: 1 }),
      1,
    )
    expect([again.run(30, both), again.trials.length]).toEqual(ends[2])
    // Expected improvement is no information.
    const improving = paramsWith({
      ...quick,
      stop: false,
      leastInformation: 100,
      acquisition: 'log-ei',
    })
    expect(new Search(compiled, improving, 1).run(12, both)).toBe('steps')
  })

  test('not, if it is not to stop', () => {
    const compiled = problemOf(2, SMALL_AND_LARGE.slice(1))
    const search = new Search(compiled, paramsWith({ ...quick, stop: false }), 1)
    expect(search.run(45, loss)).toBe('steps')
  })
})
