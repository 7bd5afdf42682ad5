import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import {
  initialParameters,
  modelConfig,
  parameterCount,
  parameterLayout,
} from '../../../src/training/model/index.js'

const shape = { width: 16, layers: 3, heads: 2, context: 10 } as const
const VARIANTS = [
  modelConfig('tiny', 512),
  modelConfig({ ...shape, activation: 'swiglu' }, 30),
  modelConfig({ ...shape, positions: 'rotary', feedForward: 20 }, 30),
]

describe('parameterLayout', () => {
  test.each(VARIANTS)('leaves no gap and no overlap, matrices before gains', (config) => {
    const layout = parameterLayout(config)
    let offset = 0
    for (const slot of layout) {
      expect(slot.offset).toBe(offset)
      expect(slot.size).toBe(slot.shape.reduce((a, b) => a * b, 1))
      expect(slot.decays).toBe(slot.shape.length === 2)
      offset += slot.size
    }
    expect(parameterCount(config)).toBe(offset)
    const firstGain = layout.findIndex(({ decays }) => !decays)
    expect(layout.slice(firstGain).some(({ decays }) => decays)).toBe(false)
    expect(new Set(layout.map(({ name }) => name)).size).toBe(layout.length)
  })

  test('the counts are those of the formula', () => {
    // V d + T d + layers (3 d² + d² + 2 · 4 d² + 2 d) + d
    expect(parameterCount(modelConfig('tiny', 512))).toBe(135_488)
    expect(parameterCount(modelConfig('small', 1024))).toBe(935_040)
    expect(parameterCount(modelConfig('base', 2048))).toBe(3_705_088)
  })
})

describe('initialParameters', () => {
  test('has the deviations of GPT-2, scaled to the width, and gains of 1', () => {
    const config = modelConfig('small', 1024)
    const parameters = initialParameters(config, createRng(1, 'init'))
    for (const { name, offset, size, decays } of parameterLayout(config)) {
      const values = parameters.subarray(offset, offset + size)
      if (!decays) {
        expect(values.every((value) => value === 1)).toBe(true)
        continue
      }
      const deviation = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / size)
      const whole = 0.02 * Math.sqrt(768 / 128)
      const expected = /output|down/.test(name) ? whole / Math.sqrt(8) : whole
      // Five standard errors of a deviation estimated from `size` numbers.
      expect(Math.abs(deviation / expected - 1)).toBeLessThan(5 / Math.sqrt(2 * size))
    }
  })

  test('depends on the seed alone', () => {
    const config = modelConfig(shape, 30)
    const draw = (seed: number) => initialParameters(config, createRng(seed, 'init'))
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })
})
