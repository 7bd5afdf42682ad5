import { describe, expect, test } from 'vitest'
import { cast, differentiate, evaluateGraph, OPERATORS } from '../../../src/training/graph/index.js'
import { centralDifferences } from './support/central-differences.js'
import { Draw } from './support/draw.js'
import { expectClose } from './support/expect-close.js'
import { OPERATOR_CASES } from './support/operator-cases.js'
import { randomLoss } from './support/random-loss.js'
import { runOnnx } from './support/run-onnx.js'

const SEEDS = [1, 2, 3, 4, 5]

test('every operator has cases, and every case an operator', () => {
  expect(Object.keys(OPERATOR_CASES).sort()).toEqual([...OPERATORS.keys()].sort())
})

describe('the gradient is that of central differences', () => {
  for (const [operator, cases] of Object.entries(OPERATOR_CASES)) {
    test(operator, () => {
      for (const [index, seed, draw] of draws(operator, cases.length)) {
        const loss = randomLoss(draw, [cases[index](draw)].flat())
        const inputs = draw.inputs.filter((input) => input.dtype === 'float32')
        const gradients = evaluateGraph(differentiate(loss, inputs), draw.feeds)
        for (const [i, input] of inputs.entries()) {
          const expected = centralDifferences(loss, input, draw)
          const where = `case ${index}, seed ${seed}, input ${i}`
          expectClose(gradients[i].data, expected, 1e-7, where)
        }
      }
    })
  }
})

describe('ONNX Runtime computes what the interpreter computes, forward and backward', () => {
  for (const [operator, cases] of Object.entries(OPERATOR_CASES)) {
    for (const form of OPERATORS.get(operator)?.forms ?? ['standard']) {
      test(`${operator}, form ${form}`, async () => {
        for (const [index, seed, draw] of draws(operator, cases.length).slice(0, 6)) {
          const results = [cases[index](draw)].flat()
          const loss = randomLoss(draw, results)
          const floats = draw.inputs.filter((input) => input.dtype === 'float32')
          const values = [
            ...results.map((value) => cast(value, 'float32')),
            ...differentiate(loss, floats),
          ]
          const outputs = Object.fromEntries(values.map((value, i) => [`output${i}`, value]))
          const forms = OPERATORS.get(operator)?.forms ? { [operator]: form } : {}
          const actual = await runOnnx(outputs, draw.feeds, { forms })
          for (const [i, expected] of evaluateGraph(values, draw.feeds).entries()) {
            const where = `case ${index}, seed ${seed}, output ${i}`
            expectClose(actual[`output${i}`], expected.data, 1e-5, where)
          }
        }
      })
    }
  }
})

/** All cases with all seeds, the cases taking turns. */
function draws(operator: string, cases: number): [number, number, Draw][] {
  return SEEDS.flatMap((seed) =>
    Array.from({ length: cases }, (_, index): [number, number, Draw] => [
      index,
      seed,
      new Draw(`${operator} case ${index}`, seed),
    ]),
  )
}
