import { afterAll, describe, expect, test } from 'vitest'
import { tfjsEngine } from '../../../src/training/engines/tfjs/index.js'
import {
  differentiate,
  evaluateGraph,
  Graph,
  reshape,
  split,
  type Value,
} from '../../../src/training/graph/index.js'
import { meanLoss, parameterLayout } from '../../../src/training/model/index.js'

import type { LearnerSpec, LearnerState } from '../../../src/training/types.js'
import {
  largest,
  OPTIMIZER,
  relativeErrors,
  smallModel,
  someSequences,
  VARIANTS,
} from './tfjs-models.js'

const engine = tfjsEngine('wasm')

/** Loss and gradient in double precision, by our own differentiator and interpreter. */
function reference(spec: LearnerSpec, sequences: Int32Array) {
  const { model, batchSize, parameters } = spec
  const layout = parameterLayout(model)
  const graph = new Graph()
  const flat = graph.input('parameters', 'float32', [parameters.length])
  const ids = graph.input('sequences', 'int64', [batchSize, model.context + 1])
  const parts = split(
    flat,
    0,
    layout.map(({ size }) => size),
  )
  const named = new Map<string, Value>(
    layout.map(({ name, shape }, i) => [name, reshape(parts[i], shape)]),
  )
  const loss = meanLoss(model, (name) => named.get(name) as Value, ids)
  const outputs = [loss, ...differentiate(loss, [flat])]
  const [lossTensor, gradientTensor] = evaluateGraph(outputs, { parameters, sequences })
  return { loss: lossTensor.data[0], gradient: gradientTensor.data }
}

describe.each(VARIANTS)('$activation with $positions positions', (variant) => {
  test('loss and gradient are those of the double-precision reference', async () => {
    const spec = smallModel(variant)
    const learner = await engine.open(spec)
    const batch = someSequences(spec)
    const { loss, gradient } = await learner.gradient(batch)
    const expected = reference(spec, batch)
    expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5)
    expect(largest(relativeErrors(spec.model, gradient, expected.gradient))).toBeLessThan(1e-5)
    await learner.close()
  })

  test('losses of sequences, the batch loss and logits of the next token are of one model', async () => {
    const spec = smallModel(variant, { batchSize: 3 })
    const { context, vocabulary } = spec.model
    const learner = await engine.open(spec)
    // Seven are two batches and a rest.
    const sequences = someSequences(spec, 0, 7)
    const losses = await learner.losses(sequences)
    expect(losses).toHaveLength(7)
    const { loss } = await learner.gradient(sequences.subarray(0, 3 * (context + 1)))
    expect((losses[0] + losses[1] + losses[2]) / 3).toBeCloseTo(loss, 5)
    const row = sequences.subarray(5 * (context + 1), 6 * (context + 1))
    let sum = 0
    for (let length = 1; length <= context; length++) {
      const logits = await learner.nextTokenLogits(row.slice(0, length))
      expect(logits).toHaveLength(vocabulary)
      sum += Math.log(logits.reduce((total, x) => total + Math.exp(x), 0)) - logits[row[length]]
    }
    expect(losses[5]).toBeCloseTo(sum / context, 5)
    await learner.close()
  })
})

