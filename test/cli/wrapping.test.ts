import fc from 'fast-check'
import { expect, test } from 'vitest'
import { widthOf, wrapped } from '../../src/cli/terminal/wrapping.js'

const words = fc.array(fc.stringMatching(/^\S{1,12}$/), { minLength: 1, maxLength: 40 })

test('wrapping keeps the words, fits the width, and fills each line', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 20, max: 60 }), fc.nat(6), (text, width, indent) => {
      const space = ' '.repeat(indent)
      const lines = wrapped(text.join('  '), width, space).split('\n')
      expect(lines.join(' ').trim().split(/ +/)).toEqual(text)
      lines.forEach((line, i) => {
        expect(line.length).toBeLessThanOrEqual(width)
        expect(line.startsWith(space)).toBe(true)
        const next = lines[i + 1]?.trim().split(' ')[0]
        if (next) expect(line.length + 1 + next.length).toBeGreaterThan(width)
      })
    }),
  )
})

test('a word that is too long has a line to itself', () => {
  expect(wrapped('see https://example.org/a/long/address for more', 12)).toBe(
    'see\nhttps://example.org/a/long/address\nfor more',
  )
})

test('what is no terminal has 80 columns', () => {
  expect([widthOf({}), widthOf({ columns: 0 }), widthOf({ columns: 132 })]).toEqual([80, 80, 132])
})
