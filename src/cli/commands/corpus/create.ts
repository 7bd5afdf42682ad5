import { Command } from 'commander'
import { ApiClient, type ServiceOptions, serviceUrl, withServiceUrl } from '../../client/index.js'
import { UsageError } from '../../failures.js'
import { readInput, readJsonInput } from '../../input-files.js'
import { collect, nonEmpty, positiveInteger } from '../../options.js'

interface CreateOptions extends ServiceOptions {
  file?: string
  domain?: string[]
  tokenizer?: string
  vocabulary?: number
  skipInvalid?: boolean
  retentionDays?: number
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright corpus create texts --domain web --domain code
  mixwright corpus create texts --domain web --domain code --tokenizer bytes
  mixwright corpus create texts --domain web --domain code --tokenizer ./tokenizer.json
  mixwright corpus create --file corpus.json   (the body of POST /v1/corpora: licences and sources, too)
  mixwright corpus create texts --domain web --domain code --json`

export function createCorpusCommand(): Command {
  const command = new Command('create')
    .description('Creates a corpus: its domains, and how text becomes tokens.')
    .argument('[name]', 'for people; not needed with --file')
    .option('--domain <name>', 'a domain; may be given several times', collect)
    .option(
      '--tokenizer <kind>',
      'bpe (trained on the corpus, default), bytes, or a tokenizer.json',
    )
    .option('--vocabulary <n>', 'ids of a trained tokenizer (default: 2048)', positiveInteger)
    .option('--skip-invalid', 'leave out documents that cannot be used, instead of refusing them')
    .option('--retention-days <n>', 'remove it after so many days without a study', positiveInteger)
    .option('--file <corpus.json>', 'the whole description as JSON', nonEmpty)
    .option('--json', 'print the corpus as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(create)
}

async function create(name: string | undefined, options: CreateOptions): Promise<void> {
  const corpus = await new ApiClient(serviceUrl(options)).createCorpus(
    await description(name, options),
  )
  process.stdout.write(
    options.json
      ? `${JSON.stringify(corpus, null, 2)}\n`
      : `Created the corpus ${corpus.id}.\n` +
          `Fill it: mixwright corpus add ${corpus.id} ${corpus.domains[0].name} <file>\n`,
  )
}

async function description(name: string | undefined, options: CreateOptions): Promise<object> {
  const { file, domain: domains = [], retentionDays } = options
  if (file !== undefined) {
    if (name !== undefined || domains.length > 0) {
      throw new UsageError('--file says everything; it goes without a name and without --domain')
    }
    return (await readJsonInput(file, '--file')) as object
  }
  if (name === undefined) throw new UsageError("missing required argument 'name'")
  if (domains.length === 0) throw new UsageError('a corpus has at least one --domain')
  const tokenizer = await readTokenizer(options)
  return {
    name,
    domains: domains.map((domain) => ({ name: domain })),
    settings: {
      ...(tokenizer && { tokenizer }),
      ...(options.skipInvalid && { invalidDocuments: 'skip' }),
    },
    ...(retentionDays !== undefined && { retentionDays }),
  }
}

const DEFAULT_VOCABULARY = 2048

async function readTokenizer({ tokenizer = 'bpe', vocabulary }: CreateOptions) {
  if (tokenizer === 'bpe') {
    return { kind: 'bpe', vocabularySize: vocabulary ?? DEFAULT_VOCABULARY }
  }
  if (vocabulary !== undefined) {
    throw new UsageError('--vocabulary is for a tokenizer that is trained: --tokenizer bpe')
  }
  if (tokenizer === 'bytes') return { kind: 'bytes' }
  const json = (await readInput(tokenizer, '--tokenizer')).toString('utf8')
  return { kind: 'huggingface', json }
}
