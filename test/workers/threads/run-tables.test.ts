import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CompleteProblem } from '../../../src/optimizers/problem.js'
import { decodeRunTable } from '../../../src/workers/threads/run-tables.js'

const PROBLEM: CompleteProblem = {
  domains: [{ name: 'web' }, { name: 'code' }, { name: 'books' }],
  metrics: [
    { name: 'loss', direction: 'minimize' },
    { name: 'toString', direction: 'maximize' },
  ],
  objective: { type: 'mean', scale: 'none' },
  fidelities: [{ name: '1M', evaluator: 'table', cost: 1, order: 0 }],
}

describe('decodeRunTable', () => {
  test('joins pages in their order, keeps raw weights and divides a copy by its sum', () => {
    const pages = [
      '[{"runId":"a","weights":[0.5,0.25,0.25],"values":{"loss":3.5,"toString":0.25}},' +
        '{"runId":"b","weights":[0.2,0.3,0.498],"values":{"loss":3.25,"other":1},"importId":"i"}]',
      '[]',
      '[{"runId":"c","weights":[1,0,0],"values":{}}]',
    ]
    const table = decodeRunTable(PROBLEM, 'late', '1M', pages)
    expect(table).toMatchObject({ name: 'late', fidelity: '1M', runIds: ['a', 'b', 'c'] })
    expect(table.raw).toEqual({
      rows: 3,
      columns: 3,
      data: Float64Array.of(0.5, 0.25, 0.25, 0.2, 0.3, 0.498, 1, 0, 0),
    })
    expect(table.normalised.data.slice(3, 6)).toEqual(
      Float64Array.of(0.2 / 0.998, 0.3 / 0.998, 0.498 / 0.998),
    )
    expect([...table.values]).toEqual([
      ['loss', Float64Array.of(3.5, 3.25, Number.NaN)],
      ['toString', Float64Array.of(0.25, Number.NaN, Number.NaN)],
    ])
  })

  test('loses no bit of any number on its way through JSON, and normalised rows sum to 1', () => {
    const weight = fc.double({ min: 1e-300, max: 1, noNaN: true })
    const row = fc.tuple(weight, weight, weight)
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), fc.integer({ min: 1, max: 5 }), (rows, size) => {
        const runs = rows.map((weights, i) => ({
          runId: `${i}`,
          weights,
          values: { loss: weights[0] },
        }))
        const pages = []
        for (let i = 0; i < runs.length; i += size)
          pages.push(JSON.stringify(runs.slice(i, i + size)))
        const table = decodeRunTable(PROBLEM, '', '1M', pages)
        expect([...table.raw.data]).toEqual(rows.flat())
        expect([...table.values.get('loss')!]).toEqual(rows.map(([first]) => first))
        for (let i = 0; i < rows.length; i++) {
          const sum = table.normalised.data.slice(3 * i, 3 * i + 3).reduce((a, b) => a + b)
          expect(Math.abs(sum - 1)).toBeLessThan(1e-14)
        }
      }),
    )
  })

  test('refuses a row that does not have a weight for every domain', () => {
    const pages = ['[{"runId":"a","weights":[0.5,0.5],"values":{}}]']
    expect(() => decodeRunTable(PROBLEM, '', '1M', pages)).toThrow(RangeError)
  })
})
