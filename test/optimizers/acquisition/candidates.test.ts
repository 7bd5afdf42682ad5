import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { proposeCandidates } from '../../../src/optimizers/acquisition/index.js'
import { InvalidInputError } from '../../../src/optimizers/issue.js'
import {
  compileSpace,
  largestViolation,
  sampleDirichlet,
  sampleUniformSimplex,
} from '../../../src/optimizers/mixture/index.js'
import { createRng } from '../../../src/optimizers/random.js'
import { type RowMatrix, rowOf } from '../../../src/optimizers/row-matrix.js'
import { anchoredSpaces } from '../mixture/random-spaces.js'

const named = (count: number, tokens: (i: number) => number = () => 1) =>
  Array.from({ length: count }, (_, i) => ({ name: `d${i}`, tokens: tokens(i) }))

const mixture = (domains: number, seed: number) =>
  sampleUniformSimplex(createRng(seed, 'mixture'), new Float64Array(domains))

const rowsOf = (matrix: RowMatrix) =>
  Array.from({ length: matrix.rows }, (_, i) => Array.from(rowOf(matrix, i)))

const distance = (one: ArrayLike<number>, other: ArrayLike<number>) =>
  Array.from(one, (weight, i) => Math.abs(weight - other[i])).reduce((a, b) => a + b)

const worstViolation = (space: Parameters<typeof largestViolation>[0], rows: RowMatrix) =>
  rowsOf(rows).reduce((worst, row) => Math.max(worst, largestViolation(space, row)), 0)

