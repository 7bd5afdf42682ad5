import type { Recommendation } from '../../optimizers/recommendation.js'
import { bar } from '../terminal/bars.js'
import type { Colours } from '../terminal/colours.js'
import { shareText } from '../terminal/numbers.js'
import { table } from '../terminal/tables.js'

const BAR_WIDTH = 16

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
