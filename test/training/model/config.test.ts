import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../../src/errors.js'
import { modelConfig } from '../../../src/training/model/index.js'

describe('modelConfig', () => {
  test('sizes by name', () => {
    expect(modelConfig('small', 1024)).toEqual({
      vocabulary: 1024,
      width: 128,
      layers: 4,
      heads: 4,
      feedForward: 512,
      context: 128,
      activation: 'gelu',
      positions: 'learned',
    })
  })

  test('SwiGLU has three matrices for two, so its hidden units are 8/3 × width, in eights', () => {
    const shape = { width: 64, layers: 1, heads: 4, context: 8, activation: 'swiglu' } as const
    expect(modelConfig(shape, 10).feedForward).toBe(176)
    expect(modelConfig({ ...shape, width: 96 }, 10).feedForward).toBe(256)
    expect(modelConfig({ ...shape, feedForward: 33 }, 10).feedForward).toBe(33)
  })

  const shape = { width: 24, layers: 1, heads: 4, context: 8 } as const
  test.each([
    ['heads', { ...shape, heads: 5 }, 10, /heads.*divide width.*24 \/ 5/],
    ['heads', { ...shape, heads: 8, positions: 'rotary' as const }, 10, /even head size.*= 3/],
    ['layers', { ...shape, layers: 0 }, 10, /layers.*positive integer, not 0/],
    ['context', { ...shape, context: 2.5 }, 10, /context.*positive integer, not 2.5/],
    ['vocabulary', shape, 1, /vocabulary.*2 or more, not 1/],
  ])('refuses an impossible %s', (field, model, vocabulary, message) => {
    try {
      modelConfig(model, vocabulary)
      expect.fail('nothing was thrown')
    } catch (error) {
      if (!(error instanceof MixwrightError)) throw error
      expect(error.code).toBe('validation-failed')
      expect(error.errors.map(({ pointer }) => pointer)).toEqual([`/model/${field}`])
      expect(error.message).toMatch(message)
    }
  })
})
