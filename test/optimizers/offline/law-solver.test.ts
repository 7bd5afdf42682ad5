import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileSpace, largestViolation } from '../../../src/optimizers/mixture/index.js'
import {
  type LawProblem,
  lawObjective,
  solveLaws,
} from '../../../src/optimizers/offline/mixing-laws/solver.js'
import { createRng } from '../../../src/optimizers/random.js'
import { sharedData } from '../../support/shared-data.js'

interface Reference {
  domains: string[]
  targets: string[]
  natural_prior: number[]
  loglinear: { params: Record<string, { log_c: number; t: number[] }> }
  exact_solver: {
    cases: {
      target: string
      lam: number
      cap_multiple_of_prior: number | null
      objective: number
      p: number[]
    }[]
  }
}

const file = sharedData('regmix', 'reference_results.json')
const reference: Reference | undefined = file && JSON.parse(readFileSync(file, 'utf8'))

describe.skipIf(!reference)('the reference solutions on RegMix data', () => {
  const { domains, targets, natural_prior, loglinear, exact_solver } = reference as Reference
  const total = natural_prior.reduce((sum, share) => sum + share, 0)
  const prior = natural_prior.map((share) => share / total)

  test.each(exact_solver.cases)('$target, λ $lam, caps $cap_multiple_of_prior · q', (solved) => {
    const cap = solved.cap_multiple_of_prior
    const space = compileSpace({
      domains: domains.map((name, j) => ({
        name,
        ...(cap !== null && { maxWeight: Math.min(1, cap * prior[j]) }),
      })),
      prior: Object.fromEntries(domains.map((name, j) => [name, prior[j]])),
    })
    const single = targets.find((target) => sameName(target, solved.target))
    const used = single ? [single] : targets
    const problem: LawProblem = {
      space,
      type: 'mean',
      kl: solved.lam,
      prior: space.prior,
      terms: used.map((target) => ({
        offset: 0,
        scale: 1 / used.length,
        t: Float64Array.from(loglinear.params[target].t),
      })),
    }
    const { weights, objective } = solveLaws(problem)
    expect(Math.abs(objective - solved.objective)).toBeLessThan(1e-6)
    weights.forEach((weight, j) => {
      expect(Math.abs(weight - solved.p[j]), domains[j]).toBeLessThan(1e-3)
    })
    expect(largestViolation(space, weights)).toBeLessThan(1e-9)
  })
})

const sameName = (a: string, b: string) => normal(a) === normal(b)
const normal = (name: string) => name.toLowerCase().replaceAll(/[^a-z]/g, '')

const randomProblem = fc
  .record({
    seed: fc.integer(),
    m: fc.integer({ min: 2, max: 8 }),
    n: fc.integer({ min: 1, max: 5 }),
    kl: fc.constantFrom(0, 0.01, 0.2),
    type: fc.constantFrom('mean' as const, 'worst' as const),
    grouped: fc.boolean(),
  })
  .map(({ seed, m, n, kl, type, grouped }): LawProblem => {
    const rng = createRng(seed, 'laws')
    const names = Array.from({ length: m }, (_, j) => `d${j}`)
    const space = compileSpace({
      domains: names.map((name) => ({ name, maxWeight: Math.min(1, 1.5 / m + rng.uniform()) })),
      ...(grouped && { groups: [{ name: 'g', domains: names.slice(0, 2), minWeight: 0.1 }] }),
    })
    const terms = Array.from({ length: n }, () => ({
      offset: rng.normal(),
      scale: 0.1 + rng.uniform(),
      t: Float64Array.from({ length: m }, () => 3 * rng.normal()),
    }))
    return { space, terms, type, kl, prior: space.prior }
  })

test('laws so steep that the natural mixture has a loss of 1e30 are solved all the same', () => {
  const space = compileSpace({
    domains: [0.37, 0.57, 0.42, 0.7, 1].map((maxWeight, j) => ({ name: `d${j}`, maxWeight })),
    prior: { d0: 0.21, d1: 0.75, d2: 0.02, d3: 0, d4: 0.02 },
  })
  const term = { offset: 0, scale: 1, t: Float64Array.of(48.8, 107.9, 63.7, -45.3, 7.3) }
  const problem = { space, terms: [term], type: 'mean' as const, kl: 0.01, prior: space.prior }
  const { weights, objective, gap } = solveLaws(problem)
  expect(gap).toBeLessThan(1e-6)
  // The domain of the falling exponent at its cap, the rest by the flattest of the others.
  const near = Float64Array.of(0, 0, 0, 0.7, 0.3)
  expect(objective).toBeLessThanOrEqual(lawObjective(problem, near) + 1e-6)
  expect(largestViolation(space, weights)).toBeLessThan(1e-9)
})

test('no random feasible mixture is better than the solution, and the stated gap bounds by how much it could be', () => {
  fc.assert(
    fc.property(randomProblem, fc.integer(), (problem, seed) => {
      const { weights, objective, gap } = solveLaws(problem)
      expect(largestViolation(problem.space, weights)).toBeLessThan(1e-9)
      const rng = createRng(seed, 'rivals')
      for (let i = 0; i < 200; i++) {
        const direction = weights.map(() => -Math.log(rng.uniformOpen()))
        const sum = direction.reduce((total, value) => total + value, 0)
        for (const step of [1, 0.1, 0.001]) {
          const rival = weights.map((w, j) => w + step * (direction[j] / sum - w))
          if (largestViolation(problem.space, rival) > 1e-12) continue
          expect(lawObjective(problem, rival)).toBeGreaterThan(objective - gap - 1e-12)
          expect(lawObjective(problem, rival)).toBeGreaterThan(objective - 1e-5)
        }
      }
    }),
    { numRuns: 60 },
  )
})
