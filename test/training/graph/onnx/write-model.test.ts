import { PbfReader } from 'pbf'
import { describe, expect, test } from 'vitest'
import {
  add,
  cast,
  Graph,
  gelu,
  matmul,
  multiply,
  softmax,
  tanh,
  writeOnnxModel,
} from '../../../../src/training/graph/index.js'
import { runOnnx } from '../support/run-onnx.js'

/** Field number → what it holds, for messages of any kind: bytes as they are, the rest as numbers. */
function fields(bytes: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const reader = new PbfReader(bytes)
  const result = new Map<number, (number | Uint8Array)[]>()
  for (let field = reader.nextField(); field; field = reader.nextField()) {
    const value = reader.type === 2 ? reader.readBytes() : reader.readVarint(true)
    result.set(field, [...(result.get(field) ?? []), value])
  }
  return result
}

const messages = (parent: Map<number, (number | Uint8Array)[]>, field: number) =>
  (parent.get(field) ?? []).map((value) => fields(value as Uint8Array))
const text = (value: number | Uint8Array | undefined) =>
  new TextDecoder().decode(value as Uint8Array)

function model() {
  const graph = new Graph()
  const x = graph.input('x', 'float32', [2, 3])
  graph.input('unused', 'float32', [1])
  tanh(multiply(x, 3))
  return { graph, x, result: add(matmul(x, x, { transB: true }), graph.scalar(0.5)) }
}

describe('the model', () => {
  const bytes = fields(writeOnnxModel({ result: model().result }))
  const [graph] = messages(bytes, 7)

  test('names both operator sets', () => {
    const sets = messages(bytes, 8).map((set) => [text(set.get(1)?.[0]), set.get(2)?.[0]])
    expect(sets).toEqual([
      ['', 23],
      ['com.microsoft', 1],
    ])
  })

  test('has the nodes and inputs that its outputs need, with static shapes', () => {
    expect(messages(graph, 1).map((node) => text(node.get(4)?.[0]))).toEqual(['FusedMatMul', 'Add'])
    const [input, ...others] = messages(graph, 11)
    expect(text(input.get(1)?.[0])).toBe('x')
    expect(others).toEqual([])
    const [tensor] = messages(messages(input, 2)[0], 1)
    expect(tensor.get(1)).toEqual([1])
    const sizes = messages(messages(tensor, 2)[0], 1).map((dimension) => dimension.get(1)?.[0])
    expect(sizes).toEqual([2, 3])
  })

  test('holds constants as single precision', () => {
    const [initializer, ...others] = messages(graph, 5)
    expect(others).toEqual([])
    expect(initializer.get(9)).toEqual([new Uint8Array(new Float32Array([0.5]).buffer)])
  })
})

test('outputs may be inputs, constants, and one value under two names', async () => {
  const { graph, x } = model()
  const y = tanh(x)
  const outputs = { copy: x, one: graph.constant('int64', [2], [-1, 7]), first: y, second: y }
  const feeds = { x: [0, 1, 2, 3, 4, 5] }
  const results = await runOnnx({ ...outputs, third: multiply(y, 2) }, feeds)
  expect(results.copy).toEqual(feeds.x)
  expect(results.one).toEqual([-1, 7])
  expect(results.first).toEqual(results.second)
  expect(results.third[1]).toBeCloseTo(2 * Math.tanh(1), 6)
})

test('names that the writer would give itself are free to use', async () => {
  const graph = new Graph()
  const taken = ['constant_0', 'constant_1', 'constant_2', 'constant_3', 'add_2', 'add_3']
  const inputs = taken.map((name) => graph.input(name, 'float32', []))
  const sum = inputs.reduce((total, input, i) => add(multiply(total, i + 2), input))
  const feeds = Object.fromEntries(taken.map((name) => [name, [1]]))
  const expected = taken.slice(1).reduce((total, _, i) => total * (i + 3) + 1, 1)
  expect((await runOnnx({ tanh_1: sum }, feeds)).tanh_1).toEqual([expected])
})

test('a form that reads less than its operator leaves out what it does not read', () => {
  const types = (form: string) => {
    const x = new Graph().input('x', 'float32', [4])
    const [graph] = messages(fields(writeOnnxModel({ y: gelu(x) }, { forms: { gelu: form } })), 7)
    return messages(graph, 1).map((node) => text(node.get(4)?.[0]))
  }
  expect(types('fused')).toEqual(['Gelu'])
  expect(types('gated')).toContain('Sigmoid')
})

test('both forms of GELU are the same function', async () => {
  const x = new Graph().input('x', 'float32', [5])
  const feeds = { x: [-4, -1, 0, 0.5, 3] }
  const gated = await runOnnx({ y: gelu(x) }, feeds)
  const fused = await runOnnx({ y: gelu(x) }, feeds, { forms: { gelu: 'fused' } })
  fused.y.forEach((value, i) => {
    expect(value).toBeCloseTo(gated.y[i], 5)
  })
})

test('bool constants and casts of every type are understood', async () => {
  const graph = new Graph()
  const flags = graph.constant('bool', [3], [1, 0, 1])
  const results = await runOnnx(
    { a: cast(flags, 'int32'), b: cast(flags, 'int64'), c: cast(flags, 'float32') },
    {},
  )
  expect(results).toEqual({ a: [1, 0, 1], b: [1, 0, 1], c: [1, 0, 1] })
})

describe('what cannot be written is refused', () => {
  const { x } = model()

  test('a form that the operator does not have', () => {
    expect(() => writeOnnxModel({ y: softmax(x) }, { forms: { softmax: 'fast' } })).toThrow(
      'write: softmax has no ONNX form "fast"; it has standard',
    )
  })

  test('a form of an operator that is none', () => {
    expect(() => writeOnnxModel({ y: x }, { forms: { matmull: 'gemm' } })).toThrow(
      'write: there is no operator "matmull"',
    )
  })

  test('an output with the name of an input', () => {
    expect(() => writeOnnxModel({ x: tanh(x) })).toThrow('write: the output "x" is an input too')
  })
})
