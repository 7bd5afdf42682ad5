import { expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import { picked, recommended, suggested } from './asking.js'
import { bowl, drawnMixtures, problemOf, runTable, SMALL_AND_LARGE } from './support.js'

test('200 domains are answered', () => {
  const many = drawnMixtures(40, 200, 5)
  const given = {
    compiled: problemOf(200),
    completed: [
      runTable(
        'large',
        many,
        many.map((row) => 2 + row[0] - row[1]),
      ),
    ],
    overrides: { starts: 1 },
  }
  expect(suggested(given)).toHaveLength(3)
  expect(picked(given)).toBeTypeOf('number')
  expect(recommended(given).weights).toHaveLength(200)
})

test('5,000 observations are answered within a minute of computing, from a part of them, which is said', {
  timeout: 240_000,
}, () => {
  const smooth = bowl([0.5, 0.3, 0.2])
  const all = drawnMixtures(5000, 3, 6)
  const noise = createRng(6, 'noise')
  const losses = all.map((row) => smooth(row) + 0.02 * noise.normal())
  const given = {
    compiled: problemOf(3, SMALL_AND_LARGE),
    completed: [
      runTable(
        'small',
        all.slice(0, 4000),
        losses.slice(0, 4000).map((value) => value + 1),
      ),
      runTable('large', all.slice(4000), losses.slice(4000)),
    ],
  }
  const begin = process.cpuUsage()
  expect(suggested(given, 1)).toHaveLength(1)
  const { warnings, weights } = recommended(given)
  // Of this process, so that it does not matter what else the machine does.
  const { user, system } = process.cpuUsage(begin)
  expect((user + system) / 1e6).toBeLessThan(60)
  expect(warnings).toContain('runs-left-out')
  expect(smooth(weights) - 2).toBeLessThan(0.01)
})
