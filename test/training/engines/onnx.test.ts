import { afterAll, describe, expect, test } from 'vitest'
import { MixwrightError } from '../../../src/errors.js'
import {
  gradientGraph,
  logitsGraph,
  lossesGraph,
  modelBytes,
  NAMES,
  tensorName,
} from '../../../src/training/engines/onnx/graphs.js'
import { onnxEngine } from '../../../src/training/engines/onnx/index.js'
import { evaluateGraph, type Value } from '../../../src/training/graph/index.js'
import { parameterLayout } from '../../../src/training/model/index.js'
import type { Learner, LearnerSpec } from '../../../src/training/types.js'
import { OPTIMIZER, smallModel, someSequences, VARIANTS } from './tfjs-models.js'

const opened: Learner[] = []
async function open(spec: LearnerSpec): Promise<Learner> {
  const learner = await onnxEngine.open(spec)
  opened.push(learner)
  return learner
}
afterAll(() => Promise.all(opened.map((learner) => learner.close())))

async function train(learner: Learner, spec: LearnerSpec, steps: number, first = 0) {
  const losses: number[] = []
  for (let i = first; i < first + steps; i++) {
    losses.push((await learner.step(someSequences(spec, i), 1e-2)).loss)
  }
  return losses
}

/** What the interpreter makes of the spec's parameters, in double precision. */
function interpret(spec: LearnerSpec, output: Value, others: Record<string, Int32Array>) {
  const flat = Float64Array.from(spec.parameters)
  const tensors = parameterLayout(spec.model).map((slot) => [
    tensorName('parameter', slot),
    flat.subarray(slot.offset, slot.offset + slot.size),
  ])
  return evaluateGraph([output], { ...Object.fromEntries(tensors), ...others })[0].data
}

function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i]), `element ${i}`).toBeLessThan(tolerance)
  }
}

describe('learning', () => {
  test('a step is AdamW with the gradient of the batch', async () => {
    const spec = smallModel()
    const learner = await open(spec)
    const batch = someSequences(spec)
    const { loss, gradient } = await learner.gradient(batch)
    const norm = Math.hypot(...gradient)
    const result = await learner.step(batch, 1e-2)
    expect(result.loss).toBeCloseTo(loss, 6)
    expect(Math.abs(result.gradientNorm / norm - 1)).toBeLessThan(1e-5)
    const factor = Math.min(1, OPTIMIZER.clipNorm / norm)
    const { parameters, step } = learner.state()
    expect(step).toBe(1)
    for (const { offset, size, decays } of parameterLayout(spec.model)) {
      for (let i = offset; i < offset + size; i++) {
        // In the first step both corrected moments are those of the gradient alone.
        const g = gradient[i] * factor
        const change = 1e-2 * (g / (Math.abs(g) + OPTIMIZER.epsilon))
        const decayed = spec.parameters[i] * (decays ? 1 - 1e-2 * OPTIMIZER.weightDecay : 1)
        // Where the gradient is near ε, its rounding shows.
        if (Math.abs(g) > 1e-6)
          expect(Math.abs(parameters[i] - (decayed - change))).toBeLessThan(2e-4)
      }
    }
  })

  test('the loss falls, and equal beginnings give equal bits', async () => {
    const spec = smallModel()
    const [a, b] = [await open(spec), await open(spec)]
    const losses = await train(a, spec, 30)
    expect(await train(b, spec, 30)).toEqual(losses)
    expect(b.state()).toEqual(a.state())
    expect(losses[29]).toBeLessThan(losses[0] - 0.5)
  })

  test('a state goes on in another learner, bit by bit', async () => {
    const spec = smallModel({ activation: 'swiglu', positions: 'rotary' })
    const whole = await open(spec)
    await train(whole, spec, 3)
    const state = whole.state()
    const rest = await train(whole, spec, 3, 3)
    const other = await open({ ...spec, parameters: new Float32Array(spec.parameters.length) })
    other.restore(state)
    expect(other.state()).toEqual(state)
    expect(await train(other, spec, 3, 3)).toEqual(rest)
    expect(other.state()).toEqual(whole.state())
  })

  test('state() is a copy', async () => {
    const spec = smallModel()
    const learner = await open(spec)
    const before = learner.state()
    const kept = before.parameters.slice()
    await train(learner, spec, 2)
    expect(before.parameters).toEqual(kept)
    expect(learner.state().parameters).not.toEqual(kept)
  })

  test('what is not a number comes back as it is', async () => {
    const spec = smallModel()
    spec.parameters[0] = Number.NaN
    const learner = await open(spec)
    const batch = someSequences(spec)
    batch[0] = 0
    const { loss, gradientNorm } = await learner.step(batch, 1e-2)
    expect(loss).toBeNaN()
    expect(gradientNorm).toBeNaN()
    expect((await learner.losses(batch)).every(Number.isNaN)).toBe(true)
  })
})

