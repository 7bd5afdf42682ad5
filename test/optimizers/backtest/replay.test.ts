import fc from 'fast-check'
import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { expectedBestOf, type Replay, replay } from '../../../src/optimizers/backtest/index.js'
import { fromMixture } from '../../../src/optimizers/mixture/index.js'
import { baselines } from '../../../src/optimizers/offline/baselines/index.js'
import { random } from '../../../src/optimizers/offline/random/index.js'
import { createRng } from '../../../src/optimizers/random.js'
import { optimizerByName } from '../../../src/optimizers/registry.js'
import { rowOf } from '../../../src/optimizers/row-matrix.js'
import type { Optimizer, PickInput, RunTable, SuggestInput } from '../../../src/optimizers/types.js'
import {
  anything,
  backtestTable,
  candidatesAt,
  costsOf,
  entryOf,
  methodOf,
  runsWith,
  suggestion,
} from './support.js'

const randomSearch = entryOf(random as unknown as Optimizer)
const everything = { budget: Number.MAX_VALUE, maxRuns: 1000, seed: 1 }
const ranks = (count: number) => Array.from({ length: count }, (_, i) => 1 + i)

const three = backtestTable(
  [runsWith('tiny', ranks(12)), runsWith('small', ranks(7)), runsWith('big', ranks(5))],
  { costs: { tiny: 0.01, small: 0.3, big: 1 }, target: 'big' },
)

describe('random search, replayed', () => {
  const losses = [2.4, 2.1, 2.9, 2.2, 3.3, 2.6, 2.8, 2.1, 2.7, 3.0, 2.5, 2.3]
  const table = backtestTable([runsWith('big', losses)], { target: 'big' })
  const seeds = 1500
  const found = Array.from({ length: seeds }, (_, seed) =>
    replay({ ...everything, table, entry: randomSearch, seed }),
  )

  test.each([1, 2, 4, 7, 9])('has after %s runs paid for what the closed form expects', (k) => {
    const paid = found.map(({ steps }) =>
      Math.min(...steps.slice(0, k).map(({ row }) => losses[row])),
    )
    const mean = paid.reduce((sum, value) => sum + value, 0) / seeds
    const variance = paid.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (seeds - 1)
    const error = Math.sqrt(variance / seeds)
    expect(Math.abs(mean - expectedBestOf(losses, k))).toBeLessThan(4 * error)
  })

  test('takes every row once, each as often first as any other, and picks the best so far', () => {
    const first = new Array(losses.length).fill(0)
    for (const { steps, end, first: before } of found) {
      expect(end).toBe('nothing-left')
      expect(before).toBeNull()
      expect(steps.map(({ row }) => row).toSorted((a, b) => a - b)).toEqual([...losses.keys()])
      first[steps[0].row] += 1
      let best = steps[0].row
      for (const { row, pick } of steps) {
        if (losses[row] < losses[best]) best = row
        expect(losses[pick ?? -1]).toBe(losses[best])
      }
    }
    const expected = seeds / losses.length
    const chi = first.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // The 99.99 % point of χ² with 11 degrees of freedom.
    expect(chi).toBeLessThan(37.4)
  })

  test('spends on the target alone, and stops when all of it is known', () => {
    const { steps, end } = replay({ ...everything, table: three, entry: randomSearch })
    expect(steps.map(({ fidelity }) => fidelity)).toEqual(new Array(5).fill('big'))
    expect(end).toBe('stopped')
  })
})

describe('a target that is not the dearest fidelity', () => {
  const table = { ...three, target: 'small' }

  test('is where random search spends', () => {
    const { steps } = replay({ ...everything, table, entry: randomSearch })
    expect(steps.map(({ fidelity }) => fidelity)).toEqual(new Array(7).fill('small'))
    const all = { ...randomSearch, fidelities: ['tiny', 'small', 'big'] }
    expect(replay({ ...everything, table, entry: all }).steps).toEqual(steps)
  })

  test('leaves dearer ones out, unless they are asked for', () => {
    const used = (fidelities?: string[]) => {
      const entry = { ...entryOf(anything), ...(fidelities && { fidelities }) }
      const { steps } = replay({ ...everything, table, entry })
      return [...new Set(steps.map(({ fidelity }) => fidelity))].sort()
    }
    expect(used()).toEqual(['small', 'tiny'])
    expect(used(['big', 'small'])).toEqual(['big', 'small'])
  })
})

