import { expect, test } from 'vitest'
import { RecentlyUsed } from '../src/recently-used.js'

test('RecentlyUsed makes a value once while it is kept, and drops the one used longest ago', () => {
  const made: string[] = []
  const cache = new RecentlyUsed<string | undefined>(2)
  const get = (key: string) =>
    cache.get(key, () => {
      made.push(key)
      return key === 'nothing' ? undefined : key.toUpperCase()
    })
  expect(['a', 'b', 'a', 'c', 'a', 'b'].map(get)).toEqual(['A', 'B', 'A', 'C', 'A', 'B'])
  expect(made).toEqual(['a', 'b', 'c', 'b'])
  get('nothing')
  get('nothing')
  expect(made.filter((key) => key === 'nothing')).toHaveLength(1)
})
