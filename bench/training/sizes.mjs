import { createRng } from '../../dist/optimizers/random.js'
import { initialParameters, modelConfig } from '../../dist/training/model/index.js'

/** Batches that the sides take turns with. */
const BATCHES = 4

/** Steps of one turn: about half a second. */
const SIZES = {
  tiny: { vocabulary: 512, batchSize: 32, steps: 16 },
  small: { vocabulary: 1024, batchSize: 16, steps: 4 },
  base: { vocabulary: 2048, batchSize: 16, steps: 1 },
}

export const SIZE_NAMES = Object.keys(SIZES)

const OPTIMIZER = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 }
export const LEARNING_RATE = 1e-3

/** What is trained: { name, spec (LearnerSpec), batches of random ids, steps of a turn, tokens of a step, flops of a token }. */
export function loadSize(name) {
  const { vocabulary, batchSize, steps } = SIZES[name]
  const model = modelConfig(name, vocabulary)
  const parameters = initialParameters(model, createRng(1, 'parameters'))
  return {
    name,
    steps,
    spec: { model, optimizer: OPTIMIZER, batchSize, parameters },
    batches: Array.from({ length: BATCHES }, (_, i) => randomBatch(model, batchSize, i)),
    tokens: batchSize * model.context,
    flops: flopsOfToken(model),
  }
}

function randomBatch(model, batchSize, index) {
  const rng = createRng(2, 'tokens', index)
  const ids = new Int32Array(batchSize * (model.context + 1))
  return ids.map(() => rng.integer(model.vocabulary))
}

/**
 * Operations of the matrix products of a step, forward and backward (which takes two for one), that a causal model needs:
 * the half of attention that is masked is not counted.
 */
function flopsOfToken({ vocabulary, width, feedForward, layers, context }) {
  const matrices = vocabulary * width + layers * (4 * width * width + 2 * width * feedForward)
  const attention = layers * 2 * width * (context / 2)
  return 3 * 2 * (matrices + attention)
}
