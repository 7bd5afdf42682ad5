import { describe, expect, test } from 'vitest'
import { compileProblem } from '../../../src/optimizers/complete-problem.js'
import {
  largestViolation,
  OLMIX_SAMPLING,
  REGMIX_SAMPLING,
  type RegmixSamplingOptions,
} from '../../../src/optimizers/mixture/index.js'
import { suggestSwarm } from '../../../src/optimizers/offline/swarm.js'
import type { Domain, Group, Mixture } from '../../../src/optimizers/problem.js'
import { createRng } from '../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'

const DOMAINS: Domain[] = [
  { name: 'web', tokens: 8e9 },
  { name: 'code', tokens: 2e9 },
  { name: 'books', tokens: 5e8 },
]

function swarm(
  known: readonly Mixture[],
  count: number,
  domains = DOMAINS,
  seed = 7,
  groups: Group[] = [],
  options: RegmixSamplingOptions = OLMIX_SAMPLING,
): Mixture[] {
  const compiled = compileProblem({ domains, groups, metrics: [{ name: 'loss' }] })
  const rows = known.map((weights) => domains.map(({ name }) => weights[name]))
  const active = [{ fidelity: 'default', normalised: rowMatrixFrom(rows, domains.length) }]
  const rng = createRng(seed, 'suggest')
  const input = { compiled, params: {}, completed: [], active, fidelities: ['default'], count, rng }
  return suggestSwarm(input, options).map(({ weights }) => weights)
}

describe('the mixtures of a swarm', () => {
  test('are the same whether they are asked for one by one, a few at a time, or all at once', () => {
    const atOnce = swarm([], 24)
    expect(atOnce).toHaveLength(24)
    for (const step of [1, 5]) {
      const inSteps: Mixture[] = []
      while (inSteps.length < 24) {
        inSteps.push(...swarm(inSteps, Math.min(step, 24 - inSteps.length)))
      }
      expect(inSteps).toEqual(atOnce)
    }
    expect(swarm([], 24, DOMAINS, 8)).not.toEqual(atOnce)
  })

  test('are found where few draws are within the bounds', () => {
    const tight = [{ ...DOMAINS[0], minWeight: 0.2, maxWeight: 0.25 }, ...DOMAINS.slice(1)]
    const { space } = compileProblem({ domains: tight, metrics: [{ name: 'loss' }] })
    const found = swarm([], 12, tight)
    expect(found).toHaveLength(12)
    for (const { web, code, books } of found) {
      expect(largestViolation(space, [web, code, books])).toBeLessThan(1e-9)
    }
  })

  test.each([
    [
      '200 domains',
      Array.from({ length: 200 }, (_, j) => ({ name: `d${j}`, tokens: 1e9 * (j + 1) })),
      [],
    ],
    [
      'a natural mixture of one domain',
      [
        { name: 'a', tokens: 1e15 },
        { name: 'b', tokens: 1 },
        { name: 'c', tokens: 1 },
      ],
      [],
    ],
    [
      'a group that the natural mixture is far from',
      DOMAINS,
      [{ name: 'rare', domains: ['books'], minWeight: 0.98 }],
    ],
  ])('are drawn on with %s, feasible and different', (_, domains, groups) => {
    const { space } = compileProblem({ domains, groups, metrics: [{ name: 'loss' }] })
    for (const options of [REGMIX_SAMPLING, OLMIX_SAMPLING]) {
      const found = swarm([], 40, domains, 7, groups, options)
      expect(found).toHaveLength(40)
      const rows = found.map((weights) => space.names.map((name) => weights[name]))
      for (const row of rows) expect(largestViolation(space, row)).toBeLessThan(1e-9)
      rows.forEach((row, i) => {
        for (const other of rows.slice(0, i)) {
          const distance = row.reduce((sum, weight, j) => sum + Math.abs(weight - other[j]), 0)
          expect(distance).toBeGreaterThan(1e-3)
        }
      })
      // From streams by position: asked for in two parts they are the same.
      const first = swarm([], 15, domains, 7, groups, options)
      expect([...first, ...swarm(first, 25, domains, 7, groups, options)]).toEqual(found)
    }
  })

  test('are fewer than asked for where there are no more', () => {
    const fixed = [
      { name: 'web', fixedWeight: 0.6 },
      { name: 'code', fixedWeight: 0.3 },
      { name: 'books', fixedWeight: 0.1 },
    ]
    expect(swarm([], 5, fixed)).toEqual([{ web: 0.6, code: 0.3, books: 0.1 }])
  })
})
