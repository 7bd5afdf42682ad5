import { beforeAll, describe, expect, test } from 'vitest'
import {
  agreementOf,
  type FidelityJudgement,
  judgeFidelities,
} from '../../../../src/optimizers/offline/admire/guard.js'
import { assess } from '../../../../src/optimizers/offline/admire/situation.js'
import { inputMap } from '../../../../src/optimizers/offline/admire/specification.js'
import { createRng } from '../../../../src/optimizers/random.js'
import type { RunTable } from '../../../../src/optimizers/types.js'
import {
  drawnMixtures,
  paramsWith,
  problemOf,
  runTable,
  SMALL_AND_LARGE,
  shuffled,
} from './support.js'

/** By hand: (atanh(0.7)/0.36 + atanh(r) (n − 3)/1.06) / (1/0.36 + (n − 3)/1.06), and 1.645 of its standard deviations. */
function expectedEstimate(r: number, pairs: number) {
  const precision = 1 / 0.36 + (pairs - 3) / 1.06
  const z = (0.8673005276940532 / 0.36 + (Math.atanh(r) * (pairs - 3)) / 1.06) / precision
  const spread = 1.6448536269514722 / Math.sqrt(precision)
  return [z, z - spread, z + spread].map(Math.tanh)
}

describe('a rank correlation of few pairs', () => {
  test('is drawn towards what is expected beforehand', () => {
    // Ranks 1 2 3 4 5 6 and 2 1 3 4 6 5: Σd² = 4, so 1 − 6 · 4/(6 · 35) = 31/35.
    const { measured, pairs, estimate, lower, upper } = agreementOf(
      [1, 2, 3, 4, 5, 6],
      [20, 10, 30, 40, 60, 50],
    )
    expect(measured).toBeCloseTo(31 / 35, 14)
    expect(pairs).toBe(6)
    const expected = expectedEstimate(31 / 35, 6)
    ;[estimate, lower, upper].forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 12)
    })
  })

  test('is what is expected beforehand, of fewer than four', () => {
    for (const count of [0, 1, 2, 3]) {
      const scores = Array.from({ length: count }, (_, i) => i)
      const { estimate, lower } = agreementOf(scores, scores.toReversed())
      expect(estimate).toBeCloseTo(0.7, 12)
      expect(lower).toBeCloseTo(Math.tanh(0.8673005276940532 - 1.6448536269514722 * 0.6), 12)
    }
    expect(agreementOf([1, 2, 3, 4], [4, 3, 2, 1]).estimate).toBeLessThan(0.2)
  })

  test('is that of the pairs when they are many', () => {
    const scores = Array.from({ length: 200 }, (_, i) => i)
    const other = scores.map((score) => score + 120 * Math.sin(7 * score))
    const { measured, estimate } = agreementOf(scores, other)
    expect(Math.abs(estimate - (measured as number))).toBeLessThan(0.01)
  })

  test('counts constant scores as no agreement', () => {
    const { measured, estimate } = agreementOf(new Float64Array(40), scoresUpTo(40))
    expect(measured).toBeNull()
    expect(estimate).toBeLessThan(0.1)
  })
})

const scoresUpTo = (count: number) => Array.from({ length: count }, (_, i) => i)

const DOMAINS = 6
const SEEDS = 24
const params = paramsWith()

/** A random smooth loss of mixtures. */
function randomLoss(seed: number): (weights: readonly number[]) => number {
  const rng = createRng(seed, 'loss')
  const slopes = Array.from({ length: DOMAINS }, () => rng.normal())
  return (weights) => Math.exp(-weights.reduce((sum, w, j) => sum + slopes[j] * Math.sqrt(w), 0))
}

interface Scales {
  small: RunTable
  large: RunTable | undefined
}

function judge({ small, large }: Scales, seed: number): FidelityJudgement {
  const compiled = problemOf(DOMAINS, SMALL_AND_LARGE)
  const completed = large ? [small, large] : [small]
  const offered = ['small', 'large']
  const { runs } = assess({ compiled, params, completed, active: [], offered })
  return judgeFidelities(runs, inputMap(compiled.space, params), 0.3, createRng(seed))[0]
}

