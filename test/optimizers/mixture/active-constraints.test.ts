import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  activeConstraints,
  compileSpace,
  largestViolation,
  withoutConstraint,
} from '../../../src/optimizers/mixture/index.js'
import { anchoredSpaces } from './random-spaces.js'

const space = compileSpace({
  targetTokens: 100,
  domains: [
    { name: 'web', minWeight: 0.2 },
    { name: 'code', tokens: 5, maxWeight: 0.4 },
    { name: 'books', maxWeight: 0.1, tokens: 1000 },
    { name: 'wiki', fixedWeight: 0.15, tokens: 2 },
  ],
  groups: [
    { name: 'text', domains: ['web', 'books'], minWeight: 0.65, maxWeight: 0.9 },
    { name: 'rest', domains: ['code', 'wiki'], maxWeight: 0.35 },
  ],
})

describe('activeConstraints', () => {
  test('names what binds, with its limit, and nothing else', () => {
    const active = activeConstraints(space, Float64Array.of(0.55, 0.2, 0.1, 0.15))
    expect(active).toEqual([
      { kind: 'maxEpochs', name: 'code', limit: 0.2 },
      { kind: 'maxWeight', name: 'books', limit: 0.1 },
      { kind: 'fixedWeight', name: 'wiki', limit: 0.15 },
      { kind: 'groupMinimum', name: 'text', limit: 0.65 },
      { kind: 'groupMaximum', name: 'rest', limit: 0.35 },
    ])
  })

  test('a lower bound binds only where it is reached, a group only within the tolerance', () => {
    const weights = Float64Array.of(0.2 + 5e-7, 0.19, 0.05, 0.15)
    const kinds = activeConstraints(space, weights).map(({ kind, name }) => `${kind} ${name}`)
    expect(kinds).toContain('minWeight web')
    expect(activeConstraints(space, weights, 1e-7).map(({ kind }) => kind)).not.toContain(
      'minWeight',
    )
  })
})

describe('withoutConstraint', () => {
  test('lifting one bound of a domain leaves the other in place', () => {
    expect(withoutConstraint(space, 'maxEpochs', 'code').upper[1]).toBe(0.4)
    expect(withoutConstraint(space, 'maxEpochs', 'code').upperSource[1]).toBe('maxWeight')
    expect(withoutConstraint(space, 'maxWeight', 'books').upper[2]).toBe(1)
    expect(withoutConstraint(space, 'minWeight', 'web').lower[0]).toBe(0)
  })

  test('a fixed weight that is lifted keeps at least its weight in reach', () => {
    const relaxed = withoutConstraint(space, 'fixedWeight', 'wiki')
    expect([relaxed.lower[3], relaxed.upper[3]]).toEqual([0, 0.15])
    expect(relaxed.upperSource[3]).toBe('maxEpochs')
  })

  test('groups lose one side only', () => {
    const [text] = withoutConstraint(space, 'groupMinimum', 'text').groups
    expect([text.minimum, text.maximum]).toEqual([0, 0.9])
    const [, rest] = withoutConstraint(space, 'groupMaximum', 'rest').groups
    expect(rest.maximum).toBe(1)
  })

  test('unknown names are refused', () => {
    expect(() => withoutConstraint(space, 'minWeight', 'nobody')).toThrow(RangeError)
    expect(() => withoutConstraint(space, 'groupMaximum', 'web')).toThrow(RangeError)
  })

  test('always gives a superset in which the constraint no longer binds', () => {
    fc.assert(
      fc.property(anchoredSpaces(3), ({ space: random, anchor }) => {
        for (const { kind, name } of activeConstraints(random, anchor)) {
          const relaxed = withoutConstraint(random, kind, name)
          expect(largestViolation(relaxed, anchor)).toBeLessThan(1e-9)
          relaxed.lower.forEach((bound, i) => {
            expect(bound).toBeLessThanOrEqual(random.lower[i])
            expect(relaxed.upper[i]).toBeGreaterThanOrEqual(random.upper[i])
          })
          const still = activeConstraints(relaxed, anchor, 0)
          expect(still.some((other) => other.kind === kind && other.name === name)).toBe(false)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('largestViolation', () => {
  test('is the largest miss over sum, bounds and groups', () => {
    expect(largestViolation(space, [0.55, 0.2, 0.1, 0.15])).toBeLessThan(1e-15)
    expect(largestViolation(space, [0.55, 0.2, 0.1, 0.1])).toBeCloseTo(0.05, 12)
    expect(largestViolation(space, [0.1, 0.2, 0.1, 0.15])).toBeCloseTo(0.45, 12)
    expect(largestViolation(space, [0.65, 0.1, 0.1, 0.15])).toBeLessThan(1e-15)
    expect(largestViolation(space, [0.85, -0.1, 0.1, 0.15])).toBeCloseTo(0.1, 12)
    expect(largestViolation(space, [0.5, 0.35, 0, 0.15])).toBeCloseTo(0.15, 12)
  })

  test('what is not a number violates without limit', () => {
    expect(largestViolation(space, [Number.NaN, 0.5, 0.5, 0])).toBe(Number.POSITIVE_INFINITY)
  })
})
