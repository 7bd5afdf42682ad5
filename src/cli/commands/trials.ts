import { Command } from 'commander'
import {
  ApiClient,
  type ServiceOptions,
  serviceUrl,
  type Trial,
  withServiceUrl,
} from '../client/index.js'
import { nonEmpty } from '../options.js'
import { coloursFor } from '../terminal/colours.js'
import { gather } from '../terminal/lists.js'
import { numberText, shareText } from '../terminal/numbers.js'
import { type Column, table } from '../terminal/tables.js'
import { deleteCheckpointCommand } from './trials/delete-checkpoint.js'

interface TrialsOptions extends ServiceOptions {
  search?: string
  state?: string
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright trials 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511
  mixwright trials 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --state failed
  mixwright trials 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --json
  mixwright trials delete-checkpoint 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 0193f0b0-2c13-7d55-b81e-6a07c94f2e37`

/** More domains or metrics than these make no table that fits a terminal. */
const MOST_COLUMNS = 6

export function trialsCommand(): Command {
  const command = new Command('trials')
    .summary('list the trials of a study, with what was measured; delete their checkpoints')
    .description('Lists the trials of a study, with what was measured.')
    .argument('<study>', 'id of the study')
    .option('--search <id>', 'only trials of this search', nonEmpty)
    .option('--state <state>', 'waiting, running, completed, failed or cancelled', nonEmpty)
    .option('--json', 'print what GET /v1/studies/{id}/trials returns, all pages together')
    .enablePositionalOptions()
    .addCommand(deleteCheckpointCommand())
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(trials)
}

async function trials(study: string, options: TrialsOptions): Promise<void> {
  const api = new ApiClient(serviceUrl(options))
  const { search: searchId, state } = options
  const items = await gather(api.trials(study, { searchId, state }))
  process.stdout.write(options.json ? `${JSON.stringify({ items }, null, 2)}\n` : trialTable(items))
}

function trialTable(trials: readonly Trial[]): string {
  if (trials.length === 0) return 'There are no trials.\n'
  const colours = coloursFor(process.stdout)
  const domains = Object.keys(trials[0].weights)
  const metrics = [
    ...new Set(trials.flatMap((trial) => Object.keys(trial.measurement?.values ?? {}))),
  ]
  const shownDomains = domains.length > MOST_COLUMNS ? [] : domains
  const shownMetrics = metrics.length > MOST_COLUMNS ? [] : metrics
  const right = (title: string): Column => ({ title, align: 'right' })
  const columns = [
    right('#'),
    { title: 'label' },
    { title: 'state' },
    ...shownDomains.map(right),
    right('tokens'),
    ...shownMetrics.map(right),
    { title: '' },
  ]
  const rows = trials.map(({ position, label, state, weights, measurement, problem }) => [
    String(position + 1),
    label,
    state === 'failed' ? colours.red(state) : state,
    ...shownDomains.map((domain) => shareText(weights[domain])),
    measurement ? measurement.tokens.toLocaleString('en') : '–',
    ...shownMetrics.map((metric) => numberText(measurement?.values[metric])),
    problem ? colours.dim(problem.detail) : '',
  ])
  const isCut = shownDomains.length === 0 || shownMetrics.length < metrics.length
  return `${table(columns, rows, colours)}\n${isCut ? `${colours.dim('  Weights and metrics: --json')}\n` : ''}`
}
