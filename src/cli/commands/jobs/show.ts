import { Command } from 'commander'
import {
  ApiClient,
  type Job,
  type ServiceOptions,
  serviceUrl,
  withServiceUrl,
} from '../../client/index.js'
import { coloursFor } from '../../terminal/colours.js'
import { minuteText } from '../../terminal/lists.js'

const EXAMPLES = `
Examples:
  mixwright jobs show 0193f0a3-77c2-7e0a-9c55-1b4d8e2f7a90
  mixwright jobs show 0193f0a3-77c2-7e0a-9c55-1b4d8e2f7a90 --json`

export function showJobCommand(): Command {
  const command = new Command('show')
    .description('Shows a job: how far it is, or how it ended.')
    .argument('<job>', 'id of the job')
    .option('--json', 'print what GET /v1/jobs/{id} returns')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(show)
}

async function show(id: string, options: ServiceOptions & { json?: boolean }): Promise<void> {
  const job = await new ApiClient(serviceUrl(options)).job(id)
  process.stdout.write(options.json ? `${JSON.stringify(job, null, 2)}\n` : describe(job))
}

function describe(job: Job): string {
  const { id, kind, state, subjectId, studyId, attempts, progress, problem, result } = job
  const colours = coloursFor(process.stdout)
  const times = [
    `created ${minuteText(job.createdAt)}`,
    ...(job.startedAt === null ? [] : [`begun ${minuteText(job.startedAt)}`]),
    ...(job.finishedAt === null ? [] : [`ended ${minuteText(job.finishedAt)}`]),
  ]
  const begun = `${attempts} time${attempts === 1 ? '' : 's'}`
  const isAtWork = state === 'running' && progress !== null
  return [
    `${colours.bold(`${kind} ${state}`)}  ${id}`,
    `  of ${subjectId}${studyId === null ? '' : `, study ${studyId}`}`,
    `  ${times.join(', ')}; a worker took it ${begun}`,
    ...(isAtWork ? [`  ${progress.done} of ${progress.total}: ${progress.message}`] : []),
    ...(problem === null ? [] : [`  ${colours.red(problem.detail)}`]),
    ...(result === null ? [] : [`  result: ${result}`]),
    '',
  ].join('\n')
}
