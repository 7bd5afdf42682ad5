import { expect, test } from 'vitest'
import { findNonFinite, requireFinite } from '../../../src/workers/threads/finite.js'

test.each([
  [{ a: [1, { 'b/c': Number.NaN }] }, '/a/1/b~1c'],
  [[0, Number.NEGATIVE_INFINITY], '/1'],
  [Number.POSITIVE_INFINITY, ''],
])('%j has a number that JSON cannot express', (value, pointer) => {
  expect(findNonFinite(value)).toBe(pointer)
  expect(() => requireFinite(value)).toThrow(expect.objectContaining({ code: 'out-of-range' }))
})

test('what JSON can express passes as it is', () => {
  const value = { a: [null, 'NaN', true, -0, 1e308], b: undefined }
  expect(requireFinite(value)).toBe(value)
})
