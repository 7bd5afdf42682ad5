import { Command } from 'commander'
import type { CompleteProblem } from '../../optimizers/problem.js'
import {
  ApiClient,
  type Search,
  type ServiceOptions,
  serviceUrl,
  withServiceUrl,
} from '../client/index.js'
import { NoAnswerError } from '../failures.js'
import { nonEmpty, positiveInteger, positiveNumber, seedNumber } from '../options.js'
import { recommendationText } from '../terminal/recommendation.js'
import { announcement, comeBack, completed } from '../watching.js'

interface SearchOptions extends ServiceOptions {
  trials?: number
  budget?: number
  parallel?: number
  fidelity?: string
  seed?: number
  attach?: boolean
  wait: boolean
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright search 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511
  mixwright search 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --trials 64 --no-wait
  mixwright search 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --budget 200 --parallel 4
  mixwright search 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --attach --json

Ctrl-C leaves the search running; --attach goes back to it. mixwright study cancel ends it.`

export function searchCommand(): Command {
  const command = new Command('search')
    .summary('train proxy models on mixtures, and get the recommendation')
    .description(
      'Starts a search in a running service: trains a proxy model for each trial, fits the method, and shows the recommendation.',
    )
    .argument('<study>', 'id of a study with a corpus')
    .option(
      '--trials <n>',
      'proxies to train; of adaptive methods the most (default: 4 × (domains + 1))',
      positiveInteger,
    )
    .option(
      '--budget <cost>',
      "most that the trials may cost, by the fidelities' costs",
      positiveNumber,
    )
    .option('--parallel <n>', 'of adaptive methods: trials in flight at a time', positiveInteger)
    .option(
      '--fidelity <name>',
      'a fidelity with proxies (default: the closest, or those that the method chooses)',
      nonEmpty,
    )
    .option('--seed <n>', "default: the study's", seedNumber)
    .option('--attach', 'watch the newest search instead of starting one')
    .option('--no-wait', 'start it and return')
    .option('--json', 'print the search and the recommendation as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(search)
}

async function search(study: string, options: SearchOptions): Promise<void> {
  const api = new ApiClient(serviceUrl(options))
  const { trials, budget, parallel, fidelity, seed, json } = options
  const begun = options.attach
    ? await newestSearch(api, study)
    : await api.startSearch(study, { trials, budget, parallel, fidelity, seed })
  if (!options.wait) {
    process.stdout.write(
      json ? print({ search: begun }) : `${announcement(begun)}\n${comeBack(begun)}\n`,
    )
    return
  }
  const ended = await completed(api, begun, Boolean(json))
  await report(api, ended, Boolean(json))
}

async function newestSearch(api: ApiClient, study: string): Promise<Search> {
  for await (const newest of api.searches(study)) return newest
  throw new NoAnswerError('the study has no search', 'Start one: leave out --attach.')
}

async function report(api: ApiClient, ended: Search, json: boolean): Promise<void> {
  if (ended.purpose === 'comparison') {
    const text = `The comparison has finished. Its results: mixwright trials ${ended.studyId} --search ${ended.id}\n`
    process.stdout.write(json ? print({ search: ended }) : text)
    return
  }
  const recommendation = await api.recommendation(ended.studyId)
  if (json) process.stdout.write(print({ search: ended, recommendation }))
  else {
    const { problem } = await api.study(ended.studyId)
    // The service answers with the problem as it is stored, every default written out.
    const complete = problem as CompleteProblem
    process.stdout.write(recommendationText(recommendation, complete, process.stdout))
  }
}

const print = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
