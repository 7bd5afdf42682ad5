import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { bar } from '../../src/cli/terminal/bars.js'
import { coloursFor } from '../../src/cli/terminal/colours.js'
import { shareText } from '../../src/cli/terminal/numbers.js'
import { table } from '../../src/cli/terminal/tables.js'

describe('bars', () => {
  test.each([
    [0, ''],
    [1, '████'],
    [0.5, '██'],
    [0.125, '▌'],
    [9, '████'],
    [-1, ''],
  ])('of %d', (share, expected) => {
    expect(bar(share, 4)).toBe(expected)
  })
})

describe('shares', () => {
  test.each([
    [0, '·'],
    [0.0001, '<.001'],
    [0.0005, '0.001'],
    [0.25, '0.250'],
    [1, '1.000'],
  ])('%d shows as %s', (share, expected) => {
    expect(shareText(share)).toBe(expected)
  })
})

describe('tables', () => {
  test('have columns as wide as what they hold, and no frame', () => {
    const columns = [{ title: 'name' }, { title: 'n', align: 'right' as const }]
    const rows = [
      ['long name', '1'],
      ['x', '1000'],
    ]
    expect(table(columns, rows, coloursFor(new PassThrough()))).toBe(
      ['  name          n', '  long name     1', '  x          1000'].join('\n'),
    )
  })
})

describe('colours', () => {
  afterEach(() => vi.unstubAllEnvs())
  const terminal = Object.assign(new PassThrough(), { isTTY: true as const })

  test('are for terminals', () => {
    vi.stubEnv('NO_COLOR', '')
    expect(coloursFor(terminal).bold('x')).not.toBe('x')
    expect(coloursFor(new PassThrough()).bold('x')).toBe('x')
  })

  test('stay away with NO_COLOR', () => {
    vi.stubEnv('NO_COLOR', '1')
    expect(coloursFor(terminal).bold('x')).toBe('x')
  })
})