describe('methods that draw swarms', () => {
  const defaultsOf = (name: string) =>
    Value.Default(optimizerByName(name).paramsSchema, {}) as Record<string, unknown>

  test.each(['regmix', 'mixing-laws'])(
    'go on at the next fidelity when the cheapest is used up: %s',
    (name) => {
      const entry = { ...entryOf(optimizerByName(name)), params: defaultsOf(name) }
      const { steps, end } = replay({ ...everything, table: three, entry })
      const counts = ['tiny', 'small', 'big'].map(
        (own) => steps.filter(({ fidelity }) => fidelity === own).length,
      )
      expect(counts).toEqual([12, 7, 5])
      expect(end).toBe('nothing-left')
    },
  )
})

describe('a replay', () => {
  test('is the same again from the same seed, and another from another', () => {
    const run = (seed: number) =>
      replay({ ...everything, table: three, entry: entryOf(anything), seed })
    expect(run(3)).toEqual(run(3))
    expect(run(3).steps).not.toEqual(run(4).steps)
  })

  test('adds costs up, stays within the budget, takes no row twice, and ends for the reason it says', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.double({ min: 0.01, max: 9, noNaN: true }),
        fc.integer({ min: 1, max: 30 }),
        (seed, budget, maxRuns) => {
          const run = replay({ table: three, entry: entryOf(anything), seed, budget, maxRuns })
          const cost = { tiny: 0.01, small: 0.3, big: 1 }
          let spent = 0
          for (const step of run.steps) {
            spent += cost[step.fidelity as keyof typeof cost]
            expect(step.cost).toBeCloseTo(spent, 12)
          }
          expect(spent).toBeLessThanOrEqual(budget + 1e-9)
          const taken = run.steps.map(({ fidelity, row }) => `${fidelity} ${row}`)
          expect(new Set(taken).size).toBe(taken.length)
          expect(run.end).toBe(reasonToEnd(run, spent, budget, maxRuns))
        },
      ),
      { numRuns: 200 },
    )
  })

  // The next run is known from a replay that goes on.
  function reasonToEnd(run: Replay, spent: number, budget: number, maxRuns: number) {
    const { steps } = replay({
      ...everything,
      table: three,
      entry: entryOf(anything),
      seed: run.seed,
    })
    expect(steps.slice(0, run.steps.length)).toEqual(run.steps)
    const next = steps[run.steps.length]
    if (!next) return 'nothing-left'
    if (run.steps.length === maxRuns) return 'runs'
    const price = next.cost - (steps[run.steps.length - 1]?.cost ?? 0)
    return spent + price > budget + 1e-9 ? 'budget' : 'a mistake'
  }

  test.each([
    [0.3, 0.1, 3],
    [0.29, 0.1, 2],
    [3, 1, 3],
    [2.999_999, 1, 2],
    [7e20, 1e20, 7],
    [0.05, 0.1, 0],
  ])('with a budget of %s makes at %s a run %s runs', (budget, cost, runs) => {
    const table = backtestTable([runsWith('big', ranks(9))], {
      costs: { big: cost },
      target: 'big',
    })
    const { steps, end } = replay({ ...everything, table, entry: randomSearch, budget })
    expect(steps).toHaveLength(runs)
    expect(end).toBe('budget')
  })

  test('ends with the run that is too dear, though cheaper ones are left', () => {
    const dear = methodOf({ suggest: (input) => suggestion('big', candidatesAt(input, 'big') - 1) })
    const { steps, end } = replay({
      ...everything,
      table: three,
      entry: entryOf(dear),
      budget: 2.5,
    })
    expect(steps.map(({ row }) => row)).toEqual([4, 3])
    expect(end).toBe('budget')
  })

  test('tells of each run as it is made', () => {
    const told: { run: number; cost: number }[] = []
    const input = { ...everything, table: three, entry: entryOf(anything), maxRuns: 6 }
    const { steps } = replay({ ...input, onStep: (step) => told.push(step) })
    expect(told).toEqual(steps.map(({ cost }, i) => ({ run: i + 1, cost })))
  })

  test('ends as stopped where the method wants no more', () => {
    const content = methodOf({
      suggest: ({ completed }) => (completed.length < 1 ? suggestion('tiny', 3) : []),
    })
    const { steps, end } = replay({ ...everything, table: three, entry: entryOf(content) })
    expect(steps).toEqual([{ fidelity: 'tiny', row: 3, cost: 0.01, pick: null }])
    expect(end).toBe('stopped')
  })

  test('of a baseline makes no run, and has its pick at no cost', () => {
    const method = baselines as unknown as Optimizer
    const params = { baseline: 'uniform', temperature: 2, maxEpochs: 4 }
    const run = replay({ ...everything, table: three, entry: entryOf(method, { params }) })
    const { normalised } = three.tables[2]
    const fromUniform = ranks(5).map((_, i) =>
      rowOf(normalised, i).reduce((sum, weight) => sum + Math.abs(weight - 1 / 3), 0),
    )
    expect(run).toMatchObject({ steps: [], end: 'stopped' })
    expect(run.first).toBe(fromUniform.indexOf(Math.min(...fromUniform)))
  })
})

