import type { Explanation } from '../../optimizers/explanation.js'
import type { Colours } from './colours.js'
import { numberText, shareText } from './numbers.js'
import { type Column, table } from './tables.js'

const right = (title: string): Column => ({ title, align: 'right' })
/** The cost of a run where nobody has given one; runs of earlier studies have 0. */
const UNSAID = 1
const LEVELS = '▁▂▃▄▅▆▇█'

/** What a model over mixtures and fidelities has learned, as titled tables. */
export function explanationSections(
  explanation: Explanation,
  colours: Colours,
): [title: string, text: string][] {
  const { correlations, responses } = explanation
  const hasCosts = explanation.fidelities.some(({ cost }) => cost > 0 && cost !== UNSAID)
  const title = hasCosts ? 'Runs and what they cost' : 'Runs'
  const sections: [string, string][] = [[title, fidelities(explanation, hasCosts, colours)]]
  if (correlations.length > 0) {
    const title = 'Learned correlation of scores at two fidelities'
    sections.push([title, correlationTable(correlations, colours)])
  }
  if (responses.length > 0) {
    const title = 'Predicted objective when one weight changes (lower is better), with 90 % bands'
    sections.push([title, responseTable(responses, colours)])
  }
  return sections
}

function fidelities({ fidelities: all }: Explanation, hasCosts: boolean, colours: Colours): string {
  const columns = [
    { title: 'fidelity' },
    right('runs'),
    ...(hasCosts ? [right('spent')] : []),
    { title: 'used' },
    right('agrees with target'),
    right('with itself'),
    right('best run'),
    right('best predicted'),
  ]
  const rows = all.map(({ name, runs, spent, used, withTarget, withItself, trace, best }) => [
    name,
    String(runs),
    ...(hasCosts ? [numberText(spent)] : []),
    used ? 'yes' : colours.yellow('no'),
    agreementText(withTarget),
    agreementText(withItself),
    numberText(trace.at(-1)?.objective),
    best ? `${numberText(best.mean)} ± ${numberText(best.sd)}` : '–',
  ])
  return table(columns, rows, colours)
}

function agreementText(agreement: Explanation['fidelities'][number]['withTarget']): string {
  if (!agreement) return '–'
  const { estimate, lower, upper } = agreement
  return `${estimate.toFixed(2)} [${lower.toFixed(2)}, ${upper.toFixed(2)}]`
}

function correlationTable(correlations: Explanation['correlations'], colours: Colours): string {
  return table(
    [{ title: 'between' }, { title: 'and' }, right('correlation')],
    correlations.map(({ between, correlation }) => [...between, correlation.toFixed(2)]),
    colours,
  )
}

function responseTable(responses: Explanation['responses'], colours: Colours): string {
  const means = responses.flatMap(({ points }) => points.map(({ mean }) => mean))
  const [low, high] = [Math.min(...means), Math.max(...means)]
  const columns = [
    { title: 'domain' },
    right('from'),
    { title: 'objective' },
    right('to'),
    right('best at'),
    right('there'),
  ]
  const rows = responses.map(({ domain, points }) => {
    const best = points.reduce((kept, point) => (point.mean < kept.mean ? point : kept))
    return [
      domain,
      shareText(points[0].weight),
      colours.cyan(points.map(({ mean }) => level(mean, low, high)).join('')),
      shareText(points[points.length - 1].weight),
      shareText(best.weight),
      `${numberText(best.mean)} [${numberText(best.lower)}, ${numberText(best.upper)}]`,
    ]
  })
  return table(columns, rows, colours)
}

function level(value: number, low: number, high: number): string {
  const share = high > low ? (value - low) / (high - low) : 0
  return LEVELS[Math.min(LEVELS.length - 1, Math.floor(share * LEVELS.length))]
}