describe('proposeCandidates', () => {
  test.each([0, 4])('keeps to the constraints of any space (%s groups)', (groups) => {
    fc.assert(
      fc.property(
        anchoredSpaces(groups, 8),
        fc.integer({ min: 0, max: 60 }),
        fc.boolean(),
        fc.integer(),
        ({ space, anchor }, count, knowsBest, seed) => {
          const domains = space.names.length
          const candidates = proposeCandidates(space, {
            count,
            best: knowsBest ? [anchor, mixture(domains, seed)] : [],
            references: [space.prior],
            rng: createRng(seed),
          })
          expect([candidates.rows, candidates.columns]).toEqual([count, domains])
          expect(worstViolation(space, candidates)).toBeLessThan(1e-9)
        },
      ),
      { numRuns: 150 },
    )
  })

  const space = compileSpace({ domains: named(17, (i) => (i + 1) ** 2) })
  const best = mixture(17, 1)
  const count = 2000

  test('holds every corner, every midpoint of two and every reference', () => {
    const reference = mixture(17, 2)
    const rows = rowsOf(
      proposeCandidates(space, {
        count,
        best: [best],
        references: [reference],
        rng: createRng(1),
      }),
    )
    const has = (wanted: ArrayLike<number>) => rows.some((row) => distance(row, wanted) < 1e-12)
    expect(has(reference)).toBe(true)
    for (let i = 0; i < 17; i++)
      for (let j = 0; j <= i; j++) {
        const point = new Float64Array(17)
        point[i] += 0.5
        point[j] += 0.5
        expect(has(point)).toBe(true)
      }
  })

  test('takes a tenth by exchanges of two domains of the best and a fifth around it', () => {
    const rows = rowsOf(proposeCandidates(space, { count, best: [best], rng: createRng(2) }))
    const changed = rows.map((row) => row.filter((w, i) => Math.abs(w - best[i]) > 1e-12).length)
    expect(changed.filter((number) => number === 2).length).toBe(count / 10)
    const around = rows.filter((row) => distance(row, best) < 0.6).length
    const without = rowsOf(proposeCandidates(space, { count, best: [], rng: createRng(2) }))
    const byChance = without.filter((row) => distance(row, best) < 0.6).length
    expect(around - byChance).toBeGreaterThan(0.2 * count)
    expect(byChance).toBeLessThan(0.1 * count)
  })

  test('serves several best mixtures alike', () => {
    const others = [mixture(17, 3), mixture(17, 4)]
    const rows = rowsOf(proposeCandidates(space, { count, best: others, rng: createRng(3) }))
    const exchanges = others.map(
      (other) =>
        rows.filter((row) => row.filter((w, i) => Math.abs(w - other[i]) > 1e-12).length === 2)
          .length,
    )
    expect(exchanges).toEqual([count / 20, count / 20])
  })

  test('draws a quarter from Dirichlet distributions around the prior, of strengths from 1 to 100', () => {
    const rng = createRng(5)
    const around = Array.from({ length: 20_000 }, () => {
      const strength = 100 ** rng.uniform()
      return sampleDirichlet(
        space.prior.map((share) => strength * share),
        rng,
      )
    })
    const isNear = (row: ArrayLike<number>) => distance(row, space.prior) < 0.4
    const expected = (count / 4) * (around.filter(isNear).length / around.length)
    const drawn = rowsOf(proposeCandidates(space, { count, best: [best], rng: createRng(4) }))
    const near = drawn.filter(isNear).length
    // Four standard errors; some of the others are near by chance.
    expect(near).toBeGreaterThan(expected - 4 * Math.sqrt(expected))
    expect(near).toBeLessThan(expected + 4 * Math.sqrt(expected) + count / 20)
    expect(expected).toBeGreaterThan(50)
  })

  test('follows the seed', () => {
    const drawn = (seed: number) =>
      proposeCandidates(space, { count: 100, best: [best], rng: createRng(seed) })
    expect(drawn(1)).toEqual(drawn(1))
    expect(drawn(1)).not.toEqual(drawn(2))
  })

  test('knows spaces that are a point', () => {
    const point = compileSpace({
      domains: [
        { name: 'a', fixedWeight: 0.3 },
        { name: 'b', fixedWeight: 0.7 },
      ],
    })
    const rows = rowsOf(
      proposeCandidates(point, { count: 20, best: [[0.5, 0.5]], rng: createRng(1) }),
    )
    for (const row of rows) expect(distance(row, [0.3, 0.7])).toBeLessThan(1e-9)
    const tight = compileSpace({ domains: named(4).map((own) => ({ ...own, maxWeight: 0.25 })) })
    const all = proposeCandidates(tight, { count: 20, best: [], rng: createRng(1) })
    expect(worstViolation(tight, all)).toBeLessThan(1e-9)
  })

  test('spreads over spaces that are a segment', () => {
    const segment = compileSpace({
      domains: [{ name: 'a' }, { name: 'b' }, { name: 'c', fixedWeight: 0.4 }],
      groups: [{ name: 'g', domains: ['a'], minWeight: 0.2, maxWeight: 0.5 }],
    })
    const rows = rowsOf(
      proposeCandidates(segment, { count: 200, best: [[0.3, 0.3, 0.4]], rng: createRng(1) }),
    )
    const first = rows.map(([a]) => a).sort((a, b) => a - b)
    expect(first[0]).toBeCloseTo(0.2, 9)
    expect(first[199]).toBeCloseTo(0.5, 9)
    first.slice(1).forEach((a, k) => {
      expect(a - first[k]).toBeLessThan(0.05)
    })
  })

  test('tries domains of which the prior has nothing', () => {
    const partly = compileSpace({
      domains: named(4),
      prior: { d0: 1, d1: 1, d2: 0, d3: 0 },
    })
    const onlyFixed = compileSpace({
      domains: [{ name: 'a', fixedWeight: 0.4 }, { name: 'b' }, { name: 'c' }],
      prior: { a: 1, b: 0, c: 0 },
    })
    for (const [own, j, least] of [
      [partly, 3, 80],
      [onlyFixed, 2, 150],
    ] as const) {
      const candidates = proposeCandidates(own, { count: 200, best: [], rng: createRng(1) })
      expect(worstViolation(own, candidates)).toBeLessThan(1e-9)
      const weights = rowsOf(candidates).map((row) => row[j])
      expect(new Set(weights.map((weight) => weight.toFixed(6))).size).toBeGreaterThan(least)
    }
  })

  test('refuses spaces without mixtures, and mixtures that are none', () => {
    const empty = compileSpace({ domains: named(2).map((own) => ({ ...own, maxWeight: 0.3 })) })
    const options = { count: 5, best: [], rng: createRng(1) }
    expect(() => proposeCandidates(empty, options)).toThrow(InvalidInputError)
    expect(() => proposeCandidates(space, { ...options, best: [[0.5, 0.5]] })).toThrow(RangeError)
    const wrong = new Float64Array(17).fill(Number.NaN)
    expect(() => proposeCandidates(space, { ...options, references: [wrong] })).toThrow(RangeError)
  })
})
