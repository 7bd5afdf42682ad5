import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CompleteProblem } from '../../../src/optimizers/problem.js'
import { decodeRunTable, decodeTrainingRuns } from '../../../src/workers/threads/run-tables.js'

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

describe('standard errors and seconds', () => {
  test('are there for the metrics and the runs that have them', () => {
    const pages = [
      JSON.stringify([
        { runId: 'a', weights: [1, 0, 0], values: { loss: 3 }, standardErrors: { loss: 0.5 } },
        { runId: 'b', weights: [0, 1, 0], values: { loss: 2 }, standardErrors: {}, seconds: 12.5 },
        { runId: 'c', weights: [0, 0, 1], values: { loss: 1 }, seconds: null },
      ]),
    ]
    const { standardErrors, seconds } = decodeRunTable(PROBLEM, '', '1M', pages)
    expect(standardErrors).toEqual(
      new Map([['loss', Float64Array.of(0.5, Number.NaN, Number.NaN)]]),
    )
    expect(seconds).toEqual(Float64Array.of(Number.NaN, 12.5, Number.NaN))
    const none = decodeRunTable(PROBLEM, '', '1M', [
      '[{"runId":"a","weights":[1,0,0],"values":{}}]',
    ])
    expect(none.standardErrors).toBeUndefined()
    expect(none.seconds).toBeUndefined()
  })
})

describe('decodeTrainingRuns', () => {
  const row = (runId: string, weights: number[], loss: number) => ({
    runId,
    weights,
    values: { loss },
  })

  test('has the runs of other studies before the own ones of a fidelity, wherever they come', () => {
    const names = ['web', 'code', 'books']
    const source = (runId: string, study?: string) => ({
      fidelity: '1M',
      pages: [JSON.stringify([row(runId, [1, 0, 0], 1)])],
      ...(study && { from: { study, domains: names } }),
    })
    const own = [source('a'), source('b')]
    const earlier = [source('x', 'first'), source('y', 'second')]
    for (const sources of [
      [...own, ...earlier],
      [...earlier, ...own],
      [own[0], ...earlier, own[1]],
    ])
      expect(decodeTrainingRuns(PROBLEM, sources)[0].runIds).toEqual([
        'first/x',
        'second/y',
        'a',
        'b',
      ])
  })

  test('joins what is of one fidelity, with the weights of other studies in this problem’s order', () => {
    const from = { study: 'earlier', domains: ['books', 'web', 'code'] }
    const tables = decodeTrainingRuns(PROBLEM, [
      { fidelity: '1M', pages: [] },
      {
        fidelity: 'previous:earlier:1M',
        pages: [JSON.stringify([row('a', [0.5, 0.3, 0.2], 1)])],
        from,
      },
      { fidelity: '1M', pages: [JSON.stringify([row('a', [0.1, 0.2, 0.7], 2)])] },
      { fidelity: '1M', pages: [JSON.stringify([row('a', [0.5, 0.3, 0.2], 3)])], from },
    ])
    expect(tables.map(({ fidelity, runIds }) => [fidelity, runIds])).toEqual([
      ['1M', ['earlier/a', 'a']],
      ['previous:earlier:1M', ['earlier/a']],
    ])
    expect([...tables[0].raw.data]).toEqual([0.3, 0.2, 0.5, 0.1, 0.2, 0.7])
    expect(tables[0].values.get('loss')).toEqual(Float64Array.of(3, 2))
    expect([...tables[1].raw.data]).toEqual([0.3, 0.2, 0.5])
  })
})
