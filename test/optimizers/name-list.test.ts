import { expect, test } from 'vitest'
import { nameList } from '../../src/optimizers/name-list.js'

test('of many names the first ten are listed, and the others counted', () => {
  const names = Array.from({ length: 12 }, (_, i) => `n${i}`)
  expect(nameList(names.slice(0, 10))).toBe('n0, n1, n2, n3, n4, n5, n6, n7, n8, n9')
  expect(nameList(names)).toBe('n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 2 more')
})
