import { expect, test } from 'vitest'
import { counted } from '../../src/formats/counted.js'
import { nameList } from '../../src/formats/name-list.js'

test('one of a thing is no plural, none and several are', () => {
  expect([0, 1, 2].map((count) => counted(count, 'run'))).toEqual(['0 runs', '1 run', '2 runs'])
})

test('of many names the first ten are listed, and the others counted', () => {
  const names = Array.from({ length: 12 }, (_, i) => `n${i}`)
  expect(nameList(names.slice(0, 10))).toBe('n0, n1, n2, n3, n4, n5, n6, n7, n8, n9')
  expect(nameList(names)).toBe('n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 2 more')
})
