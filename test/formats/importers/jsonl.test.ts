import { describe, expect, test } from 'vitest'
import { codes, details, MIXTURES, problemWith, read, refusalOf } from './files.js'

const problem = problemWith({ loss: 'minimize', 'eval/downstream/arc (BPB v2)[0]': 'minimize' })
const ODD = 'eval/downstream/arc (BPB v2)[0]'

const GOLDEN = [
  '{"run": "run-1", "mixture": {"web": 0.7, "code": 0.3}, "values": {"loss": 2.5, "eval/downstream/arc (BPB v2)[0]": 0.875}, "standardErrors": {"loss": 0.0125}, "tokens": 1000000000}',
  '',
  '{"id": 2, "weights": {"code": 0.75, "web": 0.25}, "metrics": {"loss": 2.25, "grad/norm": 1}, "comment": "é – two"}\r',
].join('\n')

describe('JSON lines', () => {
  test('are read as the golden file says', async () => {
    const { table, rows } = await read('jsonl', { problem, files: { 'runs.jsonl': GOLDEN } })
    expect(table.problems).toEqual([])
    expect(rows).toEqual([
      {
        runId: 'run-1',
        weights: [0.7, 0.3],
        values: { loss: 2.5, [ODD]: 0.875 },
        standardErrors: { loss: 0.0125 },
        tokens: 1e9,
      },
      { runId: '2', weights: [0.25, 0.75], values: { loss: 2.25 } },
    ])
    expect(table).toMatchObject({ rowCount: 2, fidelity: 'table', problemCount: 0 })
    expect(table.evaluations).toBeUndefined()
    expect(codes(table).sort()).toEqual(['fields-ignored', 'metrics-ignored', 'missing-values'])
    expect(table.warnings.map(({ message }) => message).join()).toMatch(/"comment".*"grad\/norm"/)
    expect(table.preview[0]).toEqual({
      id: 'run-1',
      weights: { web: 0.7, code: 0.3 },
      metrics: rows[0].values,
      standardErrors: { loss: 0.0125 },
    })
  })

  test('give the same rows whatever the pieces they arrive in', async () => {
    const whole = await read('jsonl', { problem, files: { a: GOLDEN }, pieceBytes: 1e6 })
    for (const pieceBytes of [1, 2, 3, 64])
      expect(await read('jsonl', { problem, files: { a: GOLDEN }, pieceBytes })).toEqual(whole)
  })

  test('take mixtures from a table, which then is the only source of them', async () => {
    const lines = ['run-1', 'run-2']
      .map((run) =>
        JSON.stringify({ run, mixture: { web: 1, code: 0 }, metrics: { loss: 2, [ODD]: 1 } }),
      )
      .join('\n')
    const { rows } = await read('jsonl', { problem, files: { a: lines }, mixtures: MIXTURES })
    expect(rows.map(({ weights }) => weights)).toEqual([
      [0.7, 0.3],
      [0.25, 0.75],
    ])
  })

  test('come in chunks of at most 1,000 rows, none on a dry run', async () => {
    const lines = Array.from({ length: 2_500 }, (_, i) =>
      JSON.stringify({
        run: i,
        mixture: { web: i / 2_500, code: 1 - i / 2_500 },
        metrics: { loss: 1, [ODD]: 2 },
      }),
    ).join('\n')
    const given = { problem, files: { a: lines }, pieceBytes: 4_096 }
    expect((await read('jsonl', given)).chunks).toEqual([1_000, 1_000, 500])
    const dry = await read('jsonl', { ...given, dryRun: true })
    expect(dry.chunks).toEqual([])
    expect(dry.table).toMatchObject({ rowCount: 2_500, problemCount: 0 })
    expect((await refusalOf('jsonl', { ...given, maxRows: 2_499 })).code).toBe('too-many-rows')
  })

  const RUN = { run: 'b', mixture: { web: 0.5, code: 0.5 }, metrics: { loss: 2 } }
  test.each<[string, unknown, string, RegExp]>([
    [
      'text in a number',
      { ...RUN, metrics: { loss: '2' } },
      '/metrics/loss',
      /"2" of the metric "loss" in line 2 of "a.jsonl" is not a number/,
    ],
    [
      'a number beyond the doubles',
      '{"run":"b","mixture":{"web":1,"code":0},"metrics":{"loss":1e999}}',
      '/metrics/loss',
      /finite/,
    ],
    ['a metric too large', { ...RUN, metrics: { loss: 1e51 } }, '/metrics/loss', /too large/],
    ['no known metric', { ...RUN, metrics: { los: 1 } }, '', /no value for any metric/],
    [
      'an unknown domain',
      { ...RUN, mixture: { web: 0.5, code: 0.5, cod: 0 } },
      '/mixture/cod',
      /no domain of the study; did you mean "code"/,
    ],
    ['a domain left out', { ...RUN, mixture: { web: 1 } }, '/mixture', /lacks "code"/],
    [
      'a negative weight',
      { ...RUN, mixture: { web: 1.5, code: -0.5 } },
      '/mixture/code',
      /negative/,
    ],
    ['a sum of 0.9', { ...RUN, mixture: { web: 0.5, code: 0.4 } }, '/mixture', /sum to 0.9/],
    [
      'no mixture',
      { ...RUN, mixture: undefined },
      '',
      /has no mixture, and there is no file `mixtures`/,
    ],
    ['no run', { ...RUN, run: undefined }, '', /no "run"/],
    [
      'the id of another',
      { ...RUN, run: 'a' },
      '',
      /occurs twice, in line 1 of "a.jsonl" and in line 2/,
    ],
    ['an id with a line break', { ...RUN, run: 'a\nb' }, '', /control characters/],
    [
      'a negative standard error',
      { ...RUN, standardErrors: { loss: -1 } },
      '/standardErrors/loss',
      /from 0/,
    ],
    ['no tokens', { ...RUN, tokens: 0 }, '/tokens', /above 0/],
    ['an array', '[1]', '', /it is an array/],
    ['what is cut off', '{"run": "b", "mix', '', /ends in the middle/],
  ])('with %s are told the line', async (_name, second, pointer, detail) => {
    const lines = [{ ...RUN, run: 'a' }, second]
      .map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
      .join('\n')
    const { table, rows } = await read('jsonl', {
      problem: problemWith({ loss: 'minimize' }),
      files: { 'a.jsonl': lines },
    })
    expect(table.problemCount).toBe(1)
    expect(table.problems[0].pointer).toBe(`/files/0/lines/2${pointer}`)
    expect(table.problems[0].detail).toMatch(detail)
    expect(rows).toEqual([])
  })

  test('whose metrics have other names are told the nearest, and take a map', async () => {
    const files = { a: JSON.stringify({ ...RUN, metrics: { 'eval/loss': 2 } }) }
    const one = problemWith({ loss: 'minimize' })
    const { table } = await read('jsonl', {
      problem: problemWith({ loss: 'minimize', acc: 'maximize' }),
      files: { a: JSON.stringify({ ...RUN, metrics: { 'eval/loss': 2, acc: 1 } }) },
    })
    expect(details(table)).toEqual([
      'no run has a value for the metric "loss"; the files have "eval/loss" (map it with `metricNames`)',
    ])
    const mapped = await read('jsonl', {
      problem: one,
      files,
      reading: { metricNames: { 'eval/loss': 'loss' } },
    })
    expect(mapped.rows[0].values).toEqual({ loss: 2 })
  })

  test('refuse a map to a metric that is none, and options of other formats', async () => {
    const files = { a: JSON.stringify(RUN) }
    const mapped = await refusalOf('jsonl', {
      problem,
      files,
      reading: { metricNames: { x: 'los' } },
    })
    expect(mapped.code).toBe('validation-failed')
    expect(mapped.errors).toEqual([
      { pointer: '/metricNames/x', detail: 'the study has no metric "los"; did you mean "loss"?' },
    ])
    const other = await refusalOf('jsonl', { problem, files, reading: { tokensPerStep: 1 } })
    expect(other.errors[0].detail).toContain(
      'jsonl has no option "tokensPerStep"; it has "metricNames"',
    )
  })
})

test('two names for one metric in one run are refused', async () => {
  const run = { run: 'a', mixture: { web: 1, code: 0 }, metrics: { a: 1, b: 2 } }
  const { table } = await read('jsonl', {
    problem: problemWith({ loss: 'minimize' }),
    files: { f: JSON.stringify(run) },
    reading: { metricNames: { a: 'loss', b: 'loss' } },
  })
  expect(details(table)[0]).toMatch(/gives the metric "loss" two values: it has "a" and "b"/)
})
