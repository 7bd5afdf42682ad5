import { Command, InvalidArgumentError } from 'commander'
import { MixwrightError } from '../../../errors.js'
import {
  IMPORT_FORMATS,
  type ImportFormat,
  isFileFormat,
  isPairFormat,
  requireFormat,
} from '../../../formats/importers/index.js'
import {
  ApiClient,
  type FormFile,
  type Import,
  type ImportPreview,
  type ServiceOptions,
  serviceUrl,
  withServiceUrl,
} from '../../client/index.js'
import { UsageError } from '../../failures.js'
import { readJsonInput } from '../../input-files.js'
import { nonEmpty, positiveNumber } from '../../options.js'
import { coloursFor } from '../../terminal/colours.js'
import { describeImport, describePreview } from '../../terminal/imports.js'
import { progressView } from '../../terminal/progress.js'

interface ImportOptions extends ServiceOptions {
  format: ImportFormat
  mixtures?: string
  holdout?: string
  fidelity?: string
  metricName?: Record<string, string>
  domainName?: Record<string, string>
  mixturePrefix?: string
  runIdFrom?: string
  tokensFrom?: string
  tokensPerStep?: number
  dryRun?: boolean
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright study import <study> --mixtures ratios.csv metrics.csv
  mixwright study import <study> --format lm-eval --mixtures ratios.csv out/*/results_*.json --dry-run
  mixwright study import <study> --format wandb-csv runs.csv --metric-name 'eval/loss=loss'
  mixwright study import <study> --format hf-trainer --mixtures ratios.csv runs/*/trainer_state.json --tokens-per-step 524288
  mixwright study import <study> --format jsonl runs.jsonl --holdout later --json`

export function importRunsCommand(): Command {
  const command = new Command('import')
    .description('Imports runs that were made elsewhere into a study: all of them, or none.')
    .argument('<study>', 'id of the study')
    .argument(
      '<file...>',
      'results; for a pair of CSV files the metrics. Folders in a name are sent with it',
    )
    .option('--format <name>', IMPORT_FORMATS.join(', '), formatName, 'csv')
    .option('--mixtures <file>', 'CSV or JSON lines: the mixture of every run, by its id', nonEmpty)
    .option('--holdout <name>', 'score fits on these runs instead of learning from them', nonEmpty)
    .option('--fidelity <name>', 'the fidelity that the runs were made at', nonEmpty)
    .option(
      '--metric-name <file=study>',
      'a metric of the files is this of the study (again for more)',
      pair,
    )
    .option(
      '--domain-name <file=study>',
      'a parameter or column is the weight of this domain (again for more)',
      pair,
    )
    .option(
      '--mixture-prefix <text>',
      'what names of parameters or columns with weights begin with',
    )
    .option(
      '--run-id-from <what>',
      'file, folder, model_name, run_id, run_name, or a column',
      nonEmpty,
    )
    .option('--tokens-from <name>', 'the metric, parameter or column with the tokens', nonEmpty)
    .option('--tokens-per-step <n>', 'tokens of one training step (hf-trainer)', positiveNumber)
    .option('--dry-run', 'only say what would be imported and what is wrong')
    .option('--json', 'print what the service answers')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(importRuns)
}

function formatName(text: string): ImportFormat {
  try {
    return requireFormat(text)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

function pair(text: string, earlier: Record<string, string> = {}): Record<string, string> {
  // Names of metrics may hold the sign themselves; those of studies rarely do.
  const at = text.lastIndexOf('=')
  if (at < 1 || at === text.length - 1) {
    throw new InvalidArgumentError('It must be written name=name.')
  }
  return { ...earlier, [text.slice(0, at)]: text.slice(at + 1) }
}

async function importRuns(study: string, files: string[], options: ImportOptions): Promise<void> {
  const api = new ApiClient(serviceUrl(options))
  const answer = await send(api, study, files, options)
  if (options.json) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
  else {
    const colours = coloursFor(process.stdout)
    const text =
      'dryRun' in answer ? describePreview(answer, colours) : describeImport(answer, colours)
    process.stdout.write(text)
  }
  if ('dryRun' in answer && !answer.importable) {
    throw new MixwrightError('rows-invalid', 'The runs would not be imported as they are.')
  }
}

function send(
  api: ApiClient,
  study: string,
  files: readonly string[],
  options: ImportOptions,
): Promise<Import | ImportPreview> {
  const { format } = options
  if (format === 'json') return sendBody(api, study, files, options)
  return sendForm(api, study, formFiles(format, files, options.mixtures), options)
}

async function sendBody(
  api: ApiClient,
  study: string,
  files: readonly string[],
  options: ImportOptions,
): Promise<Import | ImportPreview> {
  if (files.length > 1) throw new UsageError('json takes one file', 'Import them one by one.')
  const content = await readJsonInput(files[0], 'file')
  const body = Array.isArray(content) ? { runs: content } : (content as object)
  return api.importRuns(study, { ...body, ...commonOptions(options) })
}

async function sendForm(
  api: ApiClient,
  study: string,
  files: readonly FormFile[],
  options: ImportOptions,
): Promise<Import | ImportPreview> {
  const { format, metricName, domainName, tokensPerStep, json } = options
  const { mixturePrefix, runIdFrom, tokensFrom } = options
  const common = Object.entries(commonOptions(options)).map(([name, value]) => [name, `${value}`])
  const progress = progressView({ json: Boolean(json) })
  try {
    return await api.importFiles(study, files, {
      fields: {
        format,
        ...Object.fromEntries(common),
        mixturePrefix,
        runIdFrom,
        tokensFrom,
        metricNames: metricName && JSON.stringify(metricName),
        domainNames: domainName && JSON.stringify(domainName),
        tokensPerStep: tokensPerStep?.toString(),
      },
      onProgress: (done, total) => progress.show({ done, total, message: 'sending' }),
    })
  } finally {
    progress.stop()
  }
}

/** Those that are not given are left out. */
function commonOptions({ holdout, fidelity, dryRun }: ImportOptions): object {
  return {
    ...(holdout !== undefined && { role: 'holdout', name: holdout }),
    ...(fidelity !== undefined && { fidelity }),
    ...(dryRun && { dryRun }),
  }
}

function formFiles(
  format: ImportFormat,
  files: readonly string[],
  mixtures: string | undefined,
): FormFile[] {
  const table = mixtures === undefined ? [] : [{ field: 'mixtures', path: mixtures }]
  if (isFileFormat(format)) {
    // The folder of a file may name its run.
    return [...table, ...files.map((file) => ({ field: 'file', path: file, name: file }))]
  }
  if (isPairFormat(format) && table.length > 0 && files.length === 1) {
    return [...table, { field: 'metrics', path: files[0] }]
  }
  throw new UsageError(
    `${format} takes two files: --mixtures and one of metrics`,
    'Name the file with the mixtures with --mixtures, or another format with --format.',
  )
}
