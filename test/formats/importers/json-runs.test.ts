import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../../src/errors.js'
import { GOOD_METRICS, GOOD_MIXTURES, parseCsv, parseJson, problemOf, WEB_CODE } from './tables.js'

const RUN = { id: 'a', weights: { web: 0.7, code: 0.3 }, metrics: { loss: 2.5, acc: 0.4 } }

function refusal(body: unknown, options?: Parameters<typeof parseJson>[1]): MixwrightError {
  try {
    parseJson(body, options)
  } catch (error) {
    if (error instanceof MixwrightError) return error
    throw error
  }
  throw new Error('the body was taken')
}

describe('runs as JSON', () => {
  test('give the rows that the same CSV gives', () => {
    const fromCsv = parseCsv(GOOD_MIXTURES, GOOD_METRICS)
    const runs = fromCsv.table.preview
    expect(parseJson({ runs }).rows).toEqual(fromCsv.rows)
    expect(parseJson({ format: 'json', role: 'train', dryRun: true, runs }).table).toMatchObject({
      options: { role: 'train', holdout: '', dryRun: true, fidelity: 'table' },
      preview: runs,
    })
  })

  test('may be CSV texts in a JSON body', () => {
    const body = { format: 'csv', mixtures: GOOD_MIXTURES, metrics: GOOD_METRICS }
    expect(parseJson(body).rows).toEqual(parseCsv(GOOD_MIXTURES, GOOD_METRICS).rows)
  })

  test('take whole numbers as ids, keep tokens, and count null metrics as missing', () => {
    const run = { ...RUN, id: 7, tokens: 1e9, metrics: { loss: 2.5, acc: null } }
    const { table, rows } = parseJson({ runs: [run, RUN] })
    expect(rows[0]).toEqual({ runId: '7', weights: [0.7, 0.3], values: { loss: 2.5 }, tokens: 1e9 })
    expect(table.warnings.map(({ code }) => code)).toEqual(['missing-values', 'replicates'])
  })

  test('keep the standard errors of the metrics that they have', () => {
    const errors = { loss: 0.125, acc: 0 }
    const runs = [
      { ...RUN, standardErrors: errors },
      { ...RUN, id: 'b', metrics: { loss: 1, acc: null }, standardErrors: errors },
    ]
    const { table, rows } = parseJson({ runs })
    expect(rows.map(({ standardErrors }) => standardErrors)).toEqual([errors, { loss: 0.125 }])
    expect(table.preview[0].standardErrors).toEqual(errors)
  })

  test.each([
    ['text in a number', { weights: { web: '0.7', code: 0.3 } }, '/runs/1/weights/web'],
    ['a negative weight', { weights: { web: 1.3, code: -0.3 } }, '/runs/1/weights/code'],
    ['a sum of 0.9', { weights: { web: 0.6, code: 0.3 } }, '/runs/1/weights'],
    ['a domain left out', { weights: { web: 1 } }, '/runs/1/weights'],
    ['an unknown domain', { weights: { web: 0.7, code: 0.3, coed: 0 } }, '/runs/1/weights/coed'],
    ['an unknown metric', { metrics: { loss: 1, 'a/c': 1 } }, '/runs/1/metrics/a~1c'],
    ['no metric', { metrics: { loss: null } }, '/runs/1/metrics'],
    ['the same id again', { id: 'a' }, '/runs/1/id'],
    ['a fraction as id', { id: 1.5 }, '/runs/1/id'],
    ['an unknown field', { weight: 1 }, '/runs/1/weight'],
    ['a metric too large to calculate with', { metrics: { loss: 1e51 } }, '/runs/1/metrics/loss'],
    ['no tokens', { tokens: 0 }, '/runs/1/tokens'],
    ['a negative error', { standardErrors: { loss: -1 } }, '/runs/1/standardErrors/loss'],
    ['an error of no metric', { standardErrors: { f1: 1 } }, '/runs/1/standardErrors/f1'],
    ['half a surrogate pair', { id: '\ud800' }, '/runs/1/id'],
  ])('with %s are refused with a pointer into the body', (_, change, pointer) => {
    const { table, rows } = parseJson({ runs: [RUN, { ...RUN, id: 'b', ...change }] })
    expect(table.problems.map((problem) => problem.pointer)).toContain(pointer)
    expect(rows).toEqual([])
  })

  test('refuse a number beyond the doubles', () => {
    const body = JSON.stringify({ runs: [RUN] }).replace('2.5', '1e999')
    expect(parseJson(body).table.problems).toEqual([
      {
        pointer: '/runs/0/metrics/loss',
        detail: 'Must be a number; got a number that is too large.',
      },
    ])
  })

  test.each([
    ['metrics', { metrics: { loss: '2.5' } }, 'Must be a number or null; got the text "2.5".'],
    ['id', { id: 1.5 }, 'Must be a text or a whole number; got 1.5.'],
    ['id', { id: '' }, 'Must have at least 1 character; got 0.'],
    ['weights', { weights: { web: '0.7' } }, /got the text "0.7". Send 0.7 without quotes/],
    ['weight', { weight: 1 }, /not known; did you mean "weights"/],
    ['tokens', { tokens: 'many' }, 'Must be a number; got the text "many".'],
  ])('say once of a wrong %s what it is and what would be right', (_, change, says) => {
    const { table } = parseJson({ runs: [{ ...RUN, ...change }] })
    expect(table.problemCount).toBe(1)
    if (says instanceof RegExp) expect(table.problems[0].detail).toMatch(says)
    else expect(table.problems[0].detail).toBe(says)
  })

  test('are limited in number', () => {
    const error = refusal({ runs: [RUN, RUN, RUN] }, { maxRows: 2 })
    expect(error.code).toBe('too-many-rows')
  })

  test('report every wrong run, not the first few', () => {
    const runs = Array.from({ length: 40 }, (_, i) => ({ ...RUN, id: i, tokens: 'many' }))
    expect(parseJson({ runs }).table.problemCount).toBe(40)
  })
})

