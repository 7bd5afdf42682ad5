import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evenlySpacedSequences, sequenceCount } from '../../../src/training/sampling/index.js'
import { countingTokens } from './token-arrays.js'

test('n tokens hold ⌊(n − 1) / context⌋ sequences', () => {
  const counts = [0, 1, 4, 5, 8, 9, 12, 13].map((n) => sequenceCount(countingTokens(n), 4))
  expect(counts).toEqual([0, 0, 0, 1, 1, 2, 2, 3])
})

test('the validation subset is evenly spaced, distinct, and everything when asked for more', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 60 }),
      (available, count) => {
        const context = 3
        const rows = evenlySpacedSequences(countingTokens(available * 3 + 1), context, count)
        const firsts = Array.from({ length: rows.length / 4 }, (_, row) => rows[row * 4] / context)
        expect(firsts).toHaveLength(Math.min(count, available))
        const gaps = firsts.slice(1).map((first, i) => first - firsts[i])
        const even = available / firsts.length
        for (const gap of gaps) expect(Math.abs(gap - even)).toBeLessThanOrEqual(1)
        const margins = [firsts[0] + 0.5, available - firsts[firsts.length - 1] - 0.5]
        for (const margin of margins) expect(Math.abs(margin - even / 2)).toBeLessThanOrEqual(1)
      },
    ),
  )
})

test('rows are read whole', () => {
  expect([...evenlySpacedSequences(countingTokens(9), 4, 2)]).toEqual([
    0, 1, 2, 3, 4, 4, 5, 6, 7, 8,
  ])
})
