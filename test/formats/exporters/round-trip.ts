import fc from 'fast-check'
import { expect } from 'vitest'
import { exportMixture } from '../../../src/formats/exporters/index.js'
import { type Domain, domainsArbitrary, mixtureOf } from './arbitraries.js'
import { isClose, type Read } from './consumers.js'

export const isPath = (name: string) => !/[\p{Cc}\u2028\u2029]/u.test(name)
export const isWord = (name: string) => isPath(name) && !/\s/u.test(name) && !name.startsWith('-')
export const isItem = (name: string) => isPath(name) && !name.includes(',')

export function exported(id: string, domains: readonly Domain[], options: object = {}) {
  return exportMixture(id, {
    mixture: mixtureOf(domains),
    domains: domains.map(({ name }) => ({ name })),
    options: { ...options },
  })
}

/** Every domain with a weight above 0, in order, with that weight; the others in `dropped`. */
export function expectAll(
  read: readonly Read[],
  domains: readonly Domain[],
  dropped: readonly string[],
) {
  const positive = domains.filter(({ weight }) => weight > 0)
  expect(read.map(({ name }) => name)).toEqual(positive.map(({ name }) => name))
  read.forEach(({ weight }, i) => {
    expect(Math.abs(weight - positive[i].weight)).toBeLessThanOrEqual(1e-12 * positive[i].weight)
  })
  expect(
    isClose(
      read.reduce((sum, { weight }) => sum + weight, 0),
      1,
    ),
  ).toBe(true)
  expect(dropped).toEqual(domains.filter(({ weight }) => weight === 0).map(({ name }) => name))
}

/** Paths back to names. */
export function named(read: readonly Read[], paths: Record<string, string>): Read[] {
  const nameOf = new Map(Object.entries(paths).map(([name, path]) => [path, name]))
  return read.map(({ name, weight }) => ({ name: nameOf.get(name) ?? '', weight }))
}

export const property = (check: (domains: Domain[]) => void, numRuns = 100) =>
  fc.assert(fc.property(domainsArbitrary, check), { numRuns })
