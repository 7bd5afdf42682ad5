import type { Colours } from '../terminal/colours.js'
import { shareText } from '../terminal/numbers.js'
import { type Column, table } from '../terminal/tables.js'
import { type ComparisonOutcome, comparisonText } from './outcome.js'

/** A comparison as a table: what each mixture is, and how its models did; the first is held against the others. */
export function outcomeText(outcome: ComparisonOutcome, colours: Colours): string {
  const { mixtures } = outcome
  const domains = Object.keys(mixtures[0].weights)
  const right = (title: string): Column => ({ title, align: 'right' })
  const columns = [{ title: '' }, ...mixtures.map(({ name }) => right(name))]
  const shares = domains.map((domain) => [
    domain,
    ...mixtures.map(({ weights }) => shareText(weights[domain])),
  ])
  const seeds = Math.max(...mixtures.map(({ objectives }) => objectives.length))
  const bySeed = Array.from({ length: seeds }, (_, seed) => [
    `objective, seed ${seed + 1}`,
    ...mixtures.map((mixture) => mixture.objectives[seed]?.toFixed(4) ?? '–'),
  ])
  const means = [colours.bold('mean'), ...mixtures.map(({ mean }) => colours.bold(mean.toFixed(4)))]
  const rivals = mixtures.slice(1).map(({ name }) => name)
  return [
    table(columns, [...shares, ...bySeed, means], colours),
    '',
    `Objective: lower is better. ${mixtures[0].name} against`,
    ...rivals.map((rival) => `  ${comparisonText(outcome, mixtures[0].name, rival)}`),
    '',
  ].join('\n')
}
