import { describe, expect, test } from 'vitest'
import { ERRORS, MixwrightError } from '../../../src/errors.js'
import { parseTable } from '../../../src/formats/importers/index.js'
import { bytes, GOOD_METRICS, GOOD_MIXTURES, parseCsv, problemOf, WEB_CODE } from './tables.js'

const problemsOf = (...args: Parameters<typeof parseCsv>) => parseCsv(...args).table.problems

describe('a good pair of files', () => {
  const expected = [
    { runId: 'a', weights: [0.7, 0.3], values: { loss: 2.5, acc: 0.4 } },
    { runId: 'b', weights: [0.2, 0.8], values: { loss: 2.25, acc: 0.5 } },
    { runId: 'c', weights: [1, 0], values: { loss: 3, acc: 0.1 } },
  ]

  test('gives one row a run, with weights in the order of the domains', () => {
    const { table, rows } = parseCsv(GOOD_MIXTURES, GOOD_METRICS)
    expect(rows).toEqual(expected)
    expect(table).toMatchObject({
      rowCount: 3,
      problemCount: 0,
      problems: [],
      warnings: [],
      fidelity: 'table',
    })
    expect(table.preview[0]).toEqual({
      id: 'a',
      weights: { web: 0.7, code: 0.3 },
      metrics: { loss: 2.5, acc: 0.4 },
    })
  })

  test.each([
    ['a byte order mark', (text: string) => `\uFEFF${text}`],
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['no newline at the end', (text: string) => text.trimEnd()],
    ['quoted cells', (text: string) => text.replace(/[^,\n]+/g, '"$&"')],
    ['blank lines', (text: string) => `${text}\n\n`],
    ['spaces around cells', (text: string) => text.replace(/[^,\n]+/g, ' $& ')],
  ])('may be written with %s', (_, rewrite) => {
    expect(parseCsv(rewrite(GOOD_MIXTURES), rewrite(GOOD_METRICS)).rows).toEqual(expected)
  })

  test('joins rows by run id, whatever their order and that of the columns', () => {
    const mixtures = 'code,run,web\n0,c,1\n0.3,a,0.7\n0.8,b,0.2\n'
    const { rows } = parseCsv(mixtures, GOOD_METRICS)
    expect(rows).toEqual([expected[2], expected[0], expected[1]])
  })

  test('has a hash of its bytes that keeps the files apart', () => {
    const hash = (...files: [string, string]) => parseCsv(...files).table.contentHash
    expect(hash(GOOD_MIXTURES, GOOD_METRICS)).toMatch(/^[0-9a-f]{64}$/)
    expect(hash(GOOD_MIXTURES, GOOD_METRICS)).toBe(hash(GOOD_MIXTURES, GOOD_METRICS))
    expect(hash('ab', 'c')).not.toBe(hash('a', 'bc'))
  })
})

describe('column names', () => {
  test('may carry the prefixes train_ and metric/', () => {
    const { rows } = parseCsv(
      'index,train_web,train_code\n1,0.7,0.3\n',
      'index,metric/loss,metric/acc\n1,2.5,0.4\n',
    )
    expect(rows).toEqual([{ runId: '1', weights: [0.7, 0.3], values: { loss: 2.5, acc: 0.4 } }])
  })

  test('match exactly before they match without a prefix', () => {
    const problem = problemOf(['train_x', 'x'], ['metric/loss'])
    const mixtures = 'run,x,train_x,\n1,0.1,0.9,0\n'
    const { rows } = parseCsv(mixtures, 'run,metric/loss\n1,2\n', { problem })
    expect(rows).toEqual([{ runId: '1', weights: [0.9, 0.1], values: { 'metric/loss': 2 } }])
  })

  test.each([
    ['run', 'run,run_id,index'],
    ['run_id', 'index,run_id,name'],
    ['index', 'index,name'],
  ])('use the key %s when the header has %s', (key, header) => {
    const row = (value: string) => header.split(',').map((name) => (name === key ? value : 'same'))
    const mixtures = `${header},web,code\n${row('a')},0.5,0.5\n${row('b')},0.4,0.6\n`
    const metrics = `${header},loss,acc\n${row('b')},1,0\n${row('a')},2,0\n`
    const { table, rows } = parseCsv(mixtures, metrics)
    expect(table.problems).toEqual([])
    expect(rows.map(({ runId, values }) => [runId, values.loss])).toEqual([
      ['a', 2],
      ['b', 1],
    ])
    expect(table.warnings.map(({ code }) => code)).toEqual(['columns-ignored', 'columns-ignored'])
  })

  test('that the problem does not name are ignored in the metrics file, with a warning', () => {
    const { table, rows } = parseCsv(
      GOOD_MIXTURES,
      'run,loss,acc,wall_time,note\na,2.5,0.4,1,x\nb,2.25,0.5,1,x\nc,3,0.1,1,\n',
    )
    expect(rows).toHaveLength(3)
    expect(table.warnings).toEqual([
      { code: 'columns-ignored', message: expect.stringContaining('"wall_time", "note"') },
    ])
  })

  test('that the problem does not name are refused in the mixtures file, with the nearest name', () => {
    const problems = problemsOf('run,web,code,coed\na,0.7,0.3,0\n', 'run,loss,acc\na,1,1\n')
    expect(problems).toEqual([
      { pointer: '/columns/coed', detail: expect.stringMatching(/"coed".*did you mean "code"\?/) },
    ])
  })

  test.each([
    ['domain', 'run,web\na,1\n', GOOD_METRICS, '/columns/code', /mixtures file.*domain "code"/],
    ['metric', GOOD_MIXTURES, 'run,loss\na,1\nb,1\nc,1\n', '/columns/acc', /metrics file.*"acc"/],
  ])('that lack a %s of the problem are refused', (_, mixtures, metrics, pointer, detail) => {
    expect(problemsOf(mixtures, metrics)).toContainEqual({
      pointer,
      detail: expect.stringMatching(detail),
    })
  })

  test('that name one domain twice are refused', () => {
    expect(problemsOf('run,web,train_web,code\na,0.5,0.5,0\n', 'run,loss,acc\na,1,1\n')).toEqual([
      { pointer: '/columns/train_web', detail: expect.stringContaining('"web" and "train_web"') },
    ])
    expect(problemsOf('run,web,code,run\na,0.5,0.5,a\n', 'run,loss,acc\na,1,1\n')).toEqual([
      { pointer: '/columns/run', detail: expect.stringContaining('two columns') },
    ])
  })

  test('are escaped in pointers', () => {
    const problem = problemOf(['a/b~c', 'd'], ['m'])
    const problems = problemsOf('run,a/b~c,d\n1,x,1\n', 'run,m\n1,1\n', { problem })
    expect(problems.map(({ pointer }) => pointer)).toEqual(['/rows/1/a~1b~0c'])
  })
})

