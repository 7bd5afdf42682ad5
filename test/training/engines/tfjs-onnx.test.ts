import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { onnxEngine } from '../../../src/training/engines/onnx/index.js'
import { tfjsEngine } from '../../../src/training/engines/tfjs/index.js'
import { initialParameters, modelConfig } from '../../../src/training/model/index.js'
import type { Learner, LearnerSpec } from '../../../src/training/types.js'
import { largest, relativeErrors, smallModel, someSequences, VARIANTS } from './tfjs-models.js'

const tfjs = tfjsEngine('wasm')

async function lossCurve(learner: Learner, spec: LearnerSpec, steps: number): Promise<number[]> {
  const curve: number[] = []
  for (let k = 0; k < steps; k++) {
    curve.push((await learner.step(someSequences(spec, k), 0.01)).loss)
  }
  await learner.close()
  return curve
}

describe.each(VARIANTS)('$activation with $positions positions', (variant) => {
  test('two engines with two differentiators give the same gradients', async () => {
    for (const spread of [0, 0.2]) {
      const spec = smallModel(variant, { spread })
      const [first, second] = await Promise.all([tfjs.open(spec), onnxEngine.open(spec)])
      const batch = someSequences(spec)
      const [a, b] = [await first.gradient(batch), await second.gradient(batch)]
      expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-5)
      expect(largest(relativeErrors(spec.model, a.gradient, b.gradient))).toBeLessThan(1e-5)
      await Promise.all([first.close(), second.close()])
    }
  })
})

test('their gradients agree at a size that proxies have', async () => {
  const spec = smallModel(modelConfig('tiny', 512), { batchSize: 8, spread: 0 })
  const [first, second] = await Promise.all([tfjs.open(spec), onnxEngine.open(spec)])
  const batch = someSequences(spec)
  const [a, b] = [await first.gradient(batch), await second.gradient(batch)]
  expect(Math.abs(a.loss - b.loss)).toBeLessThan(2e-5)
  expect(largest(relativeErrors(spec.model, a.gradient, b.gradient))).toBeLessThan(1e-5)
  await Promise.all([first.close(), second.close()])
})

test.each([VARIANTS[0], VARIANTS[3]])(
  'with $activation and $positions positions the losses of the two stay together over 50 steps',
  async (variant) => {
    const start = smallModel(variant)
    const parameters = initialParameters(start.model, createRng(5, 'parameters'))
    const spec = { ...start, parameters }
    const a = await lossCurve(await tfjs.open(spec), spec, 50)
    const b = await lossCurve(await onnxEngine.open(spec), spec, 50)
    expect(a[49]).toBeLessThan(a[0] - 0.5)
    const apart = a.map((loss, k) => Math.abs(loss - b[k]))
    expect(Math.max(...apart)).toBeLessThan(1e-3)
  },
)
