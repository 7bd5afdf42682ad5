import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { loadTensorFlow } from '../../../src/training/engines/tfjs/backend.js'

test('what happens to errors nobody caught stays the affair of the process', async () => {
  const listeners = () => [
    process.rawListeners('uncaughtException'),
    process.rawListeners('unhandledRejection'),
  ]
  const before = listeners()
  await loadTensorFlow('wasm')
  expect(listeners()).toEqual(before)
})

test('the WASM back end adds up the gradient of rows that are looked up more than once', async () => {
  const tf = await loadTensorFlow('wasm')
  expect(tf.getBackend()).toBe('wasm')
  const rng = createRng(1, 'segments')
  const ids = Int32Array.from({ length: 40 }, () => rng.integer(7))
  const weights = Float32Array.from({ length: 120 }, () => rng.integer(100) - 50)
  const gradient = tf.grad((table) =>
    tf.sum<Scalar>(
      tf.mul(
        tf.gather(table as Tensor2D, tf.tensor1d(ids, 'int32')),
        tf.tensor2d(weights, [40, 3]),
      ),
    ),
  )(tf.zeros([9, 3]))
  // Whole numbers, so that the sums are exact.
  const expected = new Float32Array(27)
  ids.forEach((id, row) => {
    for (let j = 0; j < 3; j++) expected[id * 3 + j] += weights[row * 3 + j]
  })
  expect(gradient.shape).toEqual([9, 3])
  expect(await gradient.data()).toEqual(expected)
})

test('a back end that is not installed is named', async () => {
  await expect(loadTensorFlow('tensorflow')).rejects.toThrow('tfjs-node')
})
