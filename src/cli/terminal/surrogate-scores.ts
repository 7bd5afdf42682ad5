import type { Recommendation } from '../../optimizers/recommendation.js'
import type { Colours } from './colours.js'
import { type Column, table } from './tables.js'

type Evidence = Recommendation['evidence']

const CONTROL = 'single-domain'

const scoreText = (score: number | null | undefined) =>
  score === null || score === undefined ? '–' : score.toFixed(3)

/** One row a surrogate under each metric: cross-validated, then on every hold-out, the control among them. */
export function surrogateSection({ surrogates, holdouts }: Evidence, colours: Colours): string {
  const sets = [...new Set(holdouts.map(({ name }) => name))]
  const metrics = [...new Set(surrogates.map(({ metric }) => metric))]
  const columns: Column[] = [
    { title: 'metric' },
    { title: 'surrogate' },
    { title: 'cross-validated', align: 'right' },
    ...sets.map((title): Column => ({ title, align: 'right' })),
    { title: '' },
  ]
  const heldOut = new Map(
    holdouts.map(({ name, metric, surrogate, spearman }) => [
      JSON.stringify([name, metric, surrogate]),
      spearman,
    ]),
  )
  const rows = metrics.flatMap((metric) =>
    surrogates
      .filter((candidate) => candidate.metric === metric)
      .map(({ surrogate, chosen, crossValidation }, i) => [
        i === 0 ? metric : '',
        chosen ? colours.bold(surrogate) : surrogate,
        scoreText(crossValidation?.spearman),
        ...sets.map((set) => scoreText(heldOut.get(JSON.stringify([set, metric, surrogate])))),
        mark(surrogate, chosen, colours),
      ]),
  )
  return table(columns, rows, colours)
}

function mark(surrogate: string, chosen: boolean, colours: Colours): string {
  if (chosen) return colours.green('← used')
  return surrogate === CONTROL ? colours.dim('control') : ''
}
