import type { BudgetSummary, EntrySummary, Estimate } from '../../optimizers/backtest/index.js'
import type { StoredBacktestReport } from '../../store/backtest-contract.js'
import { type Colours, coloursFor } from './colours.js'
import { numberText } from './numbers.js'
import { type Column, table } from './tables.js'

const NONE = '–'

const right = (title: string): Column => ({ title, align: 'right' })

/** The report for a person: the four numbers of every method, and who found the best when. */
export function backtestText(report: StoredBacktestReport, stream: NodeJS.WritableStream): string {
  const colours = coloursFor(stream)
  const decimals = decimalsFor(report)
  const sections = report.entries.map((entry) => [
    entry.label === entry.method ? entry.label : `${entry.label} (${entry.method})`,
    budgetTable(entry, { decimals, seeds: report.seeds.length }, colours),
    colours.dim(`  runs made: ${runsText(entry)}${endsText(entry)}`),
  ])
  const summary = ['Who finds the best, and when', summaryTable(report, colours)]
  const body = [...sections, summary]
    .map(([title, ...rest]) => `${colours.bold(title)}\n${rest.join('\n')}\n`)
    .join('\n')
  return `\n${heading(report, decimals)}\n\n${body}\n${footer(report, decimals, colours)}\n`
}

function heading(
  { target, candidates, best, mean, seeds }: StoredBacktestReport,
  decimals: number,
) {
  const scores = `best ${best.toFixed(decimals)}, mean ${mean.toFixed(decimals)}`
  return (
    `${candidates} candidates at ${target}: ${scores}. ${seeds.length} seed${seeds.length === 1 ? '' : 's'}. ` +
    'Scores are the objective measured there; lower is better.'
  )
}

function footer(
  { tolerance, provenance }: StoredBacktestReport,
  decimals: number,
  colours: Colours,
) {
  const { seed, version, dataHash } = provenance
  return [
    '± is half the 95 % interval of the mean over the seeds; (n): only n of them have a value by then.',
    'The running best counts mixtures that nobody has paid for: judge methods by the pick and its regret, or by what was paid',
    'for, if only what was run counts.',
    `Within tolerance: the pick is and stays within ${tolerance.toFixed(decimals + 1)} of the best.`,
    '',
    colours.dim(`seed ${seed}, data ${dataHash.slice(0, 12)}, Mixwright ${version}`),
  ].join('\n')
}

/** As many as show a thousandth of what there is to gain. */
function decimalsFor({ best, mean }: StoredBacktestReport): number {
  const digits = Math.ceil(-Math.log10(Math.abs(mean - best) / 1000))
  return Number.isFinite(digits) ? Math.min(10, Math.max(0, digits)) : 4
}

interface Shown {
  decimals: number
  /** Of the whole backtest. */
  seeds: number
}

function budgetTable({ budgets }: EntrySummary, shown: Shown, colours: Colours): string {
  const columns = ['cost', 'running best', 'pick', 'paid', 'regret'].map(right)
  const rows = budgets.map(({ cost, runningBest, pick, paid, regret }: BudgetSummary) => [
    numberText(cost),
    estimateText(runningBest, shown),
    colours.bold(estimateText(pick, shown)),
    estimateText(paid, shown),
    estimateText(regret, shown),
  ])
  return table(columns, rows, colours)
}

/** Of one value there is no interval; where fewer seeds than all have one, it says of how many it is. */
function estimateText(estimate: Estimate | null, { decimals, seeds }: Shown): string {
  if (!estimate) return NONE
  const { mean, upper, seeds: known } = estimate
  const interval = known > 1 ? ` ± ${(upper - mean).toFixed(decimals)}` : ''
  return `${mean.toFixed(decimals)}${interval}${known < seeds ? ` (${known})` : ''}`
}

function runsText({ runs }: EntrySummary): string {
  return Object.entries(runs)
    .map(([fidelity, count]) => `${numberText(count)} at ${fidelity}`)
    .join(', ')
}

/** What is not to be expected: of those that ended for want of budget nothing has to be said. */
function endsText({ ends }: EntrySummary): string {
  const reasons = [
    [ends.stopped, 'the method had nothing more to suggest'],
    [ends['nothing-left'], 'every mixture was run'],
    [ends.runs, 'the most runs were made'],
  ] as const
  return reasons
    .filter(([count]) => count > 0)
    .map(([count, reason]) => `; ${count} replay${count === 1 ? '' : 's'} ended as ${reason}`)
    .join('')
}

function summaryTable({ entries }: StoredBacktestReport, colours: Colours): string {
  const columns = [
    { title: 'method' },
    right('optimum run'),
    right('after target runs'),
    right('at cost'),
    right('within tolerance'),
    right('from cost'),
  ]
  const rows = entries.map(({ label, optimumPaid, withinTolerance }) => [
    label,
    percentText(optimumPaid.share),
    numberText(optimumPaid.medianTargetRuns),
    numberText(optimumPaid.medianCost),
    colours.bold(percentText(withinTolerance.share)),
    numberText(withinTolerance.medianCost),
  ])
  return table(columns, rows, colours)
}

function percentText(share: number): string {
  return `${Math.round(100 * share)} %`
}
