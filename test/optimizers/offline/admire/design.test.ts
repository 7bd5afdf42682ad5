import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { largestViolation, MixtureSet } from '../../../../src/optimizers/mixture/index.js'
import { nextDesigned } from '../../../../src/optimizers/offline/admire/design.js'
import { assess } from '../../../../src/optimizers/offline/admire/situation.js'
import { suggest } from '../../../../src/optimizers/offline/admire/suggest.js'
import type { Fidelity } from '../../../../src/optimizers/problem.js'
import { createRng, permutation } from '../../../../src/optimizers/random.js'
import type { ActiveTable, CompiledProblem, RunTable } from '../../../../src/optimizers/types.js'
import { anchoredSpaces } from '../../mixture/random-spaces.js'
import { drawnMixtures, paramsWith, problemOf, runTable, tried, worstError } from './support.js'

const SCALES: Fidelity[] = [
  { name: 'small', evaluator: 'table', cost: 0.04 },
  { name: 'medium', evaluator: 'table', cost: 0.08 },
  { name: 'large', evaluator: 'table', cost: 1 },
]
const fidelities = SCALES.map(({ name }) => name)
const compiled = problemOf(4, SCALES)
const params = paramsWith()

interface Asked {
  compiled?: CompiledProblem
  completed?: readonly RunTable[]
  active?: readonly ActiveTable[]
  avoid?: readonly ActiveTable[]
  count: number
  offered?: readonly string[]
  overrides?: Parameters<typeof paramsWith>[0]
}

interface Placed {
  fidelity: string
  row: number[]
}

function ask(given: Asked): Placed[] {
  const problem = given.compiled ?? compiled
  return suggest({
    compiled: problem,
    params: given.overrides ? paramsWith(given.overrides) : params,
    completed: given.completed ?? [],
    active: given.active ?? [],
    avoid: given.avoid,
    fidelities: given.offered ?? fidelities,
    count: given.count,
    rng: createRng(8, 'suggest'),
  }).map(({ fidelity, weights }) => ({
    fidelity,
    row: problem.space.names.map((name) => weights[name]),
  }))
}

const at = (placed: readonly Placed[], fidelity: string) =>
  placed.filter((one) => one.fidelity === fidelity).map(({ row }) => row)

const tablesOf = (placed: readonly Placed[], loss: (row: number[]) => number) =>
  fidelities
    .map((name) => ({ name, rows: at(placed, name) }))
    .filter(({ rows }) => rows.length > 0)
    .map(({ name, rows }) => runTable(name, rows, rows.map(loss)))

const activeOf = (placed: readonly Placed[]) =>
  fidelities
    .map((name) => ({ name, rows: at(placed, name) }))
    .filter(({ rows }) => rows.length > 0)
    .map(({ name, rows }) => tried(name, rows))

const smooth = (row: number[]) => 2 + row[0] ** 2 + 0.5 * row[1]

/** 12 of the small one (half a large run buys 12, and so do 3 a domain), 6 of the medium one. */
const DESIGN = 18

