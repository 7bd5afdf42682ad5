import type { Recommendation } from '../../optimizers/recommendation.js'
import { bar } from '../terminal/bars.js'
import type { Colours } from '../terminal/colours.js'
import { shareText } from '../terminal/recommendation.js'
import { type Column, table } from '../terminal/tables.js'
import { comparisonText, type Proof } from './proof.js'
import { TARGET_DOMAINS } from './study.js'

const BAR_WIDTH = 16

/** The proof as a table: what each mixture is, and how its models did. */
export function proofText(proof: Proof, colours: Colours): string {
  const { mixtures } = proof
  const domains = Object.keys(mixtures[0].weights)
  const right = (title: string): Column => ({ title, align: 'right' })
  const columns = [{ title: '' }, ...mixtures.map(({ name }) => right(name))]
  const shares = domains.map((domain) => [
    TARGET_DOMAINS.some((target) => target === domain) ? colours.bold(domain) : domain,
    ...mixtures.map(({ weights }) => shareText(weights[domain])),
  ])
  const seeds = Math.max(...mixtures.map(({ losses }) => losses.length))
  const losses = Array.from({ length: seeds }, (_, seed) => [
    `loss, new seed ${seed + 1}`,
    ...mixtures.map((mixture) => mixture.losses[seed]?.toFixed(4) ?? '–'),
  ])
  const means = [colours.bold('mean'), ...mixtures.map(({ mean }) => colours.bold(mean.toFixed(4)))]
  const rivals = mixtures.slice(1).map(({ name }) => name)
  return [
    table(columns, [...shares, ...losses, means], colours),
    '',
    `Loss: mean of ${TARGET_DOMAINS.join(' and ')}, nats per token, lower is better. Against`,
    ...rivals.map((rival) => `  ${comparisonText(proof, mixtures[0].name, rival)}`),
    '',
  ].join('\n')
}

/** The recommended shares as bars. */
export function sharesText({ weights }: Recommendation, colours: Colours): string {
  const rows = Object.entries(weights).map(([domain, share]) => [
    domain,
    shareText(share),
    colours.cyan(bar(share, BAR_WIDTH)),
  ])
  return table(
    [{ title: 'domain' }, { title: 'recommended', align: 'right' }, { title: '' }],
    rows,
    colours,
  )
}
