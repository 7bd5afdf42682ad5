import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSampler, type SamplerOptions } from '../../../src/training/sampling/index.js'
import { countingTokens } from './token-arrays.js'

const CONTEXT = 4
/** Domains start at multiples of this, so that a token tells its domain. */
const STRIDE = 100_000

function options(
  lengths: readonly number[],
  weights: readonly number[],
  rest: Partial<SamplerOptions> = {},
): SamplerOptions {
  const domains = lengths.map((length, i) => ({
    name: `d${i}`,
    train: countingTokens(length, i * STRIDE),
  }))
  return {
    domains,
    weights: Object.fromEntries(weights.map((weight, i) => [`d${i}`, weight])),
    context: CONTEXT,
    batchSize: 8,
    seed: 11,
    ...rest,
  }
}

/** First tokens of the sequences of `batches` batches, after checking that each row is context + 1 tokens in a row. */
function firstTokens(sampler: { next(): Int32Array }, batches: number): number[] {
  return Array.from({ length: batches }, () => {
    const batch = sampler.next()
    return Array.from({ length: batch.length / (CONTEXT + 1) }, (_, row) => {
      const sequence = [...batch.subarray(row * (CONTEXT + 1), (row + 1) * (CONTEXT + 1))]
      expect(sequence).toEqual(sequence.map((_, j) => sequence[0] + j))
      return sequence[0]
    })
  }).flat()
}

function ofDomain(firsts: readonly number[], domain: number): number[] {
  return firsts
    .filter((first) => Math.floor(first / STRIDE) === domain)
    .map((first) => (first - domain * STRIDE) / CONTEXT)
}

describe('the sampler', () => {
  test('keeps the quotas after every batch', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 2, maxLength: 6 }),
        fc.nat(),
        (parts, seed) => {
          const sum = parts.reduce((total, part) => total + part, 0)
          fc.pre(sum > 0)
          const weights = parts.map((part) => part / sum)
          const lengths = parts.map(() => 200)
          const sampler = createSampler(options(lengths, weights, { seed }))
          for (let batches = 1; batches <= 20; batches++) {
            sampler.next()
            const { drawn } = sampler.state()
            weights.forEach((weight, i) => {
              expect(Math.abs(drawn[`d${i}`] - weight * batches * 8)).toBeLessThan(1)
            })
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  test('passes every sequence of a domain once an epoch, in a new order each time', () => {
    // 97 tokens are 24 sequences of 4, so that epochs end with batches; 75 are 18.
    const sampler = createSampler(options([97, 75], [0.75, 0.25]))
    const firsts = firstTokens(sampler, 24)
    const first = ofDomain(firsts, 0)
    expect(first).toHaveLength(144)
    const epochs = Array.from({ length: 6 }, (_, e) => first.slice(e * 24, (e + 1) * 24))
    for (const epoch of epochs) {
      expect(new Set(epoch).size).toBe(24)
      expect(Math.max(...epoch)).toBe(23)
    }
    expect(epochs[0]).not.toEqual(epochs[1])
    expect(sampler.epochs()).toEqual({ d0: 6, d1: 48 / 18 })
  })

  test('mixes the domains within a batch', () => {
    const sampler = createSampler(options([4001, 4001], [0.5, 0.5]))
    const positions = Array.from({ length: 50 }, () =>
      firstTokens(sampler, 1).findIndex((first) => first >= STRIDE),
    )
    expect(new Set(positions).size).toBeGreaterThan(2)
  })

  test('gives the same batches for the same seed and others for another', () => {
    const draw = (seed: number) =>
      firstTokens(createSampler(options([401, 401, 401], [0.2, 0.3, 0.5], { seed })), 10)
    expect(draw(5)).toEqual(draw(5))
    expect(draw(5)).not.toEqual(draw(6))
  })

  test('goes on from a state that went through JSON with the very next batch', () => {
    const given = options([401, 101, 5], [0.6, 0.3, 0.1])
    const whole = createSampler(given)
    const expected = firstTokens(whole, 30)
    const before = createSampler(given)
    firstTokens(before, 13)
    const state = JSON.parse(JSON.stringify(before.state()))
    const after = createSampler(given)
    after.restore(state)
    expect(firstTokens(after, 17)).toEqual(expected.slice(13 * 8))
    expect(after.epochs()).toEqual(whole.epochs())
    expect(after.state()).toEqual(whole.state())
  })

  test('refuses the state of other domains or another batch size', () => {
    const state = createSampler(options([401, 101], [0.5, 0.5])).state()
    const other = createSampler(options([401, 101, 101], [0.5, 0.5, 0]))
    expect(() => other.restore(state)).toThrow('not one of a sampler of these domains')
    const sampler = createSampler(options([401, 101], [0.5, 0.5]))
    const torn = { batches: 2, drawn: { d0: 8, d1: 7 } }
    expect(() => sampler.restore(torn)).toThrow('not one of a sampler of these domains')
  })
})

describe('simulated epoching', () => {
  const subsampled = (seed: number, studySeed: number, ratio: number) => {
    const sampler = createSampler(
      options([1601, 401, 9], [0.5, 0.3, 0.2], { seed, subsample: { ratio, seed: studySeed } }),
    )
    const firsts = firstTokens(sampler, 60)
    return { epochs: sampler.epochs(), sets: [0, 1, 2].map((i) => new Set(ofDomain(firsts, i))) }
  }

  test('keeps U · D_p / D sequences of each domain, at least one', () => {
    const { sets, epochs } = subsampled(1, 7, 0.1)
    // 400, 100 and 2 sequences.
    expect(sets.map((set) => set.size)).toEqual([40, 10, 1])
    expect(epochs).toEqual({ d0: 240 / 40, d1: 144 / 10, d2: 96 })
  })

  test('shares the subset among the trials of a study and not with other studies', () => {
    expect(subsampled(1, 7, 0.1).sets).toEqual(subsampled(2, 7, 0.1).sets)
    expect(subsampled(1, 7, 0.1).sets).not.toEqual(subsampled(1, 8, 0.1).sets)
  })

  test('keeps everything when the proxy is as long as the target run', () => {
    expect(subsampled(1, 7, 1.5).sets.map((set) => set.size)).toEqual([240, 100, 2])
  })

  test('takes the subset from all over the domain', () => {
    const [large] = subsampled(1, 7, 0.1).sets
    const mean = [...large].reduce((sum, index) => sum + index, 0) / large.size
    // 40 of 0 … 399 have a mean of 199.5 ± 17.
    expect(Math.abs(mean - 199.5)).toBeLessThan(60)
  })
})

describe('what the sampler refuses', () => {
  test('a domain that has a weight but not one whole sequence, by name', () => {
    expect(() => createSampler(options([401, 4], [0.9, 0.1]))).toThrow(
      'domain "d1" has a weight of 0.1, but its 4 training tokens are fewer than one sequence, which takes 5',
    )
    expect(() => createSampler(options([401, 4], [1, 0]))).not.toThrow()
    expect(() => createSampler(options([401, 5], [0.9, 0.1]))).not.toThrow()
  })

  test.each([
    [[0.5, 0.6], 'The weights sum to 1.1, not to 1.'],
    [[1.5, -0.5], 'The weight of "d0" is 1.5, not a number from 0 to 1.'],
    [[Number.NaN, 1], 'The weight of "d0" is NaN, not a number from 0 to 1.'],
    [[0.5, 0.25, 0.25], '"d2" is not one of the domains d0, d1.'],
  ])('weights %j', (weights, message) => {
    expect(() => createSampler(options([401, 401], weights))).toThrow(message)
  })
})