describe('the initial design', () => {
  const whole = ask({ count: DESIGN })

  test('has as many runs of each fidelity as half a run at the target pays for', () => {
    expect(whole.map(({ fidelity }) => fidelity)).toEqual([
      ...Array(12).fill('small'),
      ...Array(6).fill('medium'),
    ])
    const counts = (overrides: Asked['overrides'], offered = fidelities) => {
      const placed = ask({ count: 60, overrides, offered })
      return offered.map((name) => at(placed, name).length)
    }
    // Without a result there is nothing but more of the same, at the cheapest.
    expect(counts({ initialRuns: 4 }).slice(1)).toEqual([4, 0])
    expect(counts({}, ['medium', 'large'])).toEqual([60, 0])
    expect(ask({ count: 7, offered: ['large'] })).toHaveLength(7)
  })

  test('has at least 5 runs of a fidelity however dear it is, and at most 3 a domain', () => {
    const dear = problemOf(4, [{ ...SCALES[0], cost: 0.9 }, SCALES[2]])
    const cheap = problemOf(4, [
      { ...SCALES[0], cost: 1e-6 },
      { ...SCALES[1], cost: 0.01 },
      SCALES[2],
    ])
    const begun = (problem: CompiledProblem, count: number) => {
      const first = ask({
        compiled: problem,
        count,
        offered: problem.problem.fidelities.map(({ name }) => name),
      })
      const completed = tablesOf(first, smooth)
      const [next] = ask({
        compiled: problem,
        completed,
        count: 1,
        offered: problem.problem.fidelities.map(({ name }) => name),
      })
      return [at(first, 'small').length, next.fidelity]
    }
    expect(begun(dear, 4)).toEqual([4, 'small'])
    expect(at(ask({ compiled: cheap, count: 24 }), 'medium')).toHaveLength(12)
  })

  test('begins with the natural and the uniform mixture', () => {
    const sized = problemOf(3, SCALES.slice(2), {
      domains: [6, 3, 1].map((tokens, j) => ({ name: `d${j}`, tokens })),
    })
    const [first, second] = ask({ compiled: sized, count: 2, offered: ['large'] })
    expect(worstError(first.row, [0.6, 0.3, 0.1])).toBeLessThan(1e-12)
    expect(worstError(second.row, [1 / 3, 1 / 3, 1 / 3])).toBeLessThan(1e-12)
  })

  test('is nested: dearer fidelities run mixtures of cheaper ones', () => {
    expect(at(whole, 'medium')).toEqual(at(whole, 'small').slice(0, 6))
  })

  test('is the same whether its mixtures are asked for at once, one by one or by many', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 18 }),
        fc.integer(),
        (sizes, seed) => {
          const rng = createRng(seed, 'order')
          const underWay: Placed[] = []
          const done: Placed[] = []
          const asked: Placed[] = []
          for (const size of sizes) {
            if (asked.length >= DESIGN) break
            const count = Math.min(size, DESIGN - asked.length)
            const more = ask({
              count,
              completed: tablesOf(done, smooth),
              active: activeOf(underWay),
            })
            asked.push(...more)
            underWay.push(...more)
            // Results come in any order.
            const order = permutation(underWay.length, rng)
            const finished = new Set(order.slice(0, rng.integer(underWay.length + 1)))
            done.push(...underWay.filter((_, i) => finished.has(i)))
            const left = underWay.filter((_, i) => !finished.has(i))
            underWay.splice(0, underWay.length, ...left)
          }
          expect(asked).toEqual(whole)
        },
      ),
      { numRuns: 15 },
    )
  })

  test('counts runs that were imported at the cheapest fidelity, and stays nested', () => {
    const rows = drawnMixtures(12, 4, 5)
    const completed = [runTable('small', rows, rows.map(smooth))]
    const design = ask({ completed, count: 6 })
    expect(design.map(({ fidelity }) => fidelity)).toEqual(Array(6).fill('medium'))
    for (const { row } of design) expect(rows).toContainEqual(row)
  })

  test('leaves out imported mixtures that violate a constraint', () => {
    const capped = problemOf(4, SCALES, {
      domains: [{ name: 'd0', maxWeight: 0.3 }, ...[1, 2, 3].map((j) => ({ name: `d${j}` }))],
    })
    const rows = drawnMixtures(12, 4, 5)
    const completed = [runTable('small', rows, rows.map(smooth))]
    const design = ask({ compiled: capped, completed, count: 6 })
    expect(rows.some(([weight]) => weight > 0.3)).toBe(true)
    for (const { row } of design) expect(row[0]).toBeLessThanOrEqual(0.3 + 1e-9)
  })

  test('replaces what failed, and what came back without a score', () => {
    const [first, second, ...others] = whole.filter(({ fidelity }) => fidelity === 'small')
    const lost = runTable('small', [second.row], [Number.NaN])
    const again = ask({
      completed: [...tablesOf(others, smooth), lost],
      avoid: [tried('small', [first.row])],
      count: 8,
    })
    const rows = at(again, 'small')
    expect(rows).toHaveLength(2)
    for (const row of rows) expect(at(whole, 'small')).not.toContainEqual(row)
    // Those two were not run at the small one, so that the medium one has no use for them.
    for (const row of at(again, 'medium')) {
      expect([...others.map((one) => one.row), ...rows]).toContainEqual(row)
    }
  })

  test('is feasible and has no mixture twice, whatever the constraints', () => {
    fc.assert(
      fc.property(anchoredSpaces(3, 8), fc.integer(), ({ space }, seed) => {
        const chosen: Float64Array[] = []
        const known = new MixtureSet(1e-3)
        const kept = new Map<string, unknown>()
        const memo = {
          get<T>(key: string, make: () => T): T {
            if (!kept.has(key)) kept.set(key, make())
            return kept.get(key) as T
          },
        }
        for (let i = 0; i < 12; i++) {
          const situation = assess({
            compiled: { problem: compiled.problem, space },
            params,
            completed: [],
            active: chosen.length > 0 ? [tried('large', chosen)] : [],
            offered: ['large'],
          })
          const designed = nextDesigned(situation, 0, params, createRng(seed))
          expect(nextDesigned(situation, 0, params, createRng(seed), memo)).toEqual(designed)
          if (!designed) break
          expect(largestViolation(space, designed.weights)).toBeLessThanOrEqual(1e-9)
          expect(known.has(designed.weights)).toBe(false)
          known.add(designed.weights)
          chosen.push(designed.weights)
        }
        expect(chosen.length).toBeGreaterThan(0)
      }),
      { numRuns: 60 },
    )
  })
})
