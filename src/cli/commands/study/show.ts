import { Command } from 'commander'
import { counted } from '../../../formats/counted.js'
import {
  ApiClient,
  type Search,
  type ServiceOptions,
  type Study,
  serviceUrl,
  withServiceUrl,
} from '../../client/index.js'
import { coloursFor } from '../../terminal/colours.js'
import { gather, minuteText } from '../../terminal/lists.js'
import { numberText } from '../../terminal/numbers.js'
import { table } from '../../terminal/tables.js'

const EXAMPLES = `
Examples:
  mixwright study show 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511
  mixwright study show 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --json`

export function showStudyCommand(): Command {
  const command = new Command('show')
    .description('Shows a study with its searches.')
    .argument('<study>', 'id of the study')
    .option('--json', 'print what GET /v1/studies/{id} returns')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(show)
}

async function show(id: string, options: ServiceOptions & { json?: boolean }): Promise<void> {
  const api = new ApiClient(serviceUrl(options))
  const study = await api.study(id)
  if (options.json) process.stdout.write(`${JSON.stringify(study, null, 2)}\n`)
  else process.stdout.write(describe(study, await gather(api.searches(id))))
}

function describe(study: Study, searches: readonly Search[]): string {
  const { name, id, problem, method, seed, corpusId, createdAt, externalTrials } = study
  const colours = coloursFor(process.stdout)
  const columns = [{ title: 'domain' }, { title: 'tokens', align: 'right' as const }]
  const domains = problem.domains.map((domain) => [domain.name, numberText(domain.tokens)])
  const fidelities = (problem.fidelities ?? []).map(
    (fidelity) => `${fidelity.name} (${fidelity.evaluator})`,
  )
  return [
    `${colours.bold(name)}  ${id}`,
    `  method ${method}, seed ${seed}, created ${minuteText(createdAt)}`,
    ...(corpusId === null ? [] : [`  corpus ${corpusId}`]),
    `  fidelities: ${fidelities.join(', ')}; metrics: ${problem.metrics.map((metric) => metric.name).join(', ')}`,
    ...(isExternal(study)
      ? [`  ${policyLine(study)}`, `  trials handed out: ${externalTrials}`]
      : []),
    '',
    table(columns, domains, colours),
    '',
    ...(searches.length === 0 ? ['No searches.'] : searches.map(searchLine)),
    '',
  ].join('\n')
}

function isExternal({ problem }: Study): boolean {
  return (problem.fidelities ?? []).some(({ evaluator }) => evaluator === 'external')
}

function policyLine({ trialPolicy }: Study): string {
  const { leaseSeconds, maxAttempts, maxTrials, earlyStopping } = trialPolicy
  const most =
    maxTrials === null ? 'any number of trials' : `at most ${counted(maxTrials, 'trial')}`
  const stopping = earlyStopping === null ? 'no early stopping' : `${earlyStopping.rule} rule`
  return `trials: ${most}, ${counted(maxAttempts, 'attempt')} each, leases of ${leaseSeconds} s, ${stopping}`
}

function searchLine({ id, purpose, state, trials, counts, createdAt }: Search): string {
  return `${purpose} ${id}: ${state}, ${counts.completed} of ${counted(trials, 'trial')} completed, begun ${minuteText(createdAt)}`
}