describe('what a method is shown', () => {
  type Shown = SuggestInput<Record<string, unknown>>

  /** Replays `anything`, and keeps what it was asked with. */
  function watched(rest: Parameters<typeof entryOf>[1] = {}, tables = three) {
    const asked: Shown[] = []
    const picks: PickInput<Record<string, unknown>>[] = []
    const method = methodOf({
      suggest: (input) => {
        asked.push(input)
        return anything.suggest(input)
      },
      pick: (input) => {
        picks.push(input)
        return anything.pick(input)
      },
    })
    return {
      ...replay({ ...everything, table: tables, entry: entryOf(method, rest) }),
      asked,
      picks,
    }
  }

  test('is what it took, in the order it took it, and what is left', () => {
    const { asked, steps } = watched()
    expect(asked).toHaveLength(24)
    asked.forEach(({ completed, candidates, active, count, rng }, i) => {
      expect([active, count]).toEqual([[], 1])
      expect(rng.fork('swarm', 3).uniform()).toBe(
        createRng(1, 'suggest').fork('swarm', 3).uniform(),
      )
      for (const { fidelity, normalised, values } of three.tables) {
        const rows = steps
          .slice(0, i)
          .filter((step) => step.fidelity === fidelity)
          .map(({ row }) => row)
        const own = completed.find((runs) => runs.fidelity === fidelity)
        expect(own?.runIds ?? []).toEqual(rows.map((row) => `${fidelity}-${row}`))
        expect([...(own?.values.get('loss') ?? [])]).toEqual(
          rows.map((row) => values.get('loss')?.[row]),
        )
        expect([...(own?.standardErrors?.get('loss') ?? [])]).toEqual(
          rows.map((row) => (1 + row) / 100),
        )
        const left = [...Array(normalised.rows).keys()].filter((row) => !rows.includes(row))
        const shown = candidates?.get(fidelity)
        expect(shown?.rows).toBe(left.length)
        left.forEach((row, place) => {
          if (shown) expect([...rowOf(shown, place)]).toEqual([...rowOf(normalised, row)])
        })
      }
    })
  })

  test('leaves out runs whose objective is not a finite number, as mixtures to try and to pick', () => {
    const gaps = [3, Number.NaN, 1, Number.POSITIVE_INFINITY, 2]
    const table = backtestTable([runsWith('small', gaps), runsWith('big', gaps, 2)], {
      target: 'big',
    })
    const { steps, picks, end, asked } = watched({}, table)
    expect(end).toBe('nothing-left')
    expect(asked[0].candidates?.get('small')?.rows).toBe(3)
    for (const { candidates } of picks) expect(candidates.rows).toBe(3)
    for (const { row, pick } of steps) {
      expect([0, 2, 4]).toContain(row)
      expect([0, 2, 4, null]).toContain(pick)
    }
  })

  test('is only the fidelities it may use, but all mixtures of the target to pick from', () => {
    const { asked, picks, steps, end } = watched({ fidelities: ['small', 'tiny'] })
    expect(new Set(asked.flatMap(({ fidelities }) => fidelities))).toEqual(
      new Set(['small', 'tiny']),
    )
    expect([...(asked[0].candidates?.keys() ?? [])]).toEqual(['small', 'tiny'])
    expect(steps.some(({ fidelity }) => fidelity === 'big')).toBe(false)
    expect(steps).toHaveLength(19)
    expect(end).toBe('nothing-left')
    for (const { target, candidates } of picks) {
      expect(target).toBe('big')
      expect(candidates).toEqual(three.tables[2].normalised)
    }
  })
})

