import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parseHoldouts } from '../../../src/cli/fit/holdouts.js'

const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-holdouts-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a hold-out is named by the stem of its mixtures file', () => {
  expect(parseHoldouts(['a/test_mixture_1m.csv:b/losses.csv'])).toEqual([
    { name: 'test_mixture_1m', mixtures: 'a/test_mixture_1m.csv', metrics: 'b/losses.csv' },
  ])
})

test('colons in paths are told from the one between the files', () => {
  const [mixtures, metrics] = ['12:30.csv', '12:31.csv'].map((name) => path.join(folder, name))
  for (const file of [mixtures, metrics]) writeFileSync(file, '')
  expect(parseHoldouts([`${mixtures}:${metrics}`])).toEqual([{ name: '12:30', mixtures, metrics }])
})

test.each(['one.csv', ':b.csv', 'a.csv:', ''])('"%s" is refused', (text) => {
  expect(() => parseHoldouts([text])).toThrow(/does not name two files/)
})

test('a text with several colons of which none stands between two files is refused as a whole', () => {
  expect(() => parseHoldouts(['C:\\m.csv:C:\\l.csv'])).toThrow(/"C:\\m.csv:C:\\l.csv" .* exist/)
})

test('two hold-outs of one name are refused', () => {
  expect(() => parseHoldouts(['x/test.csv:m.csv', 'y/test.csv:m.csv'])).toThrow(/"test"/)
})