describe('cells that cannot be used', () => {
  const withWeight = (cell: string) => `run,web,code\na,0.7,0.3\nb,${cell},0.8\nc,1,0\n`
  test.each([
    ['text', 'much', 'is not a number'],
    ['a hexadecimal number', '0x1', 'is not a number'],
    ['a decimal comma', '"0,2"', 'is not a number'],
    ['NaN', 'NaN', 'is not a finite number'],
    ['infinity', '-inf', 'is not a finite number'],
    ['more than a double holds', '1e999', 'is too large'],
    ['nothing', '', 'is empty'],
    ['a negative weight', '-0.2', 'is negative'],
  ])('%s as a weight names cell, row and column', (_, cell, reason) => {
    const { table, rows } = parseCsv(withWeight(cell), GOOD_METRICS)
    expect(table.problems).toEqual([{ pointer: '/rows/2/web', detail: expect.any(String) }])
    expect(table.problems[0].detail).toBe(
      `"${cell.replaceAll('"', '')}" in row 2, column "web" of the mixtures file ${reason}`,
    )
    expect(rows).toEqual([])
  })

  test.each(['oops', 'NaN', 'Infinity', '1e51', '-1e51'])(
    '%s as a metric names cell, row and column',
    (cell) => {
      const problems = problemsOf(GOOD_MIXTURES, `run,loss,acc\nc,3,0.1\nb,2,${cell}\na,2,0.4\n`)
      expect(problems).toEqual([
        {
          pointer: '/rows/2/acc',
          detail: expect.stringContaining(`"${cell}" in row 2, column "acc"`),
        },
      ])
    },
  )

  test('ids of which none can be used are reported, and not that nothing joins, too', () => {
    const problems = problemsOf('run,web,code\na\0,1,0\n', 'run,loss,acc\na\0,1,1\n')
    expect(problems.map(({ pointer }) => pointer)).toEqual(['/rows/1/run', '/rows/1/run'])
  })

  test.each([0.9, 0.9949, 1.0051, 1.1])('weights that sum to %d are refused', (sum) => {
    const problems = problemsOf(withWeight(String(sum - 0.8)), GOOD_METRICS)
    expect(problems).toEqual([
      { pointer: '/rows/2', detail: expect.stringContaining(`run "b" sum to ${sum};`) },
    ])
  })

  test.each([0.995, 0.996, 1.004, 1.005])(
    'weights that sum to %d are kept raw and counted',
    (sum) => {
      const { table, rows } = parseCsv(withWeight((sum - 0.8).toFixed(4)), GOOD_METRICS)
      expect(table.problems).toEqual([])
      expect(rows[1].weights).toEqual([Number((sum - 0.8).toFixed(4)), 0.8])
      expect(table.warnings).toEqual([
        {
          code: 'weights-renormalised',
          message: expect.stringContaining(`1 of 3 rows sum to between ${sum} and ${sum}`),
          rows: 1,
        },
      ])
    },
  )

  test('all of them are reported at once: the first hundred in full, the rest counted', () => {
    const ids = Array.from({ length: 150 }, (_, i) => `r${i}`)
    const mixtures = `run,web,code\n${ids.map((id) => `${id},x,y`).join('\n')}\n`
    const metrics = `run,loss,acc\n${ids.map((id) => `${id},1,1`).join('\n')}\n`
    const { table } = parseCsv(mixtures, metrics)
    expect(table.problems).toHaveLength(100)
    expect(table.problemCount).toBe(300)
  })
})