/** 24 small runs and some large ones of the same mixtures, with noise of 20 % of the spread. */
function scalesOf(
  seed: number,
  shared: number,
  change: (losses: number[], seed: number) => number[],
): Scales {
  const loss = randomLoss(seed)
  const rows = drawnMixtures(24, DOMAINS, seed)
  const plain = rows.map(loss)
  const mean = plain.reduce((a, b) => a + b) / 24
  const spread = Math.sqrt(plain.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 23)
  const rng = createRng(seed, 'noise')
  const measured = () => plain.map((value) => value + 0.2 * spread * rng.normal())
  return {
    small: runTable(
      'small',
      rows,
      change(
        measured().map((value) => 1 + 0.7 * value),
        seed,
      ),
    ),
    large:
      shared > 0
        ? runTable('large', rows.slice(0, shared), measured().slice(0, shared))
        : undefined,
  }
}

const asMeasured = (losses: number[]) => losses
const permuted = (losses: number[], seed: number) => shuffled(losses, createRng(seed, 'shuffle'))
const upsideDown = (losses: number[]) => losses.map((loss) => -loss)

describe('the guard, over 24 random losses of 6 domains, with 24 small runs', () => {
  const kept: Record<string, number> = {}

  beforeAll(() => {
    const changes = { asMeasured, permuted, upsideDown }
    for (const [name, change] of Object.entries(changes))
      for (const shared of [0, 3, 8]) {
        const seeds = Array.from({ length: SEEDS }, (_, seed) => seed)
        const judged = seeds.map((seed) => judge(scalesOf(seed, shared, change), seed))
        kept[`${name} ${shared}`] = judged.filter((judgement) => judgement.kept).length
      }
  })

  test('keeps what has structure, whether or not the target tells anything yet', () => {
    for (const shared of [0, 3, 8]) expect(kept[`asMeasured ${shared}`]).toBeGreaterThanOrEqual(23)
  })

  test('drops permuted scores in 4 of 5 cases before the target has any score, and after', () => {
    for (const shared of [0, 3, 8]) expect(kept[`permuted ${shared}`]).toBeLessThanOrEqual(5)
  })

  test('drops a fidelity that ranks the other way round once 8 mixtures are shared', () => {
    expect(kept['upsideDown 8']).toBe(0)
  })

  test('cannot tell from 3 pairs: what is expected decides', () => {
    expect(kept['upsideDown 3']).toBeGreaterThanOrEqual(23)
  })
})

describe('what the guard says', () => {
  const all = scalesOf(1, 8, asMeasured)

  test('counts the mixtures that were run at both, each once', () => {
    const rows = drawnMixtures(24, DOMAINS, 1)
    const [first, second] = rows
    const others = drawnMixtures(3, DOMAINS, 99)
    const large = runTable('large', [first, first, second, ...others], [1, 2, 3, 4, 5, 6])
    expect(judge({ small: all.small, large }, 1).shared).toBe(2)
    expect(judge(all, 1).shared).toBe(8)
    expect(judge({ ...all, large: undefined }, 1).shared).toBe(0)
  })

  test('has a pair for each run at the target, and one for each own run', () => {
    const { withTarget, withItself, runs, kept, withOthers } = judge(all, 1)
    expect([withTarget.pairs, withItself.pairs, runs]).toEqual([8, 24, 24])
    expect(withOthers).toBeNull()
    expect(kept).toBe(true)
  })

  test('lets structured fidelities speak for each other, and never a permuted one for itself', () => {
    const scales = [{ name: 'tiny', evaluator: 'table' as const, cost: 0.01 }, ...SMALL_AND_LARGE]
    const compiled = problemOf(DOMAINS, scales)
    const judged = (seed: number, change: typeof permuted) => {
      const tiny = { ...scalesOf(seed, 0, change).small, fidelity: 'tiny' }
      // The same loss at other mixtures.
      const rows = drawnMixtures(24, DOMAINS, seed + 100)
      const completed = [tiny, runTable('small', rows, rows.map(randomLoss(seed)))]
      const offered = scales.map(({ name }) => name)
      const { runs } = assess({ compiled, params, completed, active: [], offered })
      return judgeFidelities(runs, inputMap(compiled.space, params), 0.3, createRng(seed))
    }
    const seeds = Array.from({ length: 12 }, (_, seed) => seed)
    const alike = seeds.map((seed) => judged(seed, asMeasured))
    for (const [tiny, small] of alike) {
      expect(tiny.withOthers?.pairs).toBe(24)
      expect(small.withOthers?.estimate).toBeGreaterThan(0.5)
      expect([tiny.kept, small.kept]).toEqual([true, true])
    }
    const unlike = seeds.map((seed) => judged(seed, permuted))
    expect(unlike.filter(([tiny]) => tiny.kept).length).toBeLessThanOrEqual(3)
    expect(unlike.every(([, small]) => small.kept)).toBe(true)
  })
})
