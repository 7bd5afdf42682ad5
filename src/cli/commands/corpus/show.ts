import { Command } from 'commander'
import { formatBytes } from '../../../byte-size.js'
import {
  ApiClient,
  type CorpusDetail,
  type ServiceOptions,
  serviceUrl,
  withServiceUrl,
} from '../../client/index.js'
import { type Colours, coloursFor } from '../../terminal/colours.js'
import { minuteText } from '../../terminal/lists.js'
import { manifestTable } from '../../terminal/manifest.js'
import { table } from '../../terminal/tables.js'

const EXAMPLES = `
Examples:
  mixwright corpus show 0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60
  mixwright corpus show 0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60 --json`

export function showCorpusCommand(): Command {
  const command = new Command('show')
    .description('Shows a corpus: its domains, its files, and what was made of them.')
    .argument('<corpus>', 'id of the corpus')
    .option('--json', 'print what GET /v1/corpora/{id} returns')
  return withServiceUrl(command).addHelpText('after', EXAMPLES).action(show)
}

async function show(id: string, options: ServiceOptions & { json?: boolean }): Promise<void> {
  const corpus = await new ApiClient(serviceUrl(options)).corpus(id)
  process.stdout.write(options.json ? `${JSON.stringify(corpus, null, 2)}\n` : describe(corpus))
}

function describe(corpus: CorpusDetail): string {
  const colours = coloursFor(process.stdout)
  const { name, id, createdAt, ingestion } = corpus
  return [
    `${colours.bold(name)}  ${id}, created ${minuteText(createdAt)}`,
    '',
    domainTable(corpus, colours),
    '',
    corpus.sources.length === 0 ? 'No files yet.' : sourceTable(corpus, colours),
    '',
    ...(ingestion?.manifest
      ? [`Ingested ${minuteText(ingestion.createdAt)}`, manifestTable(ingestion.manifest, colours)]
      : ['Not ingested.']),
    ...progressLines(corpus),
    '',
  ].join('\n')
}

function domainTable({ domains }: CorpusDetail, colours: Colours): string {
  const columns = ['domain', 'licence', 'source'].map((title) => ({ title }))
  const rows = domains.map(({ name, licence, source }) => [name, licence ?? '–', source ?? '–'])
  return table(columns, rows, colours)
}

function sourceTable({ sources }: CorpusDetail, colours: Colours): string {
  const columns = ['domain', 'file', 'size', 'format', 'id'].map((title) => ({ title }))
  const rows = sources.map(({ domain, name, bytes, format, id }) => [
    domain,
    name,
    bytes === null ? 'on the server' : formatBytes(bytes),
    format,
    id,
  ])
  return table(columns, rows, colours)
}

function progressLines({ job }: CorpusDetail): string[] {
  if (!job) return []
  if (!job.progress) return ['', 'An ingestion waits for its turn.']
  const { done, total, message } = job.progress
  const percent = total > 0 ? Math.floor((100 * done) / total) : 0
  return ['', `It is being ingested: ${percent} %, ${message}`]
}
