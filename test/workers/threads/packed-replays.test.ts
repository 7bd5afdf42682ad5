import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Replay } from '../../../src/optimizers/backtest/index.js'
import { packReplay, unpackReplay } from '../../../src/workers/threads/packed-replays.js'

const row = fc.nat({ max: 2 ** 31 - 2 })
const replays: fc.Arbitrary<Replay> = fc.record({
  label: fc.string(),
  seed: fc.integer(),
  first: fc.option(row),
  steps: fc.array(
    fc.record({
      fidelity: fc.constantFrom('1M', '60M', '1B', ''),
      row,
      cost: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
      pick: fc.option(row),
    }),
  ),
  end: fc.constantFrom('budget', 'runs', 'nothing-left', 'stopped'),
})

test('a replay comes out of its arrays as it went in', () => {
  fc.assert(
    fc.property(replays, (replay) => {
      expect(unpackReplay(structuredClone(packReplay(replay)))).toEqual(replay)
    }),
  )
})
