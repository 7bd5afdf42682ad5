import { expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import {
  clipByNorm,
  clipFactor,
  evaluateGraph,
  Graph,
  globalNorm,
} from '../../../src/training/graph/index.js'
import { adamwRates, adamwUpdate } from '../../../src/training/optimization/index.js'
import { runOnnx } from '../graph/support/run-onnx.js'

const OPTIMIZER = { beta1: 0.9, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1, clipNorm: 1.5 }
const RATES = [1e-2, 3e-2, 2e-2, 1e-2, 5e-3]

/** AdamW as its paper has it, with the corrected moments written out. */
function textbook(parameters: number[], gradients: number[][], decays: boolean[]) {
  const [first, second] = [parameters.map(() => 0), parameters.map(() => 0)]
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = OPTIMIZER
  for (const [i, gradient] of gradients.entries()) {
    const norm = Math.hypot(...gradient)
    const factor = Math.min(1, clipNorm / (norm + 1e-6))
    for (const [j, raw] of gradient.entries()) {
      const g = raw * factor
      first[j] = beta1 * first[j] + (1 - beta1) * g
      second[j] = beta2 * second[j] + (1 - beta2) * g * g
      const corrected = first[j] / (1 - beta1 ** (i + 1))
      const scale = Math.sqrt(second[j] / (1 - beta2 ** (i + 1))) + epsilon
      const decay = decays[j] ? RATES[i] * weightDecay * parameters[j] : 0
      parameters[j] -= (RATES[i] * corrected) / scale + decay
    }
  }
  return { parameters, first, second }
}

function updateGraph() {
  const graph = new Graph()
  const input = (name: string, size: number) => graph.input(name, 'float32', [size])
  const scalar = (name: string) => graph.input(name, 'float32', [])
  const rates = { decay: scalar('decay'), stepSize: scalar('stepSize'), epsilon: scalar('epsilon') }
  const gradients = [input('g0', 4), input('g1', 3)]
  const clipping = clipFactor(globalNorm(gradients), OPTIMIZER.clipNorm)
  return Object.assign(
    {},
    ...gradients.map((gradient, i) => {
      const size = gradient.shape[0]
      const before = {
        parameter: input(`p${i}`, size),
        firstMoment: input(`m${i}`, size),
        secondMoment: input(`v${i}`, size),
      }
      const after = adamwUpdate(before, gradient, clipping, OPTIMIZER, rates, i === 0)
      return {
        [`next.p${i}`]: after.parameter,
        [`next.m${i}`]: after.firstMoment,
        [`next.v${i}`]: after.secondMoment,
      }
    }),
  )
}

const rng = createRng(5, 'adamw')
const initial = Array.from({ length: 7 }, () => rng.normal())
// Small and large in turn, so that some are clipped and some are not.
const gradients = RATES.map((_, i) => initial.map(() => rng.normal() * (i % 2 ? 3 : 0.1)))
const expected = textbook(
  [...initial],
  gradients,
  initial.map((_, j) => j < 4),
)

type Results = Record<string, ArrayLike<number>>

async function follow(run: (feeds: Results) => Promise<Results> | Results) {
  const parts = (values: number[]) => [values.slice(0, 4), values.slice(4)]
  let state: Results = { m0: [0, 0, 0, 0], m1: [0, 0, 0], v0: [0, 0, 0, 0], v1: [0, 0, 0] }
  state = { ...state, p0: parts(initial)[0], p1: parts(initial)[1] }
  for (const [i, gradient] of gradients.entries()) {
    const [g0, g1] = parts(gradient)
    const rates = Object.entries(adamwRates(OPTIMIZER, i + 1, RATES[i]))
    const numbers = Object.fromEntries(rates.map(([name, value]) => [name, [value]]))
    const results = await run({ ...state, ...numbers, g0, g1 })
    state = Object.fromEntries(
      Object.entries(results).map(([name, data]) => [name.replace('next.', ''), data]),
    )
  }
  const both = (name: string) => [
    ...Array.from(state[`${name}0`]),
    ...Array.from(state[`${name}1`]),
  ]
  return { parameters: both('p'), first: both('m'), second: both('v') }
}

function expectState(actual: typeof expected, tolerance: number) {
  for (const name of ['parameters', 'first', 'second'] as const) {
    for (const [j, value] of expected[name].entries()) {
      expect(Math.abs(actual[name][j] - value), `${name} ${j}`).toBeLessThan(tolerance)
    }
  }
}

test('the graph is AdamW with clipping, in double precision', async () => {
  const outputs = updateGraph()
  const names = Object.keys(outputs)
  const actual = await follow((feeds) => {
    const tensors = evaluateGraph(Object.values(outputs), feeds)
    return Object.fromEntries(tensors.map(({ data }, i) => [names[i], data]))
  })
  expectState(actual, 1e-12)
})

test('and in ONNX Runtime, in single precision', async () => {
  const outputs = updateGraph()
  expectState(await follow((feeds) => runOnnx(outputs, feeds)), 2e-6)
})

test('clipping leaves a gradient below the limit as it is, and shortens one above to it', () => {
  const graph = new Graph()
  const gradient = graph.input('g', 'float32', [3])
  const { clipped, norm } = clipByNorm([gradient], 2)
  const run = (g: number[]) => evaluateGraph([clipped[0], norm], { g })
  const [small, smallNorm] = run([0.3, -0.4, 1.2])
  expect(Array.from(small.data)).toEqual([0.3, -0.4, 1.2])
  expect(smallNorm.data[0]).toBeCloseTo(1.3, 12)
  const [large] = run([30, -40, 120])
  expect(Math.hypot(...large.data)).toBeCloseTo(2, 6)
})
