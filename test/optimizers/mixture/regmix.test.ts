import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidInputError } from '../../../src/optimizers/issue.js'
import {
  compileSpace,
  largestViolation,
  OLMIX_SAMPLING,
  type RegmixSamplingOptions,
  sampleRegmix,
  sampleRegmixWithStatistics,
} from '../../../src/optimizers/mixture/index.js'
import { strengthGrid } from '../../../src/optimizers/mixture/sampling/regmix-draw.js'
import { createRng } from '../../../src/optimizers/random.js'
import { rowOf } from '../../../src/optimizers/row-matrix.js'
import { anchoredSpaces } from './random-spaces.js'

/** The Pile's natural mixture as RegMix has it, in the order of its files. */
const PILE_PRIOR = {
  arxiv: 0.113285273,
  freelaw: 0.079608651,
  nih_exporter: 0.003913491,
  pubmed_central: 0.185375901,
  wikipedia_en: 0.051081359,
  dm_mathematics: 0.015962925,
  github: 0.101750772,
  philpapers: 0.003707518,
  stackexchange: 0.066529351,
  enron_emails: 0.001750772,
  gutenberg_pg_19: 0.027085479,
  pile_cc: 0.236869207,
  ubuntu_irc: 0.01184346,
  europarl: 0.007929969,
  hackernews: 0.008032956,
  pubmed_abstracts: 0.038825953,
  uspto_backgrounds: 0.046446962,
}
const pile = compileSpace({
  domains: Object.keys(PILE_PRIOR).map((name) => ({ name })),
  prior: PILE_PRIOR,
})

const sumOf = (values: Float64Array) => values.reduce((a, b) => a + b, 0)

describe('RegMix Step A on the Pile', () => {
  const { rows, statistics } = sampleRegmixWithStatistics(pile, {}, 512, createRng(42, 'regmix'))

  test('accepts, activates and spreads as the shipped defaults do', () => {
    expect(statistics.drawn).toBe(51_200)
    // Reference: acceptance 0.574, 5.9 active domains before and 6.5 after de-duplication, entropy 0.79 → 0.88.
    expect(statistics.accepted / statistics.drawn).toBeCloseTo(0.574, 1.8)
    expect(Math.abs(statistics.activeAccepted - 5.9)).toBeLessThan(0.1)
    expect(Math.abs(statistics.activeDistinct - 6.5)).toBeLessThan(0.1)
    expect(Math.abs(statistics.entropyAccepted - 0.79)).toBeLessThan(0.015)
    expect(Math.abs(statistics.entropyDistinct - 0.88)).toBeLessThan(0.015)
  })

  test('without tempering 0.809 are accepted', () => {
    const untempered = sampleRegmixWithStatistics(pile, { temperature: 1 }, 300, createRng(1, 'T1'))
    const { accepted, drawn } = untempered.statistics
    expect(Math.abs(accepted / drawn - 0.809)).toBeLessThan(0.01)
  })

  test('rows lie on the grid, within 15 times the prior, distinct, and sum to 1 only up to rounding', () => {
    expect([rows.rows, rows.columns]).toEqual([512, 17])
    const seen = new Set<string>()
    let inexact = 0
    for (let i = 0; i < rows.rows; i++) {
      const row = rowOf(rows, i)
      seen.add(row.join())
      row.forEach((weight, j) => {
        const cells = weight / 2e-4
        expect(Math.abs(cells - Math.round(cells))).toBeLessThan(1e-9)
        expect(weight).toBeLessThanOrEqual(Math.min(1, 15 * pile.prior[j]) + 5e-3)
      })
      expect(Math.abs(sumOf(row) - 1)).toBeLessThan(17 * 1e-4)
      if (Math.abs(sumOf(row) - 1) > 1e-9) inexact += 1
    }
    expect(seen.size).toBe(512)
    expect(inexact).toBeGreaterThan(100)
  })

  test('the grid of strengths is the published one', () => {
    const grid = [...strengthGrid({ minStrength: 0.1, maxStrength: 5, strengths: 15 })]
    expect(grid.map((strength) => Number(strength.toFixed(4)))).toEqual([
      0.1,
      0.1322,
      0.1749,
      0.2312,
      0.3058,
      0.4044,
      0.5347,
      Number(Math.SQRT1_2.toFixed(4)),
      0.9351,
      1.2365,
      1.6351,
      2.1622,
      2.8593,
      3.7811,
      5,
    ])
    expect([...strengthGrid({ minStrength: 2, maxStrength: 5, strengths: 1 })]).toEqual([2])
  })

  test('follows the seed', () => {
    const few = (seed: number) => sampleRegmix(pile, {}, 8, createRng(seed, 'x'))
    expect(few(1)).toEqual(few(1))
    expect(few(1)).not.toEqual(few(2))
  })

  test('the space’s own caps are met, and Olmix’s settings give rows that sum to 1', () => {
    const capped = compileSpace({
      targetTokens: 1e12,
      domains: Object.entries(PILE_PRIOR).map(([name, share]) => ({
        name,
        tokens: share * 3e12,
        maxEpochs: 4,
      })),
    })
    const swarm = sampleRegmix(capped, OLMIX_SAMPLING, 54, createRng(3, 'olmix'))
    for (let i = 0; i < swarm.rows; i++) {
      const row = rowOf(swarm, i)
      expect(largestViolation(capped, row)).toBeLessThan(1e-9)
      for (const weight of row) expect(weight === 0 || weight > 0.0019).toBe(true)
    }
  })
})

