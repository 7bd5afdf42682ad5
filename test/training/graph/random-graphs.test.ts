import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  add,
  broadcastTo,
  concat,
  differentiate,
  evaluateGraph,
  Graph,
  liveNodes,
  matmul,
  multiply,
  reduceMean,
  reshape,
  sigmoid,
  slice,
  softmax,
  subtract,
  tanh,
  transpose,
  type Value,
} from '../../../src/training/graph/index.js'
import { expectClose } from './support/expect-close.js'
import { runOnnx } from './support/run-onnx.js'

/** What to apply to which of the values so far; every value stays within [−1, 1], so that rounding does too. */
type Instruction = { readonly operation: number; readonly a: number; readonly b: number }

const WHOLE = [2, 3]
const OPERATIONS: readonly ((a: Value, b: Value) => Value)[] = [
  (a, b) => multiply(add(a, b), 0.5),
  (a, b) => multiply(subtract(a, b), 0.5),
  (a, b) => multiply(a, b),
  (a) => tanh(a),
  (a) => sigmoid(a),
  (a) => softmax(broadcastTo(a, WHOLE)),
  (a) => broadcastTo(a, WHOLE),
  (a) => reshape(reshape(broadcastTo(a, WHOLE), [3, 2]), WHOLE),
  (a) => transpose(tanh(transpose(broadcastTo(a, WHOLE)))),
  (a) => reduceMean(a),
  (a) => reduceMean(broadcastTo(a, WHOLE), 0),
  (a) => reduceMean(broadcastTo(a, WHOLE), 1, { keepDims: true }),
  (a, b) => {
    const [left, right] = [broadcastTo(a, WHOLE), broadcastTo(b, WHOLE)]
    return tanh(matmul(matmul(left, right, { transB: true }), right))
  },
  (a, b) =>
    concat([slice(broadcastTo(a, WHOLE), 1, 1, 3), slice(broadcastTo(b, WHOLE), 1, 0, 1)], 1),
]

const program = fc.array(
  fc.record({
    operation: fc.nat({ max: OPERATIONS.length - 1 }),
    a: fc.nat({ max: 50 }),
    b: fc.nat({ max: 50 }),
  }),
  { minLength: 4, maxLength: 20 },
)
const FEEDS = { x: [0.9, -0.4, 0.1, 0.5, -0.8, 0.3], row: [0.6, -0.2, 0.7] }

/** Few values and a bias to the first ones, so that the same subexpressions happen often. */
function run(instructions: readonly Instruction[], graph: Graph) {
  const inputs = [graph.input('x', 'float32', WHOLE), graph.input('row', 'float32', [3])]
  const values = [...inputs, graph.scalar(0.25)]
  for (const { operation, a, b } of instructions) {
    values.push(OPERATIONS[operation](values[a % values.length], values[b % values.length]))
  }
  const loss = values
    .slice(-3)
    .map((value) => reduceMean(value))
    .reduce(add)
  return { values, outputs: [loss, ...differentiate(loss, inputs)] }
}

test('sharing subexpressions changes no value and no gradient, and never adds a node', () => {
  let saved = 0
  fc.assert(
    fc.property(program, (instructions) => {
      const shared = run(instructions, new Graph())
      const plain = run(instructions, new Graph({ shareSubexpressions: false }))
      const expected = evaluateGraph(plain.outputs, FEEDS)
      for (const [i, actual] of evaluateGraph(shared.outputs, FEEDS).entries()) {
        expectClose(actual.data, expected[i].data, 1e-12, `output ${i}`)
      }
      const difference = liveNodes(plain.outputs).length - liveNodes(shared.outputs).length
      expect(difference).toBeGreaterThanOrEqual(0)
      saved += difference
    }),
    { seed: 7, numRuns: 200 },
  )
  expect(saved).toBeGreaterThan(0)
})

test('a value is the same whether the rest of the graph is computed or left out', () => {
  fc.assert(
    fc.property(program, (instructions) => {
      const { values } = run(instructions, new Graph())
      const all = evaluateGraph(values, FEEDS)
      for (const [i, value] of values.entries()) {
        expect(evaluateGraph([value], FEEDS)[0]).toEqual(all[i])
      }
    }),
    { seed: 8, numRuns: 50 },
  )
})

test('ONNX Runtime computes random graphs and their gradients as the interpreter does', async () => {
  await fc.assert(
    fc.asyncProperty(program, async (instructions) => {
      const { outputs } = run(instructions, new Graph())
      const named = Object.fromEntries(outputs.map((value, i) => [`output${i}`, value]))
      const actual = await runOnnx(named, FEEDS)
      for (const [i, expected] of evaluateGraph(outputs, FEEDS).entries()) {
        expectClose(actual[`output${i}`], expected.data, 1e-5, `output ${i}`)
      }
    }),
    { seed: 9, numRuns: 40 },
  )
})
