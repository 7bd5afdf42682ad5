import { Command } from 'commander'
import {
  ApiClient,
  type ServiceOptions,
  type SuggestedTrial,
  type Suggestions,
  serviceUrl,
  withServiceUrl,
} from '../client/index.js'
import { nonEmpty, positiveInteger } from '../options.js'

interface AskOptions extends ServiceOptions {
  client: string
  count?: number
  fidelity?: string
  json?: boolean
}

const EXAMPLES = `
The same client gets its unfinished trials back. Its lease lasts until it gives no sign of life: mixwright tell … --heartbeat.

Examples:
  mixwright ask 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --client node-7
  mixwright ask 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --client node-7 --count 4 --fidelity 300M --json`

export function askCommand(): Command {
  const command = new Command('ask')
    .summary('get mixtures to try, for trainers of your own')
    .description('Gets trials to run from a study whose fidelity has the evaluator "external".')
    .argument('<study>', 'id of the study')
    .requiredOption('--client <name>', 'who asks: a name that no other trainer has', nonEmpty)
    .option('--count <n>', 'trials to run at the same time (default: 1)', positiveInteger)
    .option('--fidelity <name>', 'an external fidelity of the study', nonEmpty)
    .option('--json', 'print what POST /v1/studies/{id}/suggestions returns')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(ask)
}

async function ask(study: string, options: AskOptions): Promise<void> {
  const { client, count = 1, fidelity, json } = options
  const answer = await new ApiClient(serviceUrl(options)).ask(study, { client, count, fidelity })
  process.stdout.write(
    json ? `${JSON.stringify(answer, null, 2)}\n` : textOf(study, client, answer),
  )
}

function textOf(study: string, client: string, { trials, exhausted }: Suggestions): string {
  if (trials.length > 0) return trials.map((trial) => trialText(study, client, trial)).join('\n')
  return exhausted
    ? 'The study has no trials left.\n'
    : 'Other clients have all trials that are left; ask again later.\n'
}

function trialText(study: string, client: string, trial: SuggestedTrial): string {
  const { id, fidelity, seed, weights, lease } = trial
  const width = Math.max(...Object.keys(weights).map((name) => name.length))
  const shares = Object.entries(weights).map(
    ([name, weight]) => `  ${name.padEnd(width)}  ${weight.toFixed(4)}`,
  )
  return [
    `Trial ${id}: fidelity ${fidelity}, seed ${seed}`,
    ...shares,
    `The lease lasts ${lease.seconds.toLocaleString('en')} s without a sign of life. To tell the result:`,
    `  mixwright tell ${study} ${id} --client ${wordOf(client)} --lease ${lease.id} --tokens <n> --values metrics.json --complete`,
    '',
  ].join('\n')
}

/** As a shell takes it; names have no characters that mean something inside quotes. */
const wordOf = (client: string) => (/[ #]/.test(client) ? `"${client}"` : client)
