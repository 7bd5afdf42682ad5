import { admire } from './offline/admire/index.js'
import { baselines } from './offline/baselines/index.js'
import { bohb } from './offline/bohb/index.js'
import { hyperband } from './offline/hyperband/index.js'
import { mixingLaws } from './offline/mixing-laws/index.js'
import { random } from './offline/random/index.js'
import { regmix } from './offline/regmix/index.js'
import type { Optimizer } from './types.js'

/**
 * Every search method by name. A method is one folder and one line here; the API, the command line, the docs and the conformance
 * tests find it by itself. Parameters are checked against `paramsSchema` before a method sees them.
 */
export const OPTIMIZERS: ReadonlyMap<string, Optimizer> = new Map(
  [mixingLaws, regmix, admire, baselines, random, hyperband, bohb].map((method) => [
    method.name,
    method as unknown as Optimizer,
  ]),
)

/** @throws RangeError for a name that is not registered */
export function optimizerByName(name: string): Optimizer {
  const method = OPTIMIZERS.get(name)
  if (!method) throw new RangeError(`there is no method "${name}"`)
  return method
}
