import { describe, expect, test } from 'vitest'
import { InvalidInputError } from '../../../src/optimizers/issue.js'
import { compileSpace } from '../../../src/optimizers/mixture/index.js'
import type { SpaceSpec } from '../../../src/optimizers/problem.js'

function pointersOf(spec: SpaceSpec): string[] {
  try {
    compileSpace(spec)
  } catch (error) {
    if (error instanceof InvalidInputError) return error.issues.map((issue) => issue.pointer)
    throw error
  }
  return []
}

const two = [{ name: 'web' }, { name: 'code' }]

describe('compileSpace', () => {
  test('the tightest upper bound wins and is named', () => {
    const space = compileSpace({
      targetTokens: 1000,
      domains: [
        { name: 'free', tokens: 500 },
        { name: 'few', tokens: 50 },
        { name: 'twice', tokens: 50, maxEpochs: 2 },
        { name: 'capped', tokens: 50, maxWeight: 0.15 },
        { name: 'loose', tokens: 50, maxWeight: 0.3 },
        { name: 'fixed', tokens: 1, fixedWeight: 0.25 },
        { name: 'unknown', minWeight: 0.05 },
      ],
    })
    expect([...space.upper]).toEqual([1, 0.2, 0.1, 0.15, 0.2, 0.25, 1])
    expect([...space.lower]).toEqual([0, 0, 0, 0, 0, 0.25, 0.05])
    expect(space.upperSource).toEqual([
      'simplex',
      'maxEpochs',
      'maxEpochs',
      'maxWeight',
      'maxEpochs',
      'fixedWeight',
      'simplex',
    ])
    expect(space.tokens[6]).toBeNaN()
    expect(space.maxEpochs[2]).toBe(2)
    expect(space.maxEpochs[0]).toBe(4)
  })

  test('without targetTokens no repetition cap applies', () => {
    const space = compileSpace({ domains: [{ name: 'a', tokens: 1, maxEpochs: 1 }, { name: 'b' }] })
    expect([...space.upper]).toEqual([1, 1])
    expect(space.targetTokens).toBeNull()
  })

  test('the prior is as given, else in proportion to tokens, else uniform', () => {
    const domains = [
      { name: 'a', tokens: 3 },
      { name: 'b', tokens: 1 },
    ]
    expect([...compileSpace({ domains }).prior]).toEqual([0.75, 0.25])
    expect([...compileSpace({ domains, prior: { b: 4, a: 0 } }).prior]).toEqual([0, 1])
    expect([...compileSpace({ domains: [domains[0], { name: 'b' }] }).prior]).toEqual([0.5, 0.5])
    const huge = compileSpace({ domains: two, prior: { web: 1.5e308, code: 0.5e308 } }).prior
    expect(huge[0]).toBeCloseTo(0.75, 15)
  })

  test('a cap that misses the lower bound by rounding alone is taken as equal to it', () => {
    const space = compileSpace({
      targetTokens: 3,
      domains: [{ name: 'a', tokens: 0.3, maxEpochs: 1, minWeight: 0.1 + 1e-12 }, { name: 'b' }],
    })
    expect(space.upper[0]).toBe(space.lower[0])
  })

  test('group members become indices', () => {
    const { groups } = compileSpace({
      domains: two,
      groups: [{ name: 'g', domains: ['code'], maxWeight: 0.4 }],
    })
    expect(groups).toEqual([{ name: 'g', members: Int32Array.of(1), minimum: 0, maximum: 0.4 }])
  })

  test.each<[string, SpaceSpec, string[]]>([
    ['a domain twice', { domains: [...two, { name: 'web' }] }, ['/domains/2/name']],
    [
      'minimum above maximum',
      { domains: [{ name: 'a', minWeight: 0.5, maxWeight: 0.4 }, { name: 'b' }] },
      ['/domains/0/minWeight'],
    ],
    [
      'a fixed weight with bounds',
      { domains: [{ name: 'a', fixedWeight: 0.5, minWeight: 0.1, maxWeight: 0.9 }, { name: 'b' }] },
      ['/domains/0/minWeight', '/domains/0/maxWeight'],
    ],
    [
      'a group of an unknown domain, and of one twice',
      { domains: two, groups: [{ name: 'g', domains: ['web', 'wep', 'web'] }] },
      ['/groups/0/domains/1', '/groups/0/domains/2'],
    ],
    [
      'a group twice, with crossed limits',
      {
        domains: two,
        groups: [
          { name: 'g', domains: ['web'] },
          { name: 'g', domains: ['web'], minWeight: 1, maxWeight: 0.5 },
        ],
      },
      ['/groups/1/name', '/groups/1/minWeight'],
    ],
    [
      'a prior of an unknown domain that lacks another',
      { domains: two, prior: { web: 1, 'a/b~c': 1 } },
      ['/prior/a~1b~0c', '/prior'],
    ],
    ['a prior of zeros', { domains: two, prior: { web: 0, code: 0 } }, ['/prior']],
    [
      'numbers that are not finite or out of range',
      {
        targetTokens: Number.POSITIVE_INFINITY,
        domains: [
          { name: 'a', tokens: Number.NaN, maxEpochs: 0 },
          { name: 'b', minWeight: -0.1, maxWeight: Number.NaN },
        ],
        prior: { a: Number.NaN, b: 1 },
      },
      [
        '/domains/0/tokens',
        '/domains/0/maxEpochs',
        '/domains/1/minWeight',
        '/domains/1/maxWeight',
        '/prior/a',
        '/targetTokens',
      ],
    ],
  ])('refuses %s', (_, spec, pointers) => {
    expect(pointersOf(spec)).toEqual(pointers)
  })

  test('a prior that lacks domains names them', () => {
    expect(() => compileSpace({ domains: two, prior: { web: 1 } })).toThrow(InvalidInputError)
    try {
      compileSpace({ domains: two, prior: { web: 1 } })
    } catch (error) {
      expect((error as InvalidInputError).issues[0].detail).toContain('"code"')
    }
  })

  test('names that JavaScript objects carry themselves are ordinary names', () => {
    const domains = [{ name: '__proto__' }, { name: 'constructor' }]
    const prior = JSON.parse('{"__proto__": 1, "constructor": 3}')
    expect([...compileSpace({ domains, prior }).prior]).toEqual([0.25, 0.75])
    expect(pointersOf({ domains, prior: {} })).toEqual(['/prior'])
  })
})
