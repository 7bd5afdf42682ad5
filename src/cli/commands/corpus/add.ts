import { Command } from 'commander'
import { formatBytes } from '../../../byte-size.js'
import {
  ApiClient,
  type ServiceOptions,
  type Source,
  serviceUrl,
  withServiceUrl,
} from '../../client/index.js'
import { nonEmpty } from '../../options.js'
import { progressView } from '../../terminal/progress.js'

interface AddOptions extends ServiceOptions {
  format?: string
  textField?: string
  onServer?: boolean
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright corpus add <corpus> web web-1.jsonl.gz web-2.jsonl.gz
  mixwright corpus add <corpus> code code.parquet --text-field content
  mixwright corpus add <corpus> books --on-server '/srv/books/**/*.txt'
  mixwright corpus add <corpus> web web.csv --json

--on-server takes paths on the machine of the service, in folders that it was started with (MIXWRIGHT_SOURCES).`

export function addToCorpusCommand(): Command {
  const command = new Command('add')
    .description('Uploads files to a domain, or names files that the service can read by itself.')
    .argument('<corpus>', 'id of the corpus')
    .argument('<domain>', 'a domain of it')
    .argument('<file...>', 'JSONL, Parquet, CSV or text; .gz and .zst, too')
    .option('--format <name>', 'jsonl, parquet, csv or text (default: by the name)', nonEmpty)
    .option('--text-field <name>', 'field or column with the text (default: text)', nonEmpty)
    .option('--on-server', 'the files are paths on the machine of the service')
    .option('--json', 'print the sources as JSON')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(add)
}

async function add(
  corpus: string,
  domain: string,
  files: string[],
  options: AddOptions,
): Promise<void> {
  const { format, textField, json } = options
  const api = new ApiClient(serviceUrl(options))
  const items: Source[] = []
  for (const file of files) {
    const source = options.onServer
      ? await api.addPath(corpus, { domain, path: file, format, textField })
      : await upload(api, corpus, file, { domain, format, textField }, Boolean(json))
    items.push(source)
    if (!json) process.stdout.write(`${line(source)}\n`)
  }
  if (json) process.stdout.write(`${JSON.stringify({ items }, null, 2)}\n`)
}

async function upload(
  api: ApiClient,
  corpus: string,
  file: string,
  fields: Record<string, string | undefined>,
  json: boolean,
): Promise<Source> {
  const progress = progressView({ json })
  try {
    return await api.addFile(corpus, file, {
      fields,
      onProgress: (done, total) => progress.show({ done, total, message: file }),
    })
  } finally {
    progress.stop()
  }
}

function line({ name, domain, bytes, id }: Source): string {
  return `${domain}: ${name}${bytes === null ? '' : ` (${formatBytes(bytes)})`}  ${id}`
}
