import { describe, expect, test } from 'vitest'
import { fromMixture, largestViolation } from '../../../src/optimizers/mixture/index.js'
import { hyperband } from '../../../src/optimizers/offline/hyperband/index.js'
import { createRng, type Rng } from '../../../src/optimizers/random.js'
import { type RowMatrix, rowMatrixFrom, rowOf } from '../../../src/optimizers/row-matrix.js'
import type { CompiledProblem, RunTable } from '../../../src/optimizers/types.js'
import { randomMixtures } from '../../support/random-mixtures.js'
import { BracketSearch, hellinger, ladder, ladderOver, runTable } from './bracket-search.js'

const PARAMS = { eta: 3, folds: 5, surrogates: {} }

const search = (compiled: CompiledProblem, seed = 1) =>
  new BracketSearch(hyperband, compiled, PARAMS, seed)
const rungOf = ({ fidelity }: { fidelity: string }) => Number(fidelity.slice(1))

describe('imported runs', () => {
  const rows = [
    [0.7, 0.1, 0.1, 0.1],
    [0.1, 0.7, 0.1, 0.1],
    [0.1, 0.1, 0.7, 0.1],
  ]

  test('are members of the bracket where they were lowest, and are promoted', () => {
    const study = search(ladder(3))
    study.imported.push(runTable('f0', rows, [3, 1, 2]))
    const [next] = study.suggest(1)
    expect([next.fidelity, ...Object.values(next.weights)]).toEqual(['f1', ...rows[1]])
  })

  test('at a higher fidelity count as promoted, also when they are rounded or skipped one', () => {
    const study = search(ladder(3))
    const rounded = rows[1].map((weight, j) => weight + (j === 0 ? 4e-4 : j === 1 ? -4e-4 : 0))
    study.imported.push(runTable('f0', rows, [3, 1, 2]), runTable('f2', [rounded], [1]))
    expect(study.suggest(1)[0].reason).toMatch(/^New/)
  })

  test('go on where the fidelity between is not offered', () => {
    const study = search(ladder(3))
    study.imported.push(runTable('f0', rows, [3, 1, 2]))
    const [next, other] = study.suggest(2, { fidelities: ['f2'] })
    expect([next.fidelity, ...Object.values(next.weights)]).toEqual(['f2', ...rows[1]])
    expect(other.fidelity).toBe('f2')
    study.imported[0] = runTable('f0', rows.slice(0, 2), [3, 1])
    expect(study.suggest(1, { fidelities: ['f2'] })[0].fidelity).toBe('f2')
  })

  test('that are the same but for rounding go on once', () => {
    const study = search(ladder(3))
    const twin = rows[1].map((weight, j) => weight + (j === 0 ? 4e-4 : j === 1 ? -4e-4 : 0))
    const others = [...rows, [0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.3, 0.1, 0.4, 0.2]]
    study.imported.push(runTable('f0', [...others, twin], [5, 1, 5, 5, 5, 5, 2]))
    const [next, other] = study.suggest(2)
    expect([next.fidelity, ...Object.values(next.weights)]).toEqual(['f1', ...rows[1]])
    expect(other.reason).toMatch(/^New/)
  })

  test('that break the constraints by more than rounding are not promoted; rounded ones are, within the constraints', () => {
    const domains = ['a', 'b', 'c', 'd'].map((name) => ({ name, maxWeight: 0.6999 }))
    const compiled = ladderOver(domains, 2)
    const study = search(compiled)
    study.imported.push(runTable('f0', rows, [3, 1, 2]))
    const [next] = study.suggest(1)
    expect(next.fidelity).toBe('f1')
    expect(
      largestViolation(compiled.space, fromMixture(compiled.space, next.weights, 1e-9)),
    ).toBeLessThan(1e-9)
    expect(next.weights.b).toBeCloseTo(0.6999, 9)

    const tighter = search(
      ladderOver(
        domains.map((d) => ({ ...d, maxWeight: 0.6 })),
        2,
      ),
    )
    tighter.imported.push(runTable('f0', rows, [3, 1, 2]))
    expect(tighter.suggest(1)[0].reason).toMatch(/^New/)
  })
})

interface Table {
  fidelity: string
  rows: RowMatrix
  losses: number[]
}

function tablesOf(sizes: readonly number[], rng: Rng, isShared: boolean): Table[] {
  const shared = randomMixtures(Math.max(...sizes), 4, rng)
  return sizes.map((size, k) => {
    const rows = isShared ? shared : randomMixtures(size, 4, rng)
    const own = rowMatrixFrom(Array.from({ length: size }, (_, i) => rowOf(rows, i)))
    const losses = Array.from({ length: size }, (_, i) => rowOf(own, i)[0] + 0.1 * rng.normal())
    return { fidelity: `f${k}`, rows: own, losses }
  })
}

interface Step {
  table: number
  row: number
  reason: string
  /** What was taken before, by table. */
  before: number[][]
}