describe('metrics that are missing', () => {
  test('are counted when a run has another', () => {
    const { table, rows } = parseCsv(GOOD_MIXTURES, 'run,loss,acc\na,2.5,\nb,,0.5\nc,3,0.1\n')
    expect(rows.map(({ values }) => values)).toEqual([
      { loss: 2.5 },
      { acc: 0.5 },
      { loss: 3, acc: 0.1 },
    ])
    expect(table.warnings).toMatchObject([{ code: 'missing-values', rows: 2 }])
  })

  test('are refused when a run has none at all', () => {
    expect(problemsOf(GOOD_MIXTURES, 'run,loss,acc\na,2.5,0\nb,,\nc,3,0.1\n')).toEqual([
      { pointer: '/rows/2', detail: expect.stringContaining('no value for any metric') },
    ])
  })

  test('are refused when no run has the metric', () => {
    expect(problemsOf(GOOD_MIXTURES, 'run,loss,acc\na,2.5,\nb,1,\nc,3,\n')).toEqual([
      { pointer: '', detail: 'no run has a value for the metric "acc"' },
    ])
  })
})

describe('rows that do not belong together', () => {
  test('are named when they are in one file only', () => {
    const problems = problemsOf(GOOD_MIXTURES, 'run,loss,acc\na,1,1\nb,1,1\nd,1,1\n')
    expect(problems).toEqual([
      {
        pointer: '/rows/3/run',
        detail: 'the run "c" (row 3 of the mixtures file) is not in the metrics file',
      },
      {
        pointer: '/rows/3/run',
        detail: 'the run "d" (row 3 of the metrics file) is not in the mixtures file',
      },
    ])
  })

  test('are explained once when nothing joins', () => {
    const problems = problemsOf(GOOD_MIXTURES, 'run,loss,acc\n1,1,1\n2,1,1\n')
    expect(problems).toEqual([
      { pointer: '/columns/run', detail: expect.stringMatching(/"a", "b", "c".*"1", "2"/) },
    ])
  })

  test('are refused when there is no key to join by', () => {
    const problems = problemsOf('run,web,code\na,1,0\n', 'index,loss,acc\n1,1,1\n')
    expect(problems).toEqual([
      { pointer: '/columns', detail: expect.stringContaining('"run" or "run_id" or "index"') },
    ])
    expect(problemsOf('run;web;code\na;1;0\n', GOOD_METRICS)[0].detail).toContain('not by ";"')
  })

  test('are refused when a run id occurs twice', () => {
    const problems = problemsOf(`${GOOD_MIXTURES}a,0.5,0.5\n`, GOOD_METRICS)
    expect(problems).toEqual([
      { pointer: '/rows/4/run', detail: expect.stringMatching(/"a" occurs twice.*rows 1 and 4/) },
    ])
  })

  test('are replicates when the same mixture has another run id', () => {
    const { table, rows } = parseCsv(`${GOOD_MIXTURES}d,0.7,0.3\n`, `${GOOD_METRICS}d,2.6,0.4\n`)
    expect(rows).toHaveLength(4)
    expect(table.warnings).toMatchObject([{ code: 'replicates', rows: 1 }])
  })
})

describe('files that cannot be read', () => {
  test.each([
    ['an empty file', '', /has no rows/],
    ['a header alone', 'run,web,code\n', /has no rows/],
    ['a quote that is not closed', 'run,web,code\n"a,1,0\n', /not valid CSV/],
    ['a short row', 'run,web,code\na,1\n', /2 cells and the header has 3/],
    ['an empty run id', 'run,web,code\n,1,0\n', /the run id is empty/],
    ['a control character in a run id', 'run,web,code\na\u0000,1,0\n', /control characters/],
  ])('%s is a problem that says so', (_, mixtures, detail) => {
    expect(problemsOf(mixtures, GOOD_METRICS)[0].detail).toMatch(detail)
  })

  test('too many rows are refused before they are looked at', () => {
    expect.assertions(2)
    try {
      parseCsv(GOOD_MIXTURES, GOOD_METRICS, { maxRows: 2 })
    } catch (error) {
      expect(error).toBeInstanceOf(MixwrightError)
      expect(ERRORS[(error as MixwrightError).code].status).toBe(413)
    }
    parseCsv(GOOD_MIXTURES, GOOD_METRICS, { maxRows: 3 })
  })

  test('bytes that are not UTF-8 are refused', () => {
    const upload = {
      format: 'csv' as const,
      mixtures: Uint8Array.of(0xff, 0xfe, 0x72, 0x00),
      metrics: bytes(GOOD_METRICS),
    }
    const options = { role: 'train' as const, holdout: '', dryRun: false }
    expect(() => parseTable({ problem: WEB_CODE, upload, options, maxRows: 9 })).toThrow(/UTF-8/)
  })
})
