import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import {
  type ExportInput,
  type ExportResult,
  exportMixture,
} from '../../formats/exporters/index.js'
import { exportFormats, studyExport } from '../../studies/exports.js'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../client/index.js'
import { readExportDomains, readWeights } from '../export/source.js'
import { EnvironmentError, UsageError } from '../failures.js'
import { readJsonInput } from '../input-files.js'
import { collectParams, positiveInteger, seedNumber } from '../options.js'
import { coloursFor } from '../terminal/colours.js'
import { table } from '../terminal/tables.js'

interface ExportCommandOptions extends ServiceOptions {
  format?: string
  mixture?: string
  domains?: string
  paths?: string
  tokens?: number
  sequenceLength?: number
  seed?: number
  option?: Record<string, unknown>
  output?: string
  list?: boolean
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright export --list
  mixwright export 0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511 --format megatron --paths paths.json
  Without a service, from what another command wrote:
    mixwright fit --mixtures m.csv --metrics l.csv --json > recommendation.json
    mixwright export --mixture recommendation.json --format olmo-core --output mixture.yaml
  A schedule:
    mixwright export --mixture phases.json --format levanter --option batchSize=1024

Files:
  Mixture: domain → weight, a recommendation, or a list of phases: [{ "startStep": 0, "weights": { … } }, …].
  Paths:   domain → path (or list of paths); default: the names of the domains.
  Domains: domain → tokens, or a list of { "name", "tokens", "maxEpochs" }.

The text goes to standard output, warnings to standard error.`

export function exportCommand(): Command {
  const command = new Command('export')
    .summary('write a mixture as a trainer takes it')
    .description(
      'Writes the recommended weights of a study, or any mixture, as a trainer takes them.',
    )
    .argument('[study]', 'id of the study; or give --mixture')
    .option('--format <id>', 'what to write (see --list)')
    .option('--mixture <json>', 'a mixture, schedule or recommendation to export; needs no service')
    .option('--domains <json>', 'token counts, and the order of the domains (with --mixture)')
    .option('--paths <json>', 'where the data of the domains are')
    .option('--tokens <n>', 'tokens of the run', positiveInteger)
    .option('--sequence-length <n>', 'tokens per training sample', positiveInteger)
    .option('--seed <n>', 'seed of the draws that the trainer makes', seedNumber)
    .option('--option <key=value>', 'another option of the format, repeatable', collectParams)
    .option('--output <file>', 'write the text there')
    .option('--list', 'list the formats, with their units and options')
    .option('--json', 'print what POST /v1/exports returns (with --list: GET /v1/export-formats)')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(run)
}

async function run(study: string | undefined, options: ExportCommandOptions): Promise<void> {
  if (options.list) return listFormats(Boolean(options.json))
  if (options.format === undefined) {
    throw new UsageError(
      'no format is given',
      'Give --format; `mixwright export --list` shows them.',
    )
  }
  const result = exportMixture(options.format, await readSource(study, options.format, options))
  for (const warning of warningsOf(result)) process.stderr.write(`warning: ${warning}\n`)
  if (options.output !== undefined) await write(options.output, result.text)
  if (options.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  else if (options.output === undefined) process.stdout.write(result.text)
}

async function readSource(
  study: string | undefined,
  format: string,
  options: ExportCommandOptions,
): Promise<ExportInput> {
  if ((study === undefined) === (options.mixture === undefined)) {
    throw new UsageError('give either a study or --mixture')
  }
  const asked = await askedOptions(options)
  if (options.mixture !== undefined) {
    const weights = await readWeights(options.mixture)
    const domains =
      options.domains === undefined ? undefined : await readExportDomains(options.domains)
    return { ...weights, ...(domains && { domains }), options: asked }
  }
  if (options.domains !== undefined) throw new UsageError('--domains goes with --mixture only')
  const api = new ApiClient(serviceUrl(options))
  const { problem } = await api.study(study ?? '')
  const { weights } = await api.recommendation(study ?? '')
  return studyExport(problem, weights, format, asked)
}

async function askedOptions(options: ExportCommandOptions): Promise<Record<string, unknown>> {
  const { tokens, sequenceLength, seed, option, paths } = options
  return {
    ...(tokens !== undefined && { tokens }),
    ...(sequenceLength !== undefined && { sequenceLength }),
    ...(seed !== undefined && { seed }),
    ...(paths !== undefined && { paths: await readJsonInput(paths, '--paths') }),
    ...option,
  }
}

function warningsOf({ warnings, dropped }: ExportResult): string[] {
  const left = dropped.map((name) => `"${name}"`).join(', ')
  return [
    ...warnings.map(({ message }) => message),
    ...(dropped.length === 0 ? [] : [`not in the text, because they get nothing: ${left}`]),
  ]
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error) => {
    throw new EnvironmentError(
      `cannot write ${file}: ${error.message}`,
      'Check the path of --output.',
    )
  })
}

function listFormats(json: boolean): void {
  const items = exportFormats()
  if (json) {
    process.stdout.write(`${JSON.stringify({ items }, null, 2)}\n`)
    return
  }
  const colours = coloursFor(process.stdout)
  const columns = ['format', 'target', 'weights count', 'phases', 'options'].map((title) => ({
    title,
  }))
  const rows = items.map(({ id, title, unit, phases, optionsSchema }) => [
    colours.bold(id),
    title,
    unit,
    phases ? 'yes' : '',
    Object.keys((optionsSchema.properties ?? {}) as object).join(', '),
  ])
  process.stdout.write(`${table(columns, rows, colours)}\n`)
}
