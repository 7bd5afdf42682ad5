import { expect, test } from 'vitest'
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
