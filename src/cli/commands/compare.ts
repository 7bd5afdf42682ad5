import { Command } from 'commander'
import { toMixture } from '../../optimizers/mixture/index.js'
import type { CompleteProblem, Mixture } from '../../optimizers/problem.js'
import { compileStored } from '../../studies/problem.js'
import {
  ApiClient,
  type Search,
  type ServiceOptions,
  type Study,
  serviceUrl,
  withServiceUrl,
} from '../client/index.js'
import { comparisonOutcome } from '../comparison/outcome.js'
import { outcomeText } from '../comparison/text.js'
import { NoAnswerError, UsageError } from '../failures.js'
import { readJsonInput } from '../input-files.js'
import { collect, nonEmpty, positiveInteger, seedNumber } from '../options.js'
import { coloursFor } from '../terminal/colours.js'
import { gather } from '../terminal/lists.js'
import { announcement, comeBack, completed } from '../watching.js'

interface CompareOptions extends ServiceOptions {
  mixture?: string[]
  seeds: number
  fidelity?: string
  seed?: number
  wait: boolean
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright compare <study>
  mixwright compare <study> --mixture recommended --mixture natural --seeds 4
  mixwright compare <study> --mixture recommended --mixture ours=ours.json --json

The file of a mixture has its weights by domain: {"web": 0.7, "code": 0.3}. The first mixture is held against the others.
Ctrl-C leaves the comparison running.`

const NAMED = ['recommended', 'uniform', 'natural']

export function compareCommand(): Command {
  const command = new Command('compare')
    .summary('train new models on given mixtures, to see what a recommendation is worth')
    .description(
      'Trains new models on given mixtures, each with several new seeds, and compares them.',
    )
    .argument('<study>', 'id of a study with a corpus')
    .option(
      '--mixture <name>',
      'recommended, uniform, natural, or name=file.json; may be repeated (default: those three)',
      collect,
    )
    .option('--seeds <n>', 'models of each mixture', positiveInteger, 2)
    .option('--fidelity <name>', 'a fidelity with proxies (default: the closest)', nonEmpty)
    .option('--seed <n>', "default: the study's", seedNumber)
    .option('--no-wait', 'start it and return')
    .option('--json', 'print the comparison and its outcome as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(compare)
}

async function compare(id: string, options: CompareOptions): Promise<void> {
  const { fidelity, seed, seeds: replicates, json } = options
  const api = new ApiClient(serviceUrl(options))
  const study = await api.study(id)
  const mixtures: Record<string, Mixture> = {}
  for (const name of options.mixture ?? NAMED) {
    const [label, mixture] = await namedMixture(api, study, name)
    if (label in mixtures) throw new UsageError(`--mixture: "${label}" is given twice`)
    mixtures[label] = mixture
  }
  const begun = await api.compare(id, { mixtures, replicates, fidelity, seed })
  if (!options.wait) {
    const text = `${announcement(begun)}\n${comeBack(begun)}\n`
    process.stdout.write(json ? print({ comparison: begun }) : text)
    return
  }
  await report(api, study, await completed(api, begun, Boolean(json)), Boolean(json))
}

async function namedMixture(
  api: ApiClient,
  { id, problem }: Study,
  name: string,
): Promise<[string, Mixture]> {
  const domains = problem.domains.map((domain) => domain.name)
  const uniform = Object.fromEntries(domains.map((domain) => [domain, 1 / domains.length]))
  if (name === 'uniform') return [name, uniform]
  if (name === 'recommended') return [name, (await api.recommendation(id)).weights]
  if (name === 'natural') {
    const { space } = compileStored(problem as CompleteProblem)
    return [name, toMixture(space, space.prior)]
  }
  const [, label, file] = /^([^=]+)=(.+)$/s.exec(name) ?? []
  if (label === undefined) {
    throw new UsageError(
      `--mixture: "${name}" is none of ${NAMED.join(', ')}`,
      'Give another mixture as name=file.json.',
    )
  }
  return [label, (await readJsonInput(file, `--mixture ${label}`)) as Mixture]
}

async function report(api: ApiClient, study: Study, ended: Search, json: boolean): Promise<void> {
  const trials = await gather(api.trials(study.id, { searchId: ended.id, state: 'completed' }))
  if (trials.length === 0) {
    throw new NoAnswerError(
      'no model of the comparison completed',
      `See why: mixwright trials ${study.id} --search ${ended.id}`,
    )
  }
  const outcome = comparisonOutcome(study.problem as CompleteProblem, trials)
  process.stdout.write(
    json ? print({ comparison: ended, outcome }) : outcomeText(outcome, coloursFor(process.stdout)),
  )
}

const print = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
