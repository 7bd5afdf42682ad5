import { describe, expect, test } from 'vitest'
import { compileProblem } from '../../../src/optimizers/complete-problem.js'
import { largestViolation, OLMIX_SAMPLING } from '../../../src/optimizers/mixture/index.js'
import { suggestSwarm } from '../../../src/optimizers/offline/swarm.js'
import type { Domain, Mixture } from '../../../src/optimizers/problem.js'
import { createRng } from '../../../src/optimizers/random.js'
import { rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'

const DOMAINS: Domain[] = [
  { name: 'web', tokens: 8e9 },
  { name: 'code', tokens: 2e9 },
  { name: 'books', tokens: 5e8 },
]

function swarm(known: readonly Mixture[], count: number, domains = DOMAINS, seed = 7): Mixture[] {
  const compiled = compileProblem({ domains, metrics: [{ name: 'loss' }] })
  const rows = known.map((weights) => domains.map(({ name }) => weights[name]))
  const active = [{ fidelity: 'default', normalised: rowMatrixFrom(rows, domains.length) }]
  const rng = createRng(seed, 'suggest')
  const input = { compiled, params: {}, completed: [], active, fidelities: ['default'], count, rng }
  return suggestSwarm(input, OLMIX_SAMPLING).map(({ weights }) => weights)
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

  test('are fewer than asked for where there are no more', () => {
    const fixed = [
      { name: 'web', fixedWeight: 0.6 },
      { name: 'code', fixedWeight: 0.3 },
      { name: 'books', fixedWeight: 0.1 },
    ]
    expect(swarm([], 5, fixed)).toEqual([{ web: 0.6, code: 0.3, books: 0.1 }])
  })
})
