import { expect, test } from 'vitest'
import { locationOf } from '../../src/store/postgresql.js'

test.each([
  ['postgresql://mix:secret@db.local:6432/wright', 'postgresql://mix@db.local:6432/wright'],
  ['postgresql://mix@db.local/wright?password=secret', 'postgresql://mix@db.local:5432/wright'],
  ['postgres://mix:secret@[::1]/wright', 'postgresql://mix@[::1]:5432/wright'],
  ['postgresql://mix:secret@/wright?host=/run', 'postgresql://mix@/wright?host=/run'],
])('where the data are is shown without the password: %s', (url, shown) => {
  expect(locationOf(url)).toBe(shown)
})
