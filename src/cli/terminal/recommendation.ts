import { counted } from '../../formats/counted.js'
import type { CompleteProblem, Mixture } from '../../optimizers/problem.js'
import type {
  BaselineEvidence,
  MetricPrediction,
  Recommendation,
} from '../../optimizers/recommendation.js'
import { bar } from './bars.js'
import { type Colours, coloursFor } from './colours.js'
import { explanationSections } from './explanation.js'
import { numberText, shareText } from './numbers.js'
import { surrogateSection } from './surrogate-scores.js'
import { type Column, table } from './tables.js'

const BAR_WIDTH = 24

const right = (title: string): Column => ({ title, align: 'right' })

/** Passes over a domain; the dust that solvers leave is none. */
const epochsText = (epochs: number | null) =>
  epochs !== null && epochs < 0.0005 ? '·' : numberText(epochs)

const baseline = (recommendation: Recommendation, name: BaselineEvidence['name']) =>
  recommendation.baselines.find((candidate) => candidate.name === name)

function weightsSection(recommendation: Recommendation, colours: Colours): string {
  const { weights, proposal, verdict, epochs } = recommendation
  const others: [string, Mixture][] = []
  if (verdict.follows !== 'proposal') others.push(['proposal', proposal.weights])
  for (const name of ['natural', 'best-observed'] as const) {
    const evidence = baseline(recommendation, name)
    if (evidence) others.push([name === 'natural' ? 'natural' : 'best run', evidence.weights])
  }
  const largest = Math.max(...Object.values(weights))
  const hasEpochs = Object.values(epochs).some((value) => value !== null)
  const columns = [
    { title: 'domain' },
    right('weight'),
    { title: '' },
    ...others.map(([title]) => right(title)),
    ...(hasEpochs ? [right('epochs')] : []),
  ]
  const rows = Object.entries(weights)
    .sort(([, a], [, b]) => b - a)
    .map(([domain, weight]) => [
      domain,
      colours.bold(shareText(weight)),
      colours.cyan(bar(largest > 0 ? weight / largest : 0, BAR_WIDTH).padEnd(BAR_WIDTH)),
      ...others.map(([, mixture]) => shareText(mixture[domain] ?? 0)),
      ...(hasEpochs ? [epochsText(epochs[domain])] : []),
    ])
  return table(columns, rows, colours)
}

const intervalText = ({ mean, lower, upper }: MetricPrediction) =>
  `${numberText(mean)} [${numberText(lower)}, ${numberText(upper)}]`

function predictionsSection(
  { predictions, baselines }: Recommendation,
  problem: CompleteProblem,
  colours: Colours,
): string {
  const directionOf = new Map(problem.metrics.map(({ name, direction }) => [name, direction]))
  const columns = [
    { title: 'metric' },
    right('recommended'),
    ...baselines.map(({ name }) => right(name)),
  ]
  const of = (values: readonly MetricPrediction[], metric: string) =>
    values.find((prediction) => prediction.metric === metric)
  const rows = predictions.map((prediction) => [
    `${prediction.metric} ${directionOf.get(prediction.metric) === 'maximize' ? '↑' : '↓'}`,
    colours.bold(intervalText(prediction)),
    ...baselines.map((candidate) => numberText(of(candidate.predictions, prediction.metric)?.mean)),
  ])
  rows.push([
    colours.dim('chance that the proposal is better'),
    '',
    ...baselines.map(({ probabilityOfBeating }) => `${Math.round(100 * probabilityOfBeating)} %`),
  ])
  return table(columns, rows, colours)
}

function constraintsSection({ activeConstraints }: Recommendation, colours: Colours): string {
  return table(
    [{ title: 'constraint' }, { title: 'on' }, right('limit'), right('costs')],
    activeConstraints.map(({ kind, name, limit, cost }) => [
      kind,
      name,
      numberText(limit),
      numberText(cost),
    ]),
    colours,
  )
}

/** What the evidence allows to be said, in words. */
function verdictSection({ verdict, warnings }: Recommendation, colours: Colours): string {
  const followsProposal = verdict.follows === 'proposal'
  const headline = followsProposal
    ? colours.green('The proposal is recommended.')
    : colours.yellow(`The proposal is not followed; the ${verdict.follows} mixture is recommended.`)
  return [
    `  ${headline} ${verdict.reason}`,
    ...warnings.map(
      ({ code, message }) => `  ${colours.yellow('!')} ${message} ${colours.dim(`(${code})`)}`,
    ),
  ].join('\n')
}

/** The whole recommendation for a person: weights, predictions, evidence, verdict. */
export function recommendationText(
  recommendation: Recommendation,
  problem: CompleteProblem,
  stream: NodeJS.WritableStream,
): string {
  const colours = coloursFor(stream)
  const { method, evidence, provenance, activeConstraints, predictions } = recommendation
  const sections: [string, string][] = [
    [
      `Recommended weights (${method}, ${counted(evidence.runs, 'run')})`,
      weightsSection(recommendation, colours),
    ],
  ]
  if (predictions.length > 0) {
    const title = 'Predicted metrics, with 90 % intervals for one run'
    sections.push([title, predictionsSection(recommendation, problem, colours)])
  }
  if (evidence.surrogates.length > 0) {
    sections.push([
      'How well the surrogates rank runs they have not seen (Spearman)',
      surrogateSection(evidence, colours),
    ])
  }
  if (activeConstraints.length > 0) {
    sections.push([
      'Constraints that bind the proposal',
      constraintsSection(recommendation, colours),
    ])
  }
  if (recommendation.explanation) {
    sections.push(...explanationSections(recommendation.explanation, colours))
  }
  sections.push(['Verdict', verdictSection(recommendation, colours)])
  const body = sections.map(([title, text]) => `${colours.bold(title)}\n${text}\n`).join('\n')
  const { seed, version, dataHash } = provenance
  return `\n${body}\n${colours.dim(`seed ${seed}, data ${dataHash.slice(0, 12)}, Mixwright ${version}`)}\n`
}
