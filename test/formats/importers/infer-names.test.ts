import { expect, test } from 'vitest'
import type { MixwrightError } from '../../../src/errors.js'
import { inferNames } from '../../../src/formats/importers/index.js'
import { bytes } from './tables.js'

const infer = (mixtures: string, metrics: string) => inferNames(bytes(mixtures), bytes(metrics))

test('names are the columns that do not describe the run, without their prefixes', () => {
  expect(
    infer('run,name,index,train_web,code\n', '\uFEFFrun,name,metric/loss,"a, b"\r\nx,1,2,3'),
  ).toEqual({ domains: ['web', 'code'], metrics: ['loss', 'a, b'] })
})

test('a prefix stays when the shorter name is taken', () => {
  expect(infer('run,x,train_x', 'run,metric/').domains).toEqual(['x', 'train_x'])
  expect(infer('run,x,train_x', 'run,metric/').metrics).toEqual(['metric/'])
})

test('a header that is not CSV is refused', () => {
  expect(() => infer('run,"web\n', 'run,loss\n')).toThrow(/not valid CSV/)
})

test.each([
  ['an empty file', '', 'run,loss\n', '/mixtures', /the mixtures file is empty/],
  ['no domain', 'run\n1\n', 'run,loss\n', '/mixtures', /no column for a domain.*"run"/],
  ['no metric', 'run,web\n1,1\n', 'run,name\n', '/metrics', /no column for a metric.*"name"/],
  ['a column twice', 'run,web,code,web\n', 'run,loss\n', '/columns/web', /two columns .* "web"/],
])('%s is refused in terms of the file', (_, mixtures, metrics, pointer, says) => {
  try {
    infer(mixtures, metrics)
  } catch (error) {
    expect(error).toMatchObject({ code: 'rows-invalid', errors: [{ pointer }] })
    expect((error as MixwrightError).errors[0].detail).toMatch(says)
    return
  }
  throw new Error('the files were taken')
})