/** Looks up one suggestion after another until nothing is suggested; what a fidelity was sent to is checked. */
function replayed(compiled: CompiledProblem, tables: readonly Table[], seed: number): Step[] {
  const study = search(compiled, seed)
  const taken: number[][] = tables.map(() => [])
  const steps: Step[] = []
  for (;;) {
    const left = tables.map(({ rows }, k) =>
      Array.from({ length: rows.rows }, (_, i) => i).filter((i) => !taken[k].includes(i)),
    )
    const pick = (k: number, wanted: readonly number[]) =>
      rowMatrixFrom(
        wanted.map((i) => rowOf(tables[k].rows, i)),
        4,
      )
    const completed: RunTable[] = tables
      .map(({ fidelity, losses }, k) =>
        runTable(
          fidelity,
          taken[k].map((i) => rowOf(tables[k].rows, i)),
          taken[k].map((i) => losses[i]),
        ),
      )
      .filter(({ normalised }) => normalised.rows > 0)
    const candidates = new Map(tables.map(({ fidelity }, k) => [fidelity, pick(k, left[k])]))
    const [next] = study.suggest(1, { completed, active: [], candidates })
    if (!next) return steps
    const table = rungOf(next)
    const row = left[table][next.row as number]
    expect(Object.values(next.weights)).toEqual([...rowOf(tables[table].rows, row)])
    steps.push({ table, row, reason: next.reason, before: taken.map((rows) => [...rows]) })
    taken[table].push(row)
  }
}

describe('a replay of tables', () => {
  const compiled = ladder(3)

  test('that share no mixture takes every row once, and promotes to the nearest row', () => {
    const tables = tablesOf([40, 25, 15], createRng(5, 'tables'), false)
    const steps = replayed(compiled, tables, 3)
    tables.forEach(({ rows }, k) => {
      const taken = steps.filter(({ table }) => table === k).map(({ row }) => row)
      expect(taken.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: rows.rows }, (_, i) => i),
      )
    })
    const promoted = steps.filter(({ reason }) => reason.startsWith('Promoted'))
    expect(promoted.length).toBeGreaterThan(10)
    for (const { table, row, before } of promoted) {
      const lower = tables[table - 1]
      const isNearest = (i: number) => {
        const distances = Array.from({ length: tables[table].rows.rows }, (_, j) =>
          hellinger(rowOf(lower.rows, i), rowOf(tables[table].rows, j)),
        )
        return distances.indexOf(Math.min(...distances)) === row
      }
      const ranked = before[table - 1].toSorted((i, j) => lower.losses[i] - lower.losses[j])
      // All at the lowest fidelity are in one bracket, at the next one perhaps in two.
      const kept = table === 1 ? Math.floor(ranked.length / 3) : ranked.length - 2
      expect(ranked.slice(0, kept).some(isNearest)).toBe(true)
    }
  })

  test('that share all mixtures promotes a mixture to itself', () => {
    const tables = tablesOf([30, 30, 30], createRng(6, 'tables'), true)
    const steps = replayed(compiled, tables, 4)
    expect(steps).toHaveLength(90)
    const promoted = steps.filter(({ reason }) => reason.startsWith('Promoted'))
    expect(promoted.length).toBeGreaterThan(10)
    for (const { table, row, reason, before } of promoted) {
      expect(before[table - 1]).toContain(row)
      expect(reason).not.toMatch(/nearest/)
    }
  })

  test('suggests no row twice when many are asked for at once, and all when more are asked for than there are', () => {
    const tables = tablesOf([12, 6, 3], createRng(7, 'tables'), false)
    const candidates = new Map(tables.map(({ fidelity, rows }) => [fidelity, rows]))
    const all = search(compiled).suggest(50, { candidates })
    expect(all).toHaveLength(21)
    expect(new Set(all.map(({ fidelity, row }) => `${fidelity}/${row}`)).size).toBe(21)

    // Eight of 24 mixtures go on, to no more than three rows; what follows are the other rows.
    const rows = randomMixtures(24, 4, createRng(8, 'runs'))
    const low = Array.from({ length: 24 }, (_, i) => rowOf(rows, i))
    const completed = [runTable('f0', low, [...low.keys()])]
    candidates.set('f1', tables[2].rows)
    const followed = search(compiled).suggest(50, { completed, candidates })
    const promoted = followed.filter(({ reason }) => reason.startsWith('Promoted'))
    const nearest = low.slice(0, 8).map((row) => {
      const distances = Array.from({ length: 3 }, (_, j) =>
        hellinger(row, rowOf(tables[2].rows, j)),
      )
      return distances.indexOf(Math.min(...distances))
    })
    expect(promoted.map(({ row }) => row)).toEqual([...new Set(nearest)])
    expect(new Set(followed.map(({ fidelity, row }) => `${fidelity}/${row}`)).size).toBe(18)
    expect(followed).toHaveLength(18)
  })
})