describe('a step', () => {
  /** AdamW as in the paper, in double precision. */
  function adamW(spec: LearnerSpec, state: LearnerState, gradient: Float32Array, rate: number) {
    const { beta1, beta2, epsilon, weightDecay, clipNorm } = OPTIMIZER
    const norm = Math.hypot(...gradient)
    const factor = norm > clipNorm ? clipNorm / norm : 1
    const gains = new Set<number>()
    for (const { shape, offset, size } of parameterLayout(spec.model)) {
      if (shape.length === 1) for (let i = 0; i < size; i++) gains.add(offset + i)
    }
    const t = state.step + 1
    return state.parameters.map((parameter, i) => {
      const g = gradient[i] * factor
      const m = beta1 * state.firstMoment[i] + (1 - beta1) * g
      const v = beta2 * state.secondMoment[i] + (1 - beta2) * g * g
      const direction = m / (1 - beta1 ** t) / (Math.sqrt(v / (1 - beta2 ** t)) + epsilon)
      const decayed = gains.has(i) ? 0 : weightDecay * parameter
      return parameter - rate * (direction + decayed)
    })
  }

  test('is AdamW on the clipped gradient, with weight decay on matrices only', async () => {
    const spec = smallModel()
    const learner = await engine.open(spec)
    for (let k = 0; k < 3; k++) {
      const batch = someSequences(spec, k)
      const before = learner.state()
      const { gradient, loss } = await learner.gradient(batch)
      const result = await learner.step(batch, 0.01)
      expect(result.loss).toBe(loss)
      expect(result.gradientNorm).toBeCloseTo(Math.hypot(...gradient), 6)
      expect(result.gradientNorm).toBeGreaterThan(OPTIMIZER.clipNorm)
      const expected = adamW(spec, before, gradient, 0.01)
      const after = learner.state()
      expect(after.step).toBe(k + 1)
      const moved = relativeErrors(spec.model, before.parameters, expected)
      expect(largest(moved)).toBeGreaterThan(1e-3)
      expect(largest(relativeErrors(spec.model, after.parameters, expected))).toBeLessThan(3e-7)
    }
    await learner.close()
  })

  test('goes on bit by bit from a state', async () => {
    const spec = smallModel()
    const whole = await engine.open(spec)
    for (let k = 0; k < 3; k++) await whole.step(someSequences(spec, k), 0.01)
    const state = whole.state()
    const resumed = await engine.open({ ...spec, parameters: state.parameters })
    resumed.restore(state)
    expect(resumed.state()).toEqual(state)
    for (let k = 3; k < 6; k++) {
      const batch = someSequences(spec, k)
      expect(await resumed.step(batch, 0.01)).toEqual(await whole.step(batch, 0.01))
    }
    expect(resumed.state()).toEqual(whole.state())
    expect(state.step).toBe(3)
    await Promise.all([whole.close(), resumed.close()])
  })

  test('leaves no tensors behind', async () => {
    const { loadTensorFlow } = await import('../../../src/training/engines/tfjs/backend.js')
    const tf = await loadTensorFlow('wasm')
    const before = tf.memory().numTensors
    const spec = smallModel({ positions: 'rotary' })
    const learner = await engine.open(spec)
    const open = tf.memory().numTensors
    await learner.step(someSequences(spec), 0.01)
    await learner.gradient(someSequences(spec))
    await learner.losses(someSequences(spec))
    await learner.nextTokenLogits(Int32Array.of(1, 2))
    learner.restore(learner.state())
    expect(tf.memory().numTensors).toBe(open)
    await learner.close()
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('what is refused', () => {
  const spec = smallModel()
  const opened = engine.open(spec)
  afterAll(async () => (await opened).close())

  test('devices that it does not train on', async () => {
    for (const device of ['webgpu', 'cuda'] as const) {
      await expect(engine.open(spec, { device })).rejects.toMatchObject({
        code: 'device-unavailable',
        message: expect.stringContaining(`not on ${device}`),
      })
    }
  })

  test('parameters of another model', async () => {
    const parameters = spec.parameters.slice(1)
    const count = spec.parameters.length
    await expect(engine.open({ ...spec, parameters })).rejects.toThrow(
      `the model has ${count} parameters, but ${count - 1} values were given`,
    )
    const learner = await opened
    expect(() => learner.restore({ ...learner.state(), parameters })).toThrow(`${count - 1}`)
  })

  test('sequences that are none', async () => {
    const learner = await opened
    const batch = someSequences(spec)
    await expect(learner.step(batch.subarray(1), 0.1)).rejects.toThrow('not whole sequences of 13')
    await expect(learner.step(someSequences(spec, 0, 5), 0.1)).rejects.toThrow(
      'a batch has to have 4 sequences, not 5',
    )
    const foreign = batch.slice()
    foreign[7] = 29
    await expect(learner.losses(foreign)).rejects.toThrow(
      'token id 29 is not in the vocabulary, 0 to 28',
    )
    await expect(learner.nextTokenLogits(new Int32Array(0))).rejects.toThrow('1 to 12 tokens')
    await expect(learner.nextTokenLogits(new Int32Array(13))).rejects.toThrow('not 13')
  })
})
