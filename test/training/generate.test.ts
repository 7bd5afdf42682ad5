import { describe, expect, test } from 'vitest'
import { createRng } from '../../src/optimizers/random.js'
import { generate, sampleToken } from '../../src/training/generate.js'
import type { ModelConfig } from '../../src/training/types.js'

const LOGITS = Float32Array.of(1, 3, -2, 2.5, 0)

function frequencies(draw: () => number, count = 20_000): number[] {
  const counts = new Array<number>(LOGITS.length).fill(0)
  for (let i = 0; i < count; i++) counts[draw()] += 1
  return counts.map((n) => n / count)
}

function softmax(logits: number[]): number[] {
  const exponentials = logits.map(Math.exp)
  const sum = exponentials.reduce((total, value) => total + value, 0)
  return exponentials.map((value) => value / sum)
}

function expectShares(actual: number[], expected: number[]): void {
  // 4.5 standard errors of a share of 20,000 draws.
  actual.forEach((share, id) => {
    const error = Math.sqrt((expected[id] * (1 - expected[id])) / 20_000)
    expect(Math.abs(share - expected[id])).toBeLessThanOrEqual(4.5 * error)
  })
}

describe('sampleToken', () => {
  test.each([0.5, 1, 3])('follows the softmax at temperature %f', (temperature) => {
    const rng = createRng(1, 'sample')
    const expected = softmax([...LOGITS].map((logit) => logit / temperature))
    expectShares(
      frequencies(() => sampleToken(LOGITS, rng, { temperature })),
      expected,
    )
  })

  test('draws only from the k likeliest', () => {
    const rng = createRng(2, 'sample')
    const [, b, , d] = softmax([-1e9, 3, -1e9, 2.5, -1e9])
    expectShares(
      frequencies(() => sampleToken(LOGITS, rng, { topK: 2 })),
      [0, b, 0, d, 0],
    )
  })

  test('takes the likeliest at temperature 0 and with one candidate', () => {
    const rng = createRng(3, 'sample')
    for (let i = 0; i < 50; i++) {
      expect(sampleToken(LOGITS, rng, { temperature: 0 })).toBe(1)
      expect(sampleToken(LOGITS, rng, { topK: 1, temperature: 9 })).toBe(1)
    }
  })

  test('takes logits far beyond what exponentials hold', () => {
    const rng = createRng(4, 'sample')
    expect(sampleToken(Float32Array.of(-1e30, 1e30, 0), rng)).toBe(1)
  })

  test('says what is out of range', () => {
    const rng = createRng(5, 'sample')
    expect(() => sampleToken(LOGITS, rng, { temperature: -1 })).toThrow('not -1')
    expect(() => sampleToken(LOGITS, rng, { topK: 0 })).toThrow('topK has to be an integer ≥ 1')
    expect(() => sampleToken(Float32Array.of(0, Number.NaN), rng)).toThrow('not finite')
    const infinite = Float32Array.of(0, Number.POSITIVE_INFINITY)
    expect(() => sampleToken(infinite, rng)).toThrow('not finite')
  })
})

describe('generate', () => {
  const model: ModelConfig = {
    vocabulary: 7,
    width: 8,
    layers: 1,
    heads: 1,
    feedForward: 8,
    context: 3,
    activation: 'gelu',
    positions: 'learned',
  }

  /** Always sure that the next token is the sum of those it sees, modulo the vocabulary. */
  const summing = () => {
    const seen: number[][] = []
    return {
      seen,
      model,
      nextTokenLogits: async (tokens: Int32Array) => {
        seen.push([...tokens])
        const logits = new Float32Array(model.vocabulary).fill(-100)
        logits[tokens.reduce((sum, id) => sum + id, 0) % model.vocabulary] = 100
        return logits
      },
    }
  }

  test('shows the model the last tokens that fit its context', async () => {
    const learner = summing()
    const text = await generate(learner, Int32Array.of(1, 2), { tokens: 4, rng: createRng(1) })
    expect([...text]).toEqual([3, 6, 4, 6])
    expect(learner.seen).toEqual([
      [1, 2],
      [1, 2, 3],
      [2, 3, 6],
      [3, 6, 4],
    ])
  })

  test('ends before the end of the text, which it leaves out', async () => {
    const options = { tokens: 100, endOfText: 4, rng: createRng(1) }
    expect([...(await generate(summing(), Int32Array.of(1, 2), options))]).toEqual([3, 6])
  })

  test('refuses an empty prompt', async () => {
    const options = { tokens: 1, rng: createRng(1) }
    await expect(generate(summing(), new Int32Array(0), options)).rejects.toThrow(
      'a prompt has to have at least one token',
    )
  })
})