describe('measuring', () => {
  test.each(VARIANTS)(
    'losses of any number of sequences, $activation, $positions',
    async (variant) => {
      const spec = smallModel(variant)
      const learner = await open(spec)
      for (const rows of [1, 4, 6]) {
        const sequences = someSequences(spec, 0, rows)
        const { losses } = lossesGraph(spec.model, rows)
        const expected = interpret(spec, losses, { [NAMES.sequences]: sequences })
        expectNear(await learner.losses(sequences), expected, 5e-6)
      }
      expect(await learner.losses(new Int32Array(0))).toHaveLength(0)
    },
  )

  test.each(VARIANTS)(
    'logits after any number of tokens, $activation, $positions',
    async (variant) => {
      const spec = smallModel(variant)
      const learner = await open(spec)
      const { context } = spec.model
      const { logits } = logitsGraph(spec.model)
      for (const count of [1, 5, context]) {
        const tokens = someSequences(spec).subarray(0, count)
        // What stands behind the tokens must not matter: the interpreter gets something else there.
        const row = new Int32Array(context).fill(3)
        row.set(tokens)
        const others = { [NAMES.tokens]: row, [NAMES.last]: Int32Array.of(count - 1) }
        expectNear(await learner.nextTokenLogits(tokens), interpret(spec, logits, others), 2e-5)
      }
    },
  )
})

test('the graphs for other devices compute the same', async () => {
  const spec = smallModel({ activation: 'swiglu', positions: 'rotary' })
  const outputs = gradientGraph(spec.model, spec.batchSize)
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  const sequences = someSequences(spec)
  const feeds: Record<string, InstanceType<typeof Tensor>> = Object.fromEntries(
    parameterLayout(spec.model).map((slot) => {
      const values = spec.parameters.subarray(slot.offset, slot.offset + slot.size)
      return [tensorName('parameter', slot), new Tensor('float32', values, slot.shape)]
    }),
  )
  feeds[NAMES.sequences] = new Tensor('int32', sequences, [4, spec.model.context + 1])
  const results = []
  for (const form of ['fused', 'standard'] as const) {
    const session = await InferenceSession.create(modelBytes(outputs, form), {
      logSeverityLevel: 4,
    })
    results.push(await session.run(feeds))
    await session.release()
  }
  for (const name of Object.keys(outputs)) {
    expectNear(results[1][name].data as Float32Array, results[0][name].data as Float32Array, 1e-5)
  }
})

describe('what does not fit is refused', () => {
  test('parameters of another model', async () => {
    const spec = smallModel()
    const parameters = spec.parameters.subarray(1)
    await expect(onnxEngine.open({ ...spec, parameters })).rejects.toThrow(
      `has ${spec.parameters.length} parameters, ${parameters.length} were given`,
    )
  })

  test('another number of sequences, and ids outside of the vocabulary', async () => {
    const spec = smallModel()
    const learner = await open(spec)
    await expect(learner.step(someSequences(spec, 0, 3), 1)).rejects.toThrow(
      'a batch has 4 sequences, not 3',
    )
    await expect(learner.losses(new Int32Array(14))).rejects.toThrow('not whole sequences of 13')
    const bad = someSequences(spec)
    bad[7] = 29
    await expect(learner.gradient(bad)).rejects.toThrow('token id 29')
    await expect(learner.nextTokenLogits(new Int32Array(13))).rejects.toThrow('1 to 12 tokens')
    expect(learner.state().step).toBe(0)
  })

  test('a state of another model', async () => {
    const learner = await open(smallModel())
    const state = learner.state()
    const secondMoment = state.secondMoment.subarray(1)
    expect(() => learner.restore({ ...state, secondMoment })).toThrow(/secondMoment .* elements/)
  })

  test.each(['webgpu', 'cuda'] as const)(
    '%s works, or says that it is not there',
    async (device) => {
      const spec = smallModel()
      try {
        const learner = await onnxEngine.open(spec, { device })
        opened.push(learner)
        const { loss } = await learner.step(someSequences(spec), 1e-2)
        const onCpu = await open(spec)
        expect(loss).toBeCloseTo((await onCpu.step(someSequences(spec), 1e-2)).loss, 4)
      } catch (error) {
        if (!(error instanceof MixwrightError)) throw error
        expect(error.code).toBe('device-unavailable')
        expect(error.message).toMatch(
          new RegExp(`^The device ${device} is not available here: it needs`),
        )
        expect(error.message).not.toMatch(/onnxruntime_src|\n/)
      }
    },
  )
})
