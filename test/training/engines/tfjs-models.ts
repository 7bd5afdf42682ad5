import { createRng } from '../../../src/optimizers/random.js'
import { initialParameters, parameterLayout } from '../../../src/training/model/index.js'
import type { LearnerSpec, ModelConfig, OptimizerConfig } from '../../../src/training/types.js'

export const OPTIMIZER: OptimizerConfig = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clipNorm: 0.5,
}

export const VARIANTS = (['gelu', 'swiglu'] as const).flatMap((activation) =>
  (['learned', 'rotary'] as const).map((positions) => ({ activation, positions })),
)

const SMALL: ModelConfig = {
  vocabulary: 29,
  width: 16,
  layers: 2,
  heads: 2,
  feedForward: 40,
  context: 12,
  activation: 'gelu',
  positions: 'learned',
}

/**
 * A small model.
 * @param spread standard deviation of what is added to the initial parameters, so that nothing is nearly linear
 */
export function smallModel(
  model: Partial<ModelConfig> = {},
  { batchSize = 4, spread = 0.2 }: { batchSize?: number; spread?: number } = {},
): LearnerSpec {
  const config = { ...SMALL, ...model }
  const rng = createRng(1, 'parameters')
  const parameters = initialParameters(config, rng).map((value) => value + spread * rng.normal())
  return { model: config, optimizer: OPTIMIZER, batchSize, parameters }
}

/** (rows × (context + 1)) ids of a source in which a token depends on the one before it, so that there is something to learn. */
export function someSequences({ model, batchSize }: LearnerSpec, index = 0, rows = batchSize) {
  const rng = createRng(2, 'tokens', index)
  const ids = new Int32Array(rows * (model.context + 1))
  for (let i = 0; i < ids.length; i++) {
    const jump = rng.uniform() < 0.8 ? 1 : rng.integer(model.vocabulary)
    ids[i] = ((i === 0 ? 0 : ids[i - 1]) * 3 + jump) % model.vocabulary
  }
  return ids
}

/** Parameter name → ‖actual − expected‖ / ‖expected‖. */
export function relativeErrors(
  model: ModelConfig,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): Record<string, number> {
  return Object.fromEntries(
    parameterLayout(model).map(({ name, offset, size }) => {
      let difference = 0
      let norm = 0
      for (let i = offset; i < offset + size; i++) {
        difference += (actual[i] - expected[i]) ** 2
        norm += expected[i] ** 2
      }
      return [name, Math.sqrt(difference / norm)]
    }),
  )
}

export function largest(errors: Record<string, number>): number {
  return Math.max(...Object.values(errors))
}
