import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { compileProblem } from '../../../src/optimizers/complete-problem.js'
import type { Recommendation } from '../../../src/optimizers/recommendation.js'
import { optimizerByName } from '../../../src/optimizers/registry.js'
import type { RunTable } from '../../../src/optimizers/types.js'
import { pilePrior } from '../../support/pile.js'
import { type RegmixTable, regmixTable } from '../../support/regmix-tables.js'

const train = regmixTable('train_1m')

function runTable(table: RegmixTable, targets: readonly string[], name = ''): RunTable {
  return {
    name,
    fidelity: 'default',
    runIds: Array.from({ length: table.raw.rows }, (_, i) => String(i + 1)),
    raw: table.raw,
    normalised: table.normalised,
    values: new Map(targets.map((target) => [target, table.values[table.targets.indexOf(target)]])),
  }
}

describe.skipIf(!train)('on RegMix’s 512 runs', () => {
  const table = train as RegmixTable
  const holdouts = ['test_1m', 'test_60m', 'test_1B'].map((name) =>
    runTable(regmixTable(name) as RegmixTable, ['pile_cc'], name),
  )
  const compiled = compileProblem({
    domains: table.domains.map((name) => ({ name })),
    prior: pilePrior(table.domains),
    metrics: [{ name: 'pile_cc' }],
  })

  function recommend(
    method: string,
    surrogate: 'auto' | 'gradient-boosted-trees',
    params: Record<string, unknown> = {},
  ): Recommendation {
    const optimizer = optimizerByName(method)
    const complete = Value.Default(optimizer.paramsSchema, params) as Record<string, unknown>
    return optimizer.recommend({
      compiled,
      params: complete,
      completed: runTable(table, ['pile_cc']),
      holdouts,
      surrogate,
      seed: 42,
    }).recommendation
  }

  test('RegMix in its notebook’s variant ends where the notebook does', {
    timeout: 120_000,
  }, () => {
    const { proposal, evidence } = recommend('regmix', 'gradient-boosted-trees')
    expect(proposal.weights.pile_cc).toBeGreaterThan(0.87)
    expect(proposal.weights.pile_cc).toBeLessThan(0.91)
    expect(proposal.weights.ubuntu_irc).toBeGreaterThan(0.05)
    expect(proposal.weights.ubuntu_irc).toBeLessThan(0.08)
    expect(proposal.solver.meanObjectiveOfAveraged).toBeCloseTo(5.1292, 1)
    const rho = (surrogate: string, name: string) =>
      100 *
      (evidence.holdouts.find((h) => h.surrogate === surrogate && h.name === name)?.spearman ??
        Number.NaN)
    expect(rho('single-domain', 'test_1m')).toBeCloseTo(81.7, 0)
    expect(rho('single-domain', 'test_1B')).toBeCloseTo(98.08, 1)
    expect(rho('least-squares', 'test_1m')).toBeCloseTo(90.21, 0)
    expect(Math.abs(rho('log-linear', 'test_1B') - 98.54)).toBeLessThan(0.3)
    expect(rho('gradient-boosted-trees', 'test_60m')).toBeGreaterThan(98)
  })

  test('the exact solution of the fitted law is the reference’s', { timeout: 120_000 }, () => {
    const { proposal, warnings } = recommend('mixing-laws', 'auto')
    expect(Math.abs(proposal.weights.pile_cc - 0.5875)).toBeLessThan(5e-3)
    expect(Math.abs(proposal.weights.pubmed_central - 0.0936)).toBeLessThan(5e-3)
    expect(warnings.map(({ code }) => code)).toContain('weights-renormalised')
  })
})
