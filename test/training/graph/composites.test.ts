import { expect, test } from 'vitest'
import {
  add,
  causalMask,
  clipByNorm,
  evaluateGraph,
  Graph,
  rotaryEmbedding,
  softmax,
  type Value,
} from '../../../src/training/graph/index.js'
import { Draw } from './support/draw.js'

function evaluate(value: Value, feeds: Record<string, ArrayLike<number>> = {}): number[] {
  return [...evaluateGraph([value], feeds)[0].data]
}

test('under the causal mask a row of attention sees its own column and those before, equally', () => {
  const graph = new Graph()
  const scores = graph.input('scores', 'float32', [4, 4])
  const attention = evaluate(softmax(add(scores, causalMask(graph, 4))), {
    scores: new Array(16).fill(-7),
  })
  const expected = Array.from({ length: 16 }, (_, i) => {
    const [row, column] = [Math.floor(i / 4), i % 4]
    return column <= row ? 1 / (row + 1) : 0
  })
  attention.forEach((weight, i) => {
    expect(weight).toBeCloseTo(expected[i], 14)
  })
})

test('rotary positions turn pairs as complex numbers, so that products depend on distance only', () => {
  const draw = new Draw('rotary', 1)
  const [tokens, size] = [5, 6]
  const x = draw.float([2, tokens, size])
  const turned = evaluate(rotaryEmbedding(x), draw.feeds)
  const given = draw.feeds.input0
  for (let batch = 0; batch < 2; batch++) {
    for (let token = 0; token < tokens; token++) {
      for (let pair = 0; pair < size / 2; pair++) {
        const at = (batch * tokens + token) * size + pair
        const [real, imaginary] = [given[at], given[at + size / 2]]
        const angle = Math.atan2(imaginary, real) + token / 10_000 ** ((2 * pair) / size)
        const radius = Math.hypot(real, imaginary)
        expect(turned[at]).toBeCloseTo(radius * Math.cos(angle), 12)
        expect(turned[at + size / 2]).toBeCloseTo(radius * Math.sin(angle), 12)
      }
    }
  }
  expect(() => rotaryEmbedding(draw.float([2, 3]))).toThrow(
    'rotaryEmbedding(float32[2, 3]): the last axis must be even',
  )
})

test('clipping by norm shortens what is too long, and nothing else', () => {
  const graph = new Graph()
  const parts = [graph.input('a', 'float32', [2]), graph.input('b', 'float32', [1, 1])]
  const { clipped, norm } = clipByNorm(parts, 1)
  const long = { a: [2, 3], b: [6] }
  expect(evaluate(norm, long)).toEqual([7])
  const lengths = clipped.flatMap((part) => evaluate(part, long))
  ;[2 / 7, 3 / 7, 6 / 7].forEach((expected, i) => {
    expect(lengths[i]).toBeCloseTo(expected, 6)
  })
  const short = { a: [0.2, 0.3], b: [0.6] }
  expect(clipped.flatMap((part) => evaluate(part, short))).toEqual([0.2, 0.3, 0.6])
  expect(clipped.flatMap((part) => evaluate(part, { a: [0, 0], b: [0] }))).toEqual([0, 0, 0])
})
