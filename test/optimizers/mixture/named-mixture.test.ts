import { describe, expect, test } from 'vitest'
import { InvalidInputError } from '../../../src/optimizers/issue.js'
import { compileSpace, fromMixture, toMixture } from '../../../src/optimizers/mixture/index.js'

const space = compileSpace({ domains: [{ name: 'web' }, { name: 'code' }, { name: '__proto__' }] })

function pointersOf(mixture: Record<string, number>, tolerance?: number): string[] {
  try {
    fromMixture(space, mixture, tolerance)
  } catch (error) {
    if (error instanceof InvalidInputError) return error.issues.map((issue) => issue.pointer)
    throw error
  }
  return []
}

describe('mixtures by name', () => {
  test('there and back in the order of the space, whatever the order of the map', () => {
    const weights = Float64Array.of(0.5, 0.3, 0.2)
    const mixture = toMixture(space, weights)
    expect(Object.keys(mixture)).toEqual(['web', 'code', '__proto__'])
    const turned = Object.fromEntries(Object.entries(mixture).reverse())
    expect(fromMixture(space, turned)).toEqual(weights)
  })

  test('names left out count as 0, and weights are not renormalised', () => {
    expect([...fromMixture(space, { code: 1.004 }, 0.005)]).toEqual([0, 1.004, 0])
  })

  test.each<[string, Record<string, number>, string[]]>([
    ['an unknown domain', { web: 0.5, wep: 0.5 }, ['/wep']],
    ['a negative weight', { web: -0.5, code: 1.5 }, ['/web']],
    [
      'what is not a number',
      { web: Number.NaN, code: Number.POSITIVE_INFINITY },
      ['/web', '/code'],
    ],
    ['a sum that is off', { web: 0.5, code: 0.49 }, ['']],
    ['nothing at all', {}, ['']],
  ])('refuses %s', (_, mixture, pointers) => {
    expect(pointersOf(mixture)).toEqual(pointers)
  })

  test('the tolerance of the sum is the one asked for', () => {
    expect(pointersOf({ web: 0.5, code: 0.496 }, 0.005)).toEqual([])
    expect(pointersOf({ web: 0.5, code: 0.494 }, 0.005)).toEqual([''])
    expect(pointersOf({ web: 1 + 2e-6 })).toEqual([''])
  })
})
