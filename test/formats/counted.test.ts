import { expect, test } from 'vitest'
import { counted } from '../../src/formats/counted.js'

test('one of a thing is no plural, none and several are', () => {
  expect([0, 1, 2].map((count) => counted(count, 'run'))).toEqual(['0 runs', '1 run', '2 runs'])
})