describe('RegMix’s sampler on any space', () => {
  const permissive: Partial<RegmixSamplingOptions> = {
    maxUsage: Number.POSITIVE_INFINITY,
    multiplier: 300,
    dedupDistance: 0,
    minStrength: 1,
  }

  test('rows respect every constraint to 1e-9, or the refusal says what to relax', () => {
    let sampled = 0
    fc.assert(
      fc.property(anchoredSpaces(3, 8), fc.boolean(), ({ space }, renormalise) => {
        try {
          const rows = sampleRegmix(space, { ...permissive, renormalise }, 4, createRng(1, 'any'))
          sampled += 1
          for (let i = 0; i < rows.rows; i++) {
            const row = rowOf(rows, i)
            const off = renormalise ? 0 : Math.abs(sumOf(row) - 1)
            expect(largestViolation(space, row)).toBeLessThan(Math.max(1e-9, off + 1e-12))
            row.forEach((weight, j) => {
              expect(weight).toBeGreaterThan(space.lower[j] - 1e-9)
              expect(weight).toBeLessThan(space.upper[j] + 1e-9)
            })
          }
        } catch (error) {
          if (!(error instanceof InvalidInputError)) throw error
          expect(error.issues[0].detail).toMatch(/Raise multiplier|prior/)
        }
      }),
      { numRuns: 400, seed: 1 },
    )
    expect(sampled).toBeGreaterThan(30)
  })

  test('a lower bound above most draws is met by shifting, not by rejecting', () => {
    const space = compileSpace({
      domains: [
        { name: 'rare', minWeight: 0.2 },
        { name: 'web' },
        { name: 'code', fixedWeight: 0.123456 },
      ],
      prior: { rare: 1, web: 98, code: 1 },
    })
    const { rows, statistics } = sampleRegmixWithStatistics(
      space,
      { maxUsage: Number.POSITIVE_INFINITY, renormalise: true, multiplier: 20 },
      16,
      createRng(2, 'lower'),
    )
    expect(statistics.accepted).toBe(statistics.drawn)
    for (let i = 0; i < rows.rows; i++) {
      expect(rowOf(rows, i)[0]).toBeGreaterThanOrEqual(0.2 - 1e-12)
      expect(rowOf(rows, i)[2]).toBe(0.123456)
    }
  })

  test('a lower bound above the largest usage of a small domain is met too', () => {
    const small = compileSpace({
      domains: [{ name: 'small', minWeight: 0.1 }, { name: 'large' }],
      prior: { small: 1, large: 999 },
    })
    const rows = sampleRegmix(small, { renormalise: true }, 20, createRng(9))
    for (let i = 0; i < rows.rows; i++) {
      expect(rowOf(rows, i)[0]).toBeGreaterThanOrEqual(0.1 - 1e-9)
      expect(rowOf(rows, i)[0]).toBeLessThanOrEqual(0.1 + 15 / 1000 + 2e-4)
    }
  })

  test('says how many rows survived and which option to relax', () => {
    const space = compileSpace({ domains: [{ name: 'a' }, { name: 'b' }], prior: { a: 1, b: 1 } })
    const refusal = (options: Partial<RegmixSamplingOptions>, count: number) => {
      try {
        sampleRegmix(space, options, count, createRng(1))
      } catch (error) {
        if (error instanceof InvalidInputError) return error.issues
        throw error
      }
      return []
    }
    expect(refusal({ maxUsage: 0.5 }, 4)[0]).toEqual({
      pointer: '/maxUsage',
      detail: expect.stringMatching(
        /^Of 400 vectors drawn 0 were within all bounds and 0 distinct; 4 are needed.*maxUsage \(0.5\)/,
      ),
    })
    expect(refusal({ minimumWeight: 0.4, multiplier: 10 }, 50)[0].detail).toContain(
      'lower minimumWeight',
    )
    expect(
      refusal({ temperature: 0, strengths: 1.5, maxStrength: 0.01, minimumWeight: 1 }, 1),
    ).toHaveLength(4)
  })

  test('a minimum weight above every draw leaves rows out instead of dividing by 0', () => {
    const names = Array.from({ length: 100 }, (_, i) => `d${i}`)
    const space = compileSpace({ domains: names.map((name) => ({ name })) })
    const options = { minimumWeight: 0.3, minStrength: 50, maxStrength: 50, multiplier: 5 }
    expect(() => sampleRegmix(space, options, 20, createRng(1))).toThrow(InvalidInputError)
  })
})
