import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { ProxySchema, type ProxySpec } from '../../../src/optimizers/proxy.js'
import { completeProxySpec } from '../../../src/training/trainer/index.js'
import { trainingPlan } from '../../../src/training/trainer/plan.js'

describe('completeProxySpec', () => {
  test('writes out the defaults that the schema names', () => {
    expect(completeProxySpec({ model: 'tiny', tokens: 5 })).toEqual({
      model: 'tiny',
      tokens: 5,
      batchSize: 32,
      learningRate: 4e-3,
      schedule: 'cosine',
      warmupFraction: 0.05,
      finalFraction: 0.1,
      decayFraction: 0.2,
      weightDecay: 0.1,
      clipNorm: 1,
      validationSequences: 256,
      measurements: 4,
      simulatedEpoching: false,
      engine: 'onnx',
    })
    expect(completeProxySpec({ model: 'small', tokens: 5 }).learningRate).toBe(2e-3)
    expect(completeProxySpec({ model: 'base', tokens: 5 }).learningRate).toBe(1e-3)
  })

  test('completes shapes by number', () => {
    const shape = { width: 48, layers: 3, heads: 4, context: 32 }
    const gelu = completeProxySpec({ model: shape, tokens: 5 })
    expect(gelu.learningRate).toBe(0.256 / 48)
    expect(gelu.model).toEqual({
      ...shape,
      feedForward: 192,
      activation: 'gelu',
      positions: 'learned',
    })
    const swiglu = completeProxySpec({ model: { ...shape, activation: 'swiglu' }, tokens: 5 })
    expect(swiglu.model).toMatchObject({ feedForward: 128, activation: 'swiglu' })
  })

  test('is what the schema takes, keeps what is given, and changes nothing the second time', () => {
    const given: ProxySpec = {
      engine: 'tfjs',
      simulatedEpoching: true,
      measurements: 9,
      validationSequences: 7,
      clipNorm: 2,
      weightDecay: 0,
      decayFraction: 0.5,
      finalFraction: 0,
      warmupFraction: 0,
      schedule: 'wsd',
      learningRate: 0.5,
      batchSize: 3,
      tokens: 1e9,
      model: {
        positions: 'rotary',
        activation: 'swiglu',
        feedForward: 9,
        context: 16,
        heads: 2,
        layers: 5,
        width: 64,
      },
    }
    const complete = completeProxySpec(given)
    expect(complete).toEqual(given)
    expect(JSON.stringify(completeProxySpec(complete))).toBe(JSON.stringify(complete))
    expect(new Ajv().compile(ProxySchema)(complete)).toBe(true)
  })

  test('refuses shapes that no transformer has', () => {
    const model = { width: 10, layers: 1, heads: 3, context: 8 }
    expect(() => completeProxySpec({ model, tokens: 1 })).toThrow('heads')
  })
})

describe('the plan', () => {
  test.each([
    [{ tokens: 6400, batchSize: 8, measurements: 4 }, 100, [25, 50, 75, 100]],
    [{ tokens: 6401, batchSize: 8, measurements: 1 }, 101, [101]],
    [{ tokens: 640, batchSize: 8, measurements: 3 }, 10, [3, 7, 10]],
    [{ tokens: 1, batchSize: 8, measurements: 4 }, 1, [1]],
    [{ tokens: 3 * 64, batchSize: 8, measurements: 100 }, 3, [1, 2, 3]],
  ])('of %j', (spec, steps, measuredAfter) => {
    expect(trainingPlan(spec, 8)).toEqual({ steps, tokensPerStep: 64, measuredAfter })
  })
})
