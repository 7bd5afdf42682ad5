import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Constraint, solve } from 'yalps'
import { leastViolatingMixture } from '../../../src/optimizers/mixture/feasibility/check-feasible.js'
import {
  checkFeasible,
  compileSpace,
  largestViolation,
} from '../../../src/optimizers/mixture/index.js'
import type { Space } from '../../../src/optimizers/mixture/types.js'
import type { SpaceSpec } from '../../../src/optimizers/problem.js'
import { anchoredSpaces, anySpaces } from './random-spaces.js'

const check = (spec: SpaceSpec) => checkFeasible(compileSpace(spec))

/** The plain linear program, one variable a domain: the least t such that no constraint is missed by more than t. */
function leastMiss(space: Space): number {
  const constraints = new Map<string, Constraint>([['sum', { equal: 1 }]])
  const variables = new Map<string, Map<string, number>>()
  const miss = new Map([['objective', 1]])
  const add = (name: string, members: Iterable<number>, minimum: number, maximum: number) => {
    constraints.set(`${name}-`, { min: minimum })
    constraints.set(`${name}+`, { max: maximum })
    miss.set(`${name}-`, 1).set(`${name}+`, -1)
    for (const i of members) variables.get(`w${i}`)?.set(`${name}-`, 1).set(`${name}+`, 1)
  }
  space.names.forEach((_, i) => {
    variables.set(`w${i}`, new Map([['sum', 1]]))
  })
  space.names.forEach((_, i) => {
    add(`b${i}`, [i], space.lower[i], space.upper[i])
  })
  space.groups.forEach(({ members, minimum, maximum }, k) => {
    add(`g${k}`, members, minimum, maximum)
  })
  variables.set('miss', miss)
  const model = { direction: 'minimize' as const, objective: 'objective', constraints, variables }
  return solve(model, { precision: 1e-11 }).result
}

