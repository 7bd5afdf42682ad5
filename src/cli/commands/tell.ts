import { Command } from 'commander'
import {
  ApiClient,
  type Directive,
  type ServiceOptions,
  serviceUrl,
  type TrialLease,
  type TrialMeasurement,
  withServiceUrl,
} from '../client/index.js'
import { UsageError } from '../failures.js'
import { readJsonInput } from '../input-files.js'
import { nonEmpty, nonNegativeNumber } from '../options.js'

interface TellOptions extends ServiceOptions {
  client: string
  lease: string
  tokens?: number
  values?: string
  standardErrors?: string
  complete?: boolean
  stop?: boolean
  withoutMetrics?: boolean
  fail?: string
  heartbeat?: boolean
  json?: boolean
}

const EXAMPLES = `
The file of --values holds metric → value, for instance { "loss/web": 2.81, "loss/code": 1.64 }.
With neither an end nor --heartbeat, the values are a measurement along the way.

Examples:
  mixwright tell $study $trial --client node-7 --lease $lease --tokens 5e8 --values metrics.json
  mixwright tell $study $trial --client node-7 --lease $lease --tokens 1e9 --values metrics.json --complete
  mixwright tell $study $trial --client node-7 --lease $lease --heartbeat
  mixwright tell $study $trial --client node-7 --lease $lease --fail "out of memory"`

export function tellCommand(): Command {
  const command = new Command('tell')
    .summary('report what a trial of your own trainers has measured, or how it ended')
    .description('Reports what a trial has measured, or how it ended. mixwright ask gives trials.')
    .argument('<study>', 'id of the study')
    .argument('<trial>', 'id of the trial')
    .requiredOption('--client <name>', 'who asked for the trial', nonEmpty)
    .requiredOption('--lease <id>', 'the lease that came with the trial', nonEmpty)
    .option('--tokens <n>', 'tokens trained on when the values were measured', nonNegativeNumber)
    .option('--values <json>', 'file: metric → value')
    .option('--standard-errors <json>', 'file: metric → standard error')
    .option('--complete', 'the trial is complete')
    .option('--stop', 'the trial was stopped early, as the service asked')
    .option('--without-metrics', 'the trial is complete, and its metrics come later or never')
    .option('--fail <detail>', 'the trial failed; it may be given to another client', nonEmpty)
    .option('--heartbeat', 'the trial is still in training')
    .option('--json', 'print what the service answers')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(tell)
}

const ENDS = {
  complete: 'completed',
  stop: 'stopped',
  withoutMetrics: 'without-metrics',
} as const

async function tell(study: string, trial: string, options: TellOptions): Promise<void> {
  const api = new ApiClient(serviceUrl(options))
  const lease: TrialLease = { client: options.client, lease: options.lease }
  const kind = kindOf(options)
  const print = (answer: unknown, text: string) =>
    process.stdout.write(options.json ? `${JSON.stringify(answer, null, 2)}\n` : `${text}\n`)

  if (kind === 'heartbeat') {
    const answer = await api.heartbeat(study, trial, lease)
    return void print(answer, directiveText(answer))
  }
  if (kind === 'fail') {
    const failed = await api.failTrial(study, trial, { ...lease, detail: options.fail ?? '' })
    return void print(failed, `The trial ${failed.id} is ${failed.state}.`)
  }
  const measurement = await readMeasurement(options)
  if (kind !== 'measure') {
    const end = { ...lease, ...(measurement && { measurement }), outcome: ENDS[kind] }
    const ended = await api.completeTrial(study, trial, end)
    return void print(ended, `The trial ${ended.id} is ${ended.state}.`)
  }
  if (!measurement) {
    const fix = 'Give --tokens and --values, or one of --complete, --stop, --fail, --heartbeat.'
    throw new UsageError('there is nothing to tell', fix)
  }
  const answer = await api.measure(study, trial, { ...lease, ...measurement })
  print(answer, directiveText(answer))
}

/** @throws UsageError when they contradict each other */
function kindOf(options: TellOptions): keyof typeof ENDS | 'fail' | 'heartbeat' | 'measure' {
  const kinds = ['complete', 'stop', 'withoutMetrics', 'fail', 'heartbeat'] as const
  const given = kinds.filter((kind) => options[kind] !== undefined)
  if (given.length > 1) {
    throw new UsageError(
      'a trial ends in one way only',
      'Give one of --complete, --stop, --without-metrics, --fail, --heartbeat.',
    )
  }
  const [kind = 'measure'] = given
  const hasValues = options.values !== undefined || options.tokens !== undefined
  if (hasValues && ['withoutMetrics', 'fail', 'heartbeat'].includes(kind)) {
    throw new UsageError(
      '--tokens and --values do not go with it',
      'Tell the measurement first, by itself; then tell the rest.',
    )
  }
  return kind
}

/** @throws UsageError when a part is missing or no map of numbers */
async function readMeasurement({
  tokens,
  values,
  standardErrors,
}: TellOptions): Promise<Omit<TrialMeasurement, keyof TrialLease> | undefined> {
  if (tokens === undefined && values === undefined && standardErrors === undefined) return undefined
  if (tokens === undefined || values === undefined) {
    throw new UsageError(
      `${tokens === undefined ? '--tokens' : '--values'} is missing`,
      'A measurement is --tokens and --values together.',
    )
  }
  return {
    tokens,
    values: await readNumbers(values, '--values'),
    ...(standardErrors !== undefined && {
      standardErrors: await readNumbers(standardErrors, '--standard-errors'),
    }),
  }
}

async function readNumbers(file: string, option: string): Promise<Record<string, number>> {
  const content = await readJsonInput(file, option)
  const isMap = typeof content === 'object' && content !== null && !Array.isArray(content)
  if (isMap && Object.values(content).every((value) => typeof value === 'number')) {
    return content as Record<string, number>
  }
  const fix = 'Write it like { "loss/web": 2.81, "loss/code": 1.64 }.'
  throw new UsageError(`${option}: ${file} is no map of metrics to numbers`, fix)
}

function directiveText({ directive, reason, lease }: Directive): string {
  if (directive === 'continue') return 'Go on.'
  // Of a trial that has ended there is nothing more to tell.
  return `Stop: ${reason ?? 'it was asked for.'}${lease ? '\nThen tell it with --stop.' : ''}`
}
