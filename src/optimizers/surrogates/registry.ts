import { restoreGaussianProcess } from './gaussian-process/fitted.js'
import { gradientBoostedTrees } from './gradient-boosted-trees/index.js'
import { leastSquares } from './least-squares.js'
import { logLinear } from './log-linear.js'
import { ridge } from './ridge.js'
import { singleDomain } from './single-domain.js'
import type { Fitted, FittedJson, Surrogate, SurrogateName } from './types.js'

const FROM_SIMPLE_TO_COMPLEX: readonly Surrogate[] = [
  ridge,
  leastSquares,
  logLinear,
  gradientBoostedTrees,
  singleDomain,
]

/**
 * Every surrogate that learns from the runs of one fidelity, from simple to complex; the control comes last. Gaussian processes, which
 * learn from all fidelities together, are fitted by the methods that stand on them.
 */
export const SURROGATES: ReadonlyMap<SurrogateName, Surrogate> = new Map(
  FROM_SIMPLE_TO_COMPLEX.map((surrogate) => [surrogate.name, surrogate]),
)

/** Throws a RangeError on a name that is not a surrogate's. */
export function surrogateNamed(name: SurrogateName): Surrogate {
  const surrogate = SURROGATES.get(name)
  if (surrogate) return surrogate
  throw new RangeError(
    `unknown surrogate "${name}"; known are ${[...SURROGATES.keys()].join(', ')}`,
  )
}

/** A surrogate's defaults with the given parameters in their place. */
export function completeParams(
  surrogate: Surrogate,
  params: Record<string, unknown> = {},
): Record<string, unknown> {
  return { ...surrogate.defaults, ...params }
}

/** Restores any fitted surrogate; throws on an unknown surrogate or layout version. */
export function restoreFitted(json: FittedJson): Fitted {
  if (json.surrogate === 'gaussian-process') return restoreGaussianProcess(json)
  return surrogateNamed(json.surrogate).restore(json)
}
