import { compileProblem } from '../../optimizers/complete-problem.js'
import { toMixture } from '../../optimizers/mixture/index.js'
import { solveLaws } from '../../optimizers/offline/mixing-laws/solver.js'
import type { Mixture, Problem } from '../../optimizers/problem.js'
import { createRng, type Rng } from '../../optimizers/random.js'

/**
 * A study whose answer is known: losses follow log-linear mixing laws L(p) = e^c + e^{t·p} that are written down here,
 * with noise. The numbers are invented; no model was trained.
 */

export const DEMO_DOMAINS = ['web', 'code', 'math', 'books', 'wiki'] as const

const NOISE_SD = 0.01

/** Unique tokens; wiki is so small that its repetition cap binds. */
const TOKENS: Record<(typeof DEMO_DOMAINS)[number], number> = {
  web: 800e9,
  code: 200e9,
  math: 60e9,
  books: 40e9,
  wiki: 5e9,
}
const TARGET_TOKENS = 200e9

interface Law {
  /** Loss that no mixture removes, nats a token. */
  floor: number
  /** t, in the order of the domains. */
  exponents: readonly number[]
}

export const DEMO_LAWS: Record<string, Law> = {
  web_loss: { floor: 2.4, exponents: [-2.0, 0.5, 0.4, -1.0, -0.6] },
  code_loss: { floor: 0.8, exponents: [0.2, -2.6, -0.4, 0.5, 0.5] },
  math_loss: { floor: 1.1, exponents: [0.5, -0.7, -2.8, 0.3, -0.2] },
  knowledge_loss: { floor: 1.9, exponents: [-0.4, 0.5, 0.2, -2.4, -4.0] },
}

export const DEMO_PROBLEM: Problem = {
  domains: DEMO_DOMAINS.map((name) => ({ name, tokens: TOKENS[name] })),
  targetTokens: TARGET_TOKENS,
  metrics: Object.keys(DEMO_LAWS).map((name) => ({ name, unit: 'nats/token' })),
}

export interface SyntheticRun {
  id: string
  weights: Mixture
  metrics: Record<string, number>
}

/** The loss that the law gives, without noise. */
export function trueLoss({ floor, exponents }: Law, weights: Mixture): number {
  const exponent = DEMO_DOMAINS.reduce((sum, name, j) => sum + exponents[j] * weights[name], 0)
  return floor + Math.exp(exponent)
}

/** Mean of the true losses: what the study minimises. */
export function trueObjective(weights: Mixture): number {
  const losses = Object.values(DEMO_LAWS).map((law) => trueLoss(law, weights))
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
}

function randomMixture(rng: Rng): Mixture {
  const draws = DEMO_DOMAINS.map(() => -Math.log(rng.uniformOpen()))
  const total = draws.reduce((sum, draw) => sum + draw, 0)
  return Object.fromEntries(DEMO_DOMAINS.map((name, j) => [name, draws[j] / total]))
}

/** Runs with mixtures uniform on the simplex, their losses drawn from the laws with noise. */
export function drawRuns(count: number, prefix: string, seed: number): SyntheticRun[] {
  return Array.from({ length: count }, (_, i) => {
    const rng = createRng(seed, `demo/${prefix}`, i)
    const weights = randomMixture(rng)
    const metrics = Object.entries(DEMO_LAWS).map(([name, law]) => [
      name,
      trueLoss(law, weights) + NOISE_SD * rng.normal(),
    ])
    return { id: `${prefix}-${i}`, weights, metrics: Object.fromEntries(metrics) }
  })
}

/** The best mixture under the true laws and the constraints, without a pull to the prior. */
export function trueOptimum(): Mixture {
  const { space } = compileProblem(DEMO_PROBLEM)
  const laws = Object.values(DEMO_LAWS)
  const { weights } = solveLaws({
    space,
    terms: laws.map(({ floor, exponents }) => ({
      offset: floor / laws.length,
      scale: 1 / laws.length,
      t: Float64Array.from(exponents),
    })),
    type: 'mean',
    kl: 0,
    prior: space.prior,
  })
  return toMixture(space, weights)
}
