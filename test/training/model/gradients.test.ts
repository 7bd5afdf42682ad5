import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { gradientGraph, NAMES, tensorName } from '../../../src/training/engines/onnx/graphs.js'
import { onnxEngine } from '../../../src/training/engines/onnx/index.js'
import { differentiate, evaluateGraph, Graph } from '../../../src/training/graph/index.js'
import { meanLoss, parameterLayout } from '../../../src/training/model/index.js'
import type { LearnerSpec } from '../../../src/training/types.js'
import { relativeErrors, smallModel, someSequences, VARIANTS } from '../engines/tfjs-models.js'

/** Inputs of the graph by their names. */
function feeds(spec: LearnerSpec, parameters: ArrayLike<number>, sequences: Int32Array) {
  const flat = Float64Array.from(parameters)
  const tensors = parameterLayout(spec.model).map((slot) => [
    tensorName('parameter', slot),
    flat.subarray(slot.offset, slot.offset + slot.size),
  ])
  return { ...Object.fromEntries(tensors), [NAMES.sequences]: sequences }
}

/** Loss and flat gradient in double precision. */
function reference(spec: LearnerSpec, sequences: Int32Array) {
  const outputs = gradientGraph(spec.model, spec.batchSize)
  const layout = parameterLayout(spec.model)
  const values = [outputs.loss, ...layout.map((slot) => outputs[tensorName('gradient', slot)])]
  const [loss, ...pieces] = evaluateGraph(values, feeds(spec, spec.parameters, sequences))
  return { loss: loss.data[0], gradient: pieces.flatMap(({ data }) => Array.from(data)) }
}

describe.each(VARIANTS)('the gradient of the whole model, $activation, $positions', (variant) => {
  test('is that of central differences, in a random direction of each tensor', () => {
    const tiny = { vocabulary: 7, width: 8, heads: 2, feedForward: 12, context: 5 }
    const spec = smallModel({ ...tiny, ...variant }, { batchSize: 2, spread: 0.4 })
    const sequences = someSequences(spec)
    const { gradient } = reference(spec, sequences)
    const { loss } = gradientGraph(spec.model, spec.batchSize)
    const rng = createRng(3, 'directions')
    const step = 1e-4
    for (const { name, offset, size } of parameterLayout(spec.model)) {
      const direction = Float64Array.from({ length: size }, () => rng.normal())
      const at = (distance: number) => {
        const moved = Float64Array.from(spec.parameters)
        for (let i = 0; i < size; i++) moved[offset + i] += distance * direction[i]
        return evaluateGraph([loss], feeds(spec, moved, sequences))[0].data[0]
      }
      // Fourth order: errors of the second are as large as what is looked for.
      const slope = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
      const expected = direction.reduce((sum, x, i) => sum + x * gradient[offset + i], 0)
      expect(Math.abs(slope - expected), name).toBeLessThan(1e-8 * (1 + Math.abs(expected)))
    }
  })

  test('is, computed by the engine, that of the interpreter', async () => {
    const spec = smallModel(variant)
    const sequences = someSequences(spec)
    const expected = reference(spec, sequences)
    const learner = await onnxEngine.open(spec)
    const actual = await learner.gradient(sequences)
    await learner.close()
    expect(Math.abs(actual.loss - expected.loss)).toBeLessThan(2e-6)
    const errors = relativeErrors(spec.model, actual.gradient, expected.gradient)
    expect(Object.keys(errors).sort()).toEqual(
      parameterLayout(spec.model)
        .map(({ name }) => name)
        .sort(),
    )
    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-5)
  })
})

test('a batch computed in parts has the loss and the gradient of the whole', async () => {
  const shape = { vocabulary: 11, width: 8, heads: 2, layers: 1, feedForward: 12, context: 64 }
  const spec = smallModel(shape, { batchSize: 24 })
  const sequences = someSequences(spec)
  const graph = new Graph()
  const layout = parameterLayout(spec.model)
  const inputs = layout.map((slot) =>
    graph.input(tensorName('parameter', slot), 'float32', slot.shape),
  )
  const parameter = (name: string) => inputs[layout.findIndex((slot) => slot.name === name)]
  const ids = graph.input(NAMES.sequences, 'int32', [24, 65])
  const whole = meanLoss(spec.model, parameter, ids)
  const values = [whole, ...differentiate(whole, inputs)]
  const [loss, ...pieces] = evaluateGraph(values, feeds(spec, spec.parameters, sequences))
  // 24 sequences of 64 tokens are three parts of 512.
  const learner = await onnxEngine.open(spec)
  const actual = await learner.gradient(sequences)
  await learner.close()
  expect(Math.abs(actual.loss - loss.data[0])).toBeLessThan(2e-6)
  const expected = pieces.flatMap(({ data }) => Array.from(data))
  const errors = relativeErrors(spec.model, actual.gradient, expected)
  for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-5)
})