describe('shuffled fidelities', () => {
  /** All runs of a fidelity as a method sees them in the end, by mixture. */
  function seen(shuffle: string[], seed = 1): Map<string, RunTable> {
    let last: readonly RunTable[] = []
    const method = methodOf({
      pick: ({ completed }) => {
        last = completed
        return undefined
      },
    })
    replay({ ...everything, table: three, entry: entryOf(method), seed, shuffle })
    return new Map(last.map((runs) => [runs.fidelity, runs]))
  }
  const rowsOf = (runs: RunTable | undefined) =>
    [...(runs?.values.get('loss') ?? [])].map((loss, i) =>
      [loss, runs?.values.get('accuracy')?.[i], runs?.standardErrors?.get('loss')?.[i]].join(),
    )

  test('have the scores of each run, all metrics together, at another mixture', () => {
    const plain = seen([])
    const shuffled = seen(['tiny'])
    expect(rowsOf(shuffled.get('tiny'))).not.toEqual(rowsOf(plain.get('tiny')))
    expect(rowsOf(shuffled.get('tiny')).sort()).toEqual(rowsOf(plain.get('tiny')).sort())
    expect(shuffled.get('tiny')?.normalised).toEqual(plain.get('tiny')?.normalised)
    expect(shuffled.get('tiny')?.runIds).toEqual(plain.get('tiny')?.runIds)
    for (const other of ['small', 'big']) expect(shuffled.get(other)).toEqual(plain.get(other))
    expect(three.tables[0].values.get('loss')).toEqual(Float64Array.from(ranks(12)))
  })

  test('are shuffled by the seed, each in its own way whatever the others', () => {
    const twins = seen(['tiny', 'small'])
    expect(rowsOf(twins.get('tiny'))).toEqual(rowsOf(seen(['tiny']).get('tiny')))
    expect(rowsOf(seen(['tiny'], 2).get('tiny'))).not.toEqual(rowsOf(twins.get('tiny')))
    const table = backtestTable(
      ['one', 'two', 'big'].map((name) => runsWith(name, ranks(12))),
      { target: 'big' },
    )
    let last: readonly RunTable[] = []
    const keep = methodOf({
      pick: ({ completed }) => {
        last = completed
        return undefined
      },
    })
    replay({ ...everything, table, entry: entryOf(keep), shuffle: ['one', 'two'] })
    expect(rowsOf(last[0])).not.toEqual(rowsOf(last[1]))
  })

  test.each([
    ['the target', ['big'], /target "big"/],
    ['a fidelity without runs', ['vast'], /no table for the fidelity "vast"; there are "tiny"/],
  ])('cannot be %s', (_, shuffle, reason) => {
    const run = () => replay({ ...everything, table: three, entry: randomSearch, shuffle })
    expect(run).toThrow(RangeError)
    expect(run).toThrow(reason)
  })
})

describe('a method that errs is named', () => {
  test.each([
    [
      'a row that is not left',
      suggestion('small', 7),
      /"wild" \(method erring\).*row 7 at "small"/,
    ],
    ['a row below 0', suggestion('small', -1), /row -1 at "small".*12 at "tiny", 7 at "small"/],
    ['half a row', suggestion('small', 0.5), /row 0.5/],
    ['no row', suggestion('small'), /no row at "small"/],
    ['a fidelity that it may not use', suggestion('big', 0), /row 0 at "big"/],
  ])('when it suggests %s', (_, suggested, reason) => {
    const method = methodOf({ suggest: () => suggested }, 'erring')
    const entry = entryOf(method, { label: 'wild', fidelities: ['tiny', 'small'] })
    const run = () => replay({ ...everything, table: three, entry })
    expect(run).toThrow(RangeError)
    expect(run).toThrow(reason)
  })

  test('when it picks what cannot be chosen', () => {
    const entry = entryOf(methodOf({ pick: () => 5 }, 'erring'))
    const run = () => replay({ ...everything, table: three, entry })
    expect(run).toThrow(/"erring" \(method erring\) picked row 5 at "big", of 5 candidates/)
  })
})

test('what is suggested by weight and by row is the same mixture', () => {
  let checked = 0
  const method = methodOf({
    suggest: (input) => {
      const [first] = random.suggest(input as never)
      const rows = input.candidates?.get('big')
      if (first && rows) {
        const { space } = input.compiled
        expect([...fromMixture(space, first.weights)]).toEqual([...rowOf(rows, first.row ?? -1)])
        checked += 1
      }
      return first ? [first] : []
    },
  })
  const run = replay({ ...everything, table: three, entry: entryOf(method) })
  expect(costsOf(run)).toEqual([1, 2, 3, 4, 5])
  expect(checked).toBe(5)
})