describe('checkFeasible', () => {
  test('spaces put around a mixture are feasible, also when they hold nothing else', () => {
    fc.assert(
      fc.property(anchoredSpaces(4), ({ space }) => {
        expect(checkFeasible(space)).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  test('agrees with the plain linear program on random spaces, full or empty', () => {
    const seen = { empty: 0, full: 0 }
    fc.assert(
      fc.property(anySpaces, (space) => {
        const issues = checkFeasible(space)
        const miss = leastMiss(space)
        expect(issues.length > 0).toBe(miss > 1e-8)
        seen[issues.length > 0 ? 'empty' : 'full'] += 1
        for (const { pointer, detail } of issues) {
          expect(pointer).toMatch(/^\/(domains|groups|targetTokens)/)
          expect(detail).toMatch(/\d/)
        }
      }),
      { numRuns: 1000, seed: 1 },
    )
    expect(seen.empty).toBeGreaterThan(100)
    expect(seen.full).toBeGreaterThan(100)
  })

  test('its linear program finds mixtures that are feasible', () => {
    fc.assert(
      fc.property(anchoredSpaces(4), ({ space }) => {
        expect(largestViolation(space, leastViolatingMixture(space) ?? [])).toBeLessThan(1e-9)
      }),
      { numRuns: 200 },
    )
  })

  test('caps that sum to 1 but for rounding are feasible, ones that do not are not', () => {
    const capped = (short: number) => ({
      domains: [
        { name: 'a', maxWeight: 0.4 },
        { name: 'b', maxWeight: 0.6 - short },
      ],
    })
    expect(check(capped(1e-12))).toEqual([])
    expect(check(capped(1e-6))).toHaveLength(1)
  })
})

describe('what checkFeasible says', () => {
  test('lower bounds above 1', () => {
    const issues = check({
      domains: [
        { name: 'a', minWeight: 0.5 },
        { name: 'b', minWeight: 0.3 },
        { name: 'c', fixedWeight: 0.4 },
      ],
    })
    expect(issues).toHaveLength(1)
    expect(issues[0].pointer).toBe('/domains')
    expect(issues[0].detail).toContain('"a", "b" and "c" sum to 1.2, which is 0.2 more than 1')
  })

  test('upper bounds below 1', () => {
    const domains = [
      { name: 'a', maxWeight: 0.5 },
      { name: 'b', fixedWeight: 0.13 },
    ]
    const [issue] = check({ domains })
    expect(issue.pointer).toBe('/domains')
    expect(issue.detail).toContain('0.63')
    expect(issue.detail).toContain('0.37 short of 1')
  })

  test('repetition caps: supply, and advice that suffices when followed', () => {
    const domains = [
      { name: 'web', tokens: 10e9 },
      { name: 'code', tokens: 5.75e9 },
    ]
    const [issue] = check({ domains, targetTokens: 100e9 })
    expect(issue.pointer).toBe('/targetTokens')
    expect(issue.detail).toContain('can supply 63000000000 of the 100000000000 targetTokens')
    expect(issue.detail).toContain('maxEpochs from 4 to at least 6.35')
    expect(issue.detail).toContain('targetTokens to at most 63000000000')
    expect(check({ domains, targetTokens: 63e9 })).toEqual([])
    const raised = domains.map((domain) => ({ ...domain, maxEpochs: 6.35 }))
    expect(check({ domains: raised, targetTokens: 100e9 })).toEqual([])
  })

  test('repetition caps under other bounds: the factor accounts for them', () => {
    const spec = (maxEpochs: number, targetTokens: number) => ({
      targetTokens,
      domains: [
        { name: 'web', tokens: 100, maxEpochs },
        { name: 'code', tokens: 100, maxEpochs: maxEpochs * 2, maxWeight: 0.3 },
        { name: 'wiki', tokens: 1, fixedWeight: 0.1 },
      ],
    })
    const [issue] = check(spec(1, 1000))
    expect(issue.detail).toContain('multiply every maxEpochs by at least 6')
    expect(check(spec(6, 1000))).toEqual([])
    expect(check(spec(5.99, 1000))).toHaveLength(1)
    expect(check(spec(1, 1000 / 6))).toEqual([])
    const [hopeless] = check({
      targetTokens: 100,
      domains: [
        { name: 'web', tokens: 1, maxWeight: 0.5 },
        { name: 'code', maxWeight: 0.4 },
      ],
    })
    expect(hopeless.detail).toContain('More epochs alone do not help')
  })

  test('a minimum above the repetition cap', () => {
    const domains = [{ name: 'wiki', tokens: 10, minWeight: 0.5 }, { name: 'web' }]
    const [issue] = check({ domains, targetTokens: 100 })
    expect(issue.pointer).toBe('/domains/0/minWeight')
    expect(issue.detail).toContain('raise maxEpochs to 5')
    expect(issue.detail).toContain('targetTokens to 80')
    expect(issue.detail).toContain('minWeight to 0.4')
  })

  test('groups against the bounds of their members and of the others', () => {
    const domains = [
      { name: 'a', maxWeight: 0.2, minWeight: 0.1 },
      { name: 'b', maxWeight: 0.3 },
      { name: 'c', minWeight: 0.35 },
    ]
    const group = { name: 'g', domains: ['a', 'b'] }
    const above = check({ domains, groups: [{ ...group, minWeight: 0.6 }] })
    expect(above.map((issue) => issue.pointer)).toEqual(['/groups/0/minWeight'])
    expect(above[0].detail).toContain('sum to 0.5: 0.1 is missing')
    const below = check({ domains, groups: [{ ...group, maxWeight: 0.04 }] })
    expect(below[0].pointer).toBe('/groups/0/maxWeight')
    expect(below[0].detail).toContain('0.06 too much')
    const others = check({ domains, groups: [{ name: 'h', domains: ['c'], maxWeight: 0.4 }] })
    expect(others[0].detail).toContain('together 0.1 short of 1')
  })

  test('overlapping groups: a smallest conflicting set, and by how much', () => {
    const domains = ['a', 'b', 'c', 'd'].map((name) => ({ name }))
    const groups = [
      { name: 'idle', domains: ['a', 'd'], maxWeight: 0.9 },
      { name: 'ab', domains: ['a', 'b'], maxWeight: 0.5 },
      { name: 'bc', domains: ['b', 'c'], maxWeight: 0.5 },
      { name: 'ac', domains: ['a', 'c'], maxWeight: 0.5 },
      { name: 'abc', domains: ['a', 'b', 'c'], minWeight: 0.84 },
    ]
    const issues = check({ domains, groups })
    expect(issues).toHaveLength(1)
    expect(issues[0].pointer).toBe('/groups/1/maxWeight')
    for (const name of ['"ab"', '"bc"', '"ac"', '"abc"']) expect(issues[0].detail).toContain(name)
    expect(issues[0].detail).not.toContain('idle')
    // a + b + c ≤ 0.75 by the three pairs: the fourth group misses by 0.09.
    expect(issues[0].detail).toContain('by 0.09 in total')
    const relaxed = groups.map((group) =>
      group.name === 'abc' ? { ...group, minWeight: 0.75 } : group,
    )
    expect(check({ domains, groups: relaxed })).toEqual([])
  })
})
