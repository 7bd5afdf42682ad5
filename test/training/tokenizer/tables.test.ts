import { expect, test } from 'vitest'
import { createRng } from '../../../src/optimizers/random.js'
import { PairTable } from '../../../src/training/tokenizer/pair-table.js'
import { WordTable } from '../../../src/training/tokenizer/word-table.js'

test('words are numbered as a map numbers them, also beyond the first size of the table', () => {
  const rng = createRng(1, 'words')
  const table = new WordTable()
  const numbers = new Map<string, number>()
  const [expected, actual]: number[][] = [[], []]
  for (let i = 0; i < 20_000; i++) {
    const word = Array.from({ length: rng.integer(6) + 1 }, () => rng.integer(5))
    const number = numbers.get(String(word)) ?? numbers.size
    numbers.set(String(word), number)
    expected.push(number)
    actual.push(table.intern(Uint8Array.from([9, ...word, 9]), 1, 1 + word.length))
  }
  expect(actual).toEqual(expected)
  expect(table.size).toBe(numbers.size)
  const words = [...numbers.keys()]
  expect(words.map((_, i) => String(table.bytesOf(i)))).toEqual(words)
  expect(table.byteLength).toBe(words.reduce((sum, word) => sum + word.split(',').length, 0))
  table.clear()
  expect([table.size, table.byteLength]).toEqual([0, 0])
  expect(table.intern(Uint8Array.of(1), 0, 1)).toBe(0)
})

test('words whose hashes are equal are told apart', () => {
  // Known to collide in 32-bit FNV-1a, of different and of equal length.
  const words = ['costarring', 'liquid', 'declinate', 'macallums']
  const table = new WordTable()
  const numbers = () => words.map((word) => table.intern(Buffer.from(word), 0, word.length))
  expect(numbers()).toEqual([0, 1, 2, 3])
  expect(numbers()).toEqual([0, 1, 2, 3])
})

test('pairs are numbered as a map numbers them, and order matters in a pair', () => {
  const rng = createRng(2, 'pairs')
  const table = new PairTable()
  const numbers = new Map<string, number>()
  const [expected, actual]: number[][] = [[], []]
  for (let i = 0; i < 20_000; i++) {
    const [left, right] = [rng.integer(90), rng.integer(90)]
    const known = numbers.get(`${left} ${right}`)
    numbers.set(`${left} ${right}`, known ?? numbers.size)
    expected.push(known ?? -1, known ?? numbers.size - 1)
    actual.push(table.find(left, right), table.intern(left, right))
  }
  expect(actual).toEqual(expected)
  const pairs = [...numbers.keys()]
  expect(pairs.map((_, i) => `${table.left(i)} ${table.right(i)}`)).toEqual(pairs)
})