describe('the envelope', () => {
  test.each([
    ['what is not JSON', '{', 'malformed-request', undefined],
    ['an array', [], 'validation-failed', ''],
    ['an unknown field', { runs: [RUN], extra: 1 }, 'validation-failed', '/extra'],
    ['no runs', { runs: [] }, 'validation-failed', '/runs'],
    ['another format', { format: 'xml', runs: [RUN] }, 'validation-failed', '/format'],
    ['text for a boolean', { dryRun: 'true', runs: [RUN] }, 'validation-failed', '/dryRun'],
    ['another role', { role: 'test', runs: [RUN] }, 'validation-failed', '/role'],
    ['a hold-out without a name', { role: 'holdout', runs: [RUN] }, 'validation-failed', '/name'],
    ['a name for training runs', { name: 'x', runs: [RUN] }, 'validation-failed', '/name'],
    ['an unknown fidelity', { fidelity: '1B', runs: [RUN] }, 'validation-failed', '/fidelity'],
    ['CSV without metrics', { format: 'csv', mixtures: '' }, 'validation-failed', '/metrics'],
    [
      'a name with a NUL',
      { role: 'holdout', name: 'a\0b', runs: [RUN] },
      'validation-failed',
      '/name',
    ],
    [
      'a name with half of a surrogate pair',
      { role: 'holdout', name: '\ud800', runs: [RUN] },
      'validation-failed',
      '/name',
    ],
  ])('refuses %s', (_, body, code, pointer) => {
    const error = refusal(body)
    expect(error.code).toBe(code)
    if (pointer !== undefined) {
      expect(error.errors.map((problem) => problem.pointer)).toContain(pointer)
    }
  })

  test('names the hold-out and the fidelity', () => {
    const problem = problemOf(['web', 'code'], ['loss', 'acc'], ['1M', '1B'])
    const body = { role: 'holdout', name: 'test', fidelity: '1B', runs: [RUN] }
    expect(parseJson(body, { problem }).table).toMatchObject({
      fidelity: '1B',
      options: { role: 'holdout', holdout: 'test', fidelity: '1B', dryRun: false },
    })
    expect(refusal({ runs: [RUN] }, { problem }).errors[0].pointer).toBe('/fidelity')
  })

  test('takes CSV options from the form under the same rules', () => {
    const options = { role: 'holdout' as const, holdout: '', dryRun: false }
    expect(() => parseCsv(GOOD_MIXTURES, GOOD_METRICS, { problem: WEB_CODE, options })).toThrow(
      /needs a name/,
    )
  })
})
