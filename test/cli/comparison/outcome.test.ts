import { describe, expect, test } from 'vitest'
import type { Trial } from '../../../src/cli/client/index.js'
import { comparisonOutcome, comparisonText } from '../../../src/cli/comparison/outcome.js'
import { outcomeText } from '../../../src/cli/comparison/text.js'
import { coloursFor } from '../../../src/cli/terminal/colours.js'
import { completeProblem } from '../../../src/studies/index.js'

const PROBLEM = completeProblem({
  domains: [{ name: 'docs' }, { name: 'learned' }],
  metrics: [{ name: 'loss/docs' }, { name: 'loss/learned' }],
})
const outcomeOf = (own: Trial[]) => comparisonOutcome(PROBLEM, own)

const WEIGHTS = { docs: 0.5, learned: 0.5 }

function trials(losses: Record<string, number[]>): Trial[] {
  return Object.entries(losses).flatMap(([label, own]) =>
    own.map(
      (loss, i) =>
        ({
          id: `${label}-${i}`,
          label,
          weights: WEIGHTS,
          measurement: { values: { 'loss/docs': loss - 0.5, 'loss/learned': loss + 0.5 } },
        }) as unknown as Trial,
    ),
  )
}

describe('a comparison', () => {
  const outcome = outcomeOf(
    trials({ recommended: [3, 3.2], uniform: [3.5, 3.5], natural: [4, 4.4] }),
  )

  test('pools the spread between seeds over the mixtures', () => {
    expect(outcome.mixtures.map(({ mean }) => mean)).toEqual(
      [3.1, 3.5, 4.2].map((x) => expect.closeTo(x, 12)),
    )
    // Squares about the means: 2 · 0.1² + 0 + 2 · 0.2² = 0.1, on 6 − 3 degrees of freedom; √(2 / 2 seeds) = 1.
    expect(outcome.deviation).toBeCloseTo(Math.sqrt(0.1 / 3), 12)
    expect(outcome.standardError).toBeCloseTo(Math.sqrt(0.1 / 3), 12)
  })

  test('says what it shows, and no more', () => {
    expect(comparisonText(outcome, 'recommended', 'natural')).toContain('is better (1.100')
    const close = outcomeOf(trials({ recommended: [3, 3.2], uniform: [3.1, 3.3] }))
    expect(comparisonText(close, 'recommended', 'uniform')).toContain('inside the noise (0.100')
    const worse = outcomeOf(trials({ recommended: [3, 3.01], uniform: [2, 2.01] }))
    expect(comparisonText(worse, 'recommended', 'uniform')).toContain('WORSE (1.000')
    const single = outcomeOf(trials({ recommended: [3], uniform: [2] }))
    expect(comparisonText(single, 'recommended', 'uniform')).toContain('too few models')
    expect(comparisonText(close, 'recommended', 'natural')).toContain('nothing is shown')
  })

  test('is a table with a row for every domain and every seed', () => {
    const text = outcomeText(outcome, coloursFor({ isTTY: false } as never))
    for (const row of ['docs', 'learned', 'objective, seed 1', 'objective, seed 2', 'mean']) {
      expect(text).toContain(row)
    }
    expect(text).toMatch(/mean\s+3\.1000\s+3\.5000\s+4\.2000/)
  })
})
